#include "vm/code/code_table.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "vm/code/instr.h"
#include "vm/os/memory.h"

namespace joist {

CodeTable::CodeTable(const HandlerTable& handlers)
    : handlers_(handlers),
      return_trace_handler_(handlers.handlers[static_cast<size_t>(Op::return_trace)] == nullptr
                                ? Cell{0}
                                : handlers.handlers[static_cast<size_t>(Op::return_trace)][0]),
      splicer_(handlers),
      recent_(new std::atomic<ExportEntry*>[kRecentEntries]()) {
  // Distances in operands have 32 bits.
  constexpr size_t kCodeSpaceBytes = size_t{1} << 31;
  if (!code_space_.create(affordable_space(kCodeSpaceBytes))) {
    fatal("out of memory: no address space for code");
  }
}
CodeTable::~CodeTable() = default;

ExportEntry* CodeTable::entry_locked(const Mfa& mfa) {
  std::unique_ptr<ExportEntry>& slot = exports_[mfa];
  if (!slot) {
    slot = std::make_unique<ExportEntry>();
    slot->mfa = mfa;
    const auto stub_of = [&](Op op, Cell* stub) {
      stub[0] = handlers_.handlers[static_cast<size_t>(op)][0];
      stub[1] = reinterpret_cast<Cell>(slot.get());
    };
    stub_of(Op::native_stub, slot->native_stub);
    stub_of(Op::undefined_stub, slot->undefined_stub);
    stub_of(Op::trace_stub, slot->trace_stub);
    slot->code.store(slot->undefined_stub, std::memory_order_release);
  }
  return slot.get();
}

ExportEntry* CodeTable::export_entry(const Mfa& mfa) {
  std::atomic<ExportEntry*>& recent = recent_[MfaHash()(mfa) % kRecentEntries];
  ExportEntry* entry = recent.load(std::memory_order_acquire);
  if (entry != nullptr && entry->mfa == mfa) return entry;
  std::lock_guard lock(mutex_);
  entry = entry_locked(mfa);
  recent.store(entry, std::memory_order_release);
  return entry;
}

const ExportEntry* CodeTable::find_export(const Mfa& mfa) const {
  std::lock_guard lock(mutex_);
  const auto found = exports_.find(mfa);
  return found == exports_.end() ? nullptr : found->second.get();
}

void CodeTable::add_native(const Mfa& mfa, NativeFunction function, bool guard) {
  ExportEntry* entry = export_entry(mfa);
  entry->native = entry->entered = function;
  entry->guard_native = guard;
  if (entry->is_undefined()) {
    entry->code.store(entry->native_stub, std::memory_order_release);
  }
}

bool CodeTable::has_natives(Term module) const {
  std::lock_guard lock(mutex_);
  return std::any_of(exports_.begin(), exports_.end(), [module](const auto& each) {
    return each.first.module == module && each.second->native != nullptr;
  });
}

const ExportEntry* CodeTable::find_stub(const Cell* address) const {
  for (const Op op : {Op::native_stub, Op::undefined_stub, Op::trace_stub}) {
    if (address[0] == handlers_.handlers[static_cast<size_t>(op)][0]) {
      return reinterpret_cast<const ExportEntry*>(address[1]);
    }
  }
  return nullptr;
}

// --- funs ---

size_t CodeTable::FunHash::operator()(const FunIdentity* fun) const {
  Word unique;
  std::memcpy(&unique, fun->unique, sizeof unique);
  const Word hash = (fun->module.bits() ^ unique) * 0x9e3779b97f4a7c15u + fun->index;
  return hash ^ hash >> 29;
}

bool CodeTable::SameFun::operator()(const FunIdentity* a, const FunIdentity* b) const {
  return a->module == b->module && a->index == b->index && a->arity == b->arity &&
         a->free_count == b->free_count && a->old_unique == b->old_unique &&
         std::memcmp(a->unique, b->unique, sizeof a->unique) == 0;
}

FunEntry* CodeTable::fun_entry(const FunIdentity& identity) {
  std::lock_guard lock(mutex_);
  if (const auto found = funs_.find(&identity); found != funs_.end()) {
    // Made for a fun that came from outside before its code.
    if (found->second->function.is_nil()) found->second->function = identity.function;
    return found->second.get();
  }
  auto entry = std::make_unique<FunEntry>();
  static_cast<FunIdentity&>(*entry) = identity;
  entry->unloaded_stub[0] = handlers_.handlers[static_cast<size_t>(Op::unloaded_fun_stub)][0];
  entry->unloaded_stub[1] = reinterpret_cast<Cell>(entry.get());
  entry->code.store(entry->unloaded_stub, std::memory_order_release);
  FunEntry* made = entry.get();
  funs_.emplace(made, std::move(entry));
  return made;
}

namespace {

void link_funs(const Module& module) {
  for (size_t i = 0; i < module.funs.size(); ++i) {
    const FunctionRange& function = module.functions[module.fun_functions[i]];
    module.funs[i]->code.store(&module.cells[function.entry], std::memory_order_release);
  }
}

// Those that no later instance has taken over.
void unlink_funs(const Module& module) {
  for (FunEntry* fun : module.funs) {
    if (!module.contains(fun->code.load(std::memory_order_relaxed))) continue;
    fun->purging.store(true, std::memory_order_relaxed);
    fun->code.store(fun->unloaded_stub, std::memory_order_release);
  }
}

}  // namespace

// --- generations ---

void CodeTable::make_old_locked(Generations& generations) {
  const Module& module = *generations.current;
  for (const FunctionName& function : module.exports) {
    ExportEntry* entry = entry_locked({module.name, function.name, function.arity});
    if (!module.contains(entry->untraced_target())) continue;
    entry->code.store(entry->undefined_stub, std::memory_order_release);
  }
  generations.old = std::move(generations.current);
}

void CodeTable::publish_locked(Generations& generations, std::unique_ptr<Module> module) {
  module->splicer = &splicer_;
  link_funs(*module);
  for (size_t i = 0; i < module->exports.size(); ++i) {
    const FunctionName& function = module->exports[i];
    ExportEntry* entry = entry_locked({module->name, function.name, function.arity});
    // A module's function of a native's name is the stub that OTP compiles for the native.
    if (entry->native != nullptr) continue;
    const FunctionRange& range = module->functions[module->export_functions[i]];
    entry->code.store(&module->cells[range.entry], std::memory_order_release);
  }
  // Last, so that there is no moment without a function that both instances have.
  if (generations.current) make_old_locked(generations);
  generations.current = std::move(module);
  index_addresses();
}

void CodeTable::publish(std::unique_ptr<Module> module) {
  std::lock_guard lock(mutex_);
  Generations& generations = modules_[module->name.bits()];
  publish_locked(generations, std::move(module));
}

// Its funs are callable already: the on_load function may make some and call them.
void CodeTable::hold_for_on_load(std::unique_ptr<Module> module) {
  std::lock_guard lock(mutex_);
  module->splicer = &splicer_;
  link_funs(*module);
  Generations& generations = modules_[module->name.bits()];
  generations.waiting = std::move(module);
  index_addresses();
}

const CodeTable::Generations* CodeTable::generations_locked(Term name) const {
  const auto found = modules_.find(name.bits());
  return found == modules_.end() ? nullptr : &found->second;
}

const Module* CodeTable::waiting_for_on_load(Term name) const {
  std::lock_guard lock(mutex_);
  const Generations* generations = generations_locked(name);
  return generations == nullptr ? nullptr : generations->waiting.get();
}

void CodeTable::finish_on_load(Term name) {
  std::lock_guard lock(mutex_);
  Generations& generations = modules_[name.bits()];
  publish_locked(generations, std::move(generations.waiting));
}

bool CodeTable::has_name(Term name) const {
  std::lock_guard lock(mutex_);
  return generations_locked(name) != nullptr;
}

bool CodeTable::remove(Term name) {
  std::lock_guard lock(mutex_);
  const auto found = modules_.find(name.bits());
  if (found == modules_.end() || !found->second.current) return false;
  make_old_locked(found->second);
  return true;
}

bool CodeTable::has_old(Term name) const {
  std::lock_guard lock(mutex_);
  const Generations* generations = generations_locked(name);
  return generations != nullptr && (generations->old || generations->purging);
}

bool CodeTable::begin_purge(Term name) {
  std::lock_guard lock(mutex_);
  const auto found = modules_.find(name.bits());
  if (found == modules_.end() || !found->second.old) return false;
  Generations& generations = found->second;
  generations.purging = std::move(generations.old);
  unlink_funs(*generations.purging);
  return true;
}

bool CodeTable::begin_purge_of_waiting(Term name) {
  std::lock_guard lock(mutex_);
  const auto found = modules_.find(name.bits());
  if (found == modules_.end() || !found->second.waiting) return false;
  Generations& generations = found->second;
  generations.purging = std::move(generations.waiting);
  unlink_funs(*generations.purging);
  return true;
}

bool CodeTable::is_purging(Term name) const {
  std::lock_guard lock(mutex_);
  const Generations* generations = generations_locked(name);
  return generations != nullptr && generations->purging;
}

bool CodeTable::wait_for_purge(const FunEntry& fun, Term pid) {
  std::lock_guard lock(mutex_);
  if (!fun.purging.load(std::memory_order_relaxed)) return false;
  modules_[fun.module.bits()].purge_waiters.push_back(pid);
  return true;
}

std::vector<Term> CodeTable::abort_purge(Term name) {
  std::lock_guard lock(mutex_);
  Generations& generations = modules_[name.bits()];
  const Module& module = *generations.purging;
  for (size_t i = 0; i < module.funs.size(); ++i) {
    FunEntry* fun = module.funs[i];
    if (!fun->purging.load(std::memory_order_relaxed)) continue;
    const Cell* code = &module.cells[module.functions[module.fun_functions[i]].entry];
    if (fun->is_unloaded()) fun->code.store(code, std::memory_order_release);
    fun->purging.store(false, std::memory_order_release);
  }
  generations.old = std::move(generations.purging);
  return std::exchange(generations.purge_waiters, {});
}

std::vector<Term> CodeTable::complete_purge(Term name, std::unique_ptr<Module>* purged) {
  std::lock_guard lock(mutex_);
  Generations& generations = modules_[name.bits()];
  if (!generations.purging) return {};
  for (FunEntry* fun : generations.purging->funs) {
    fun->purging.store(false, std::memory_order_release);
  }
  *purged = std::move(generations.purging);
  index_addresses();
  return std::exchange(generations.purge_waiters, {});
}

// --- lookups ---

Module* CodeTable::find_module(Term name) const {
  std::lock_guard lock(mutex_);
  const Generations* generations = generations_locked(name);
  return generations == nullptr ? nullptr : generations->current.get();
}

const RecordType* CodeTable::find_record(Term module, Term name) const {
  const Module* found = find_module(module);
  return found == nullptr ? nullptr : joist::find_record(found->records, name);
}

std::vector<Module*> CodeTable::modules() const {
  std::lock_guard lock(mutex_);
  std::vector<Module*> result;
  for (const auto& [name, generations] : modules_) {
    if (generations.current) result.push_back(generations.current.get());
  }
  return result;
}

std::vector<CodeTable::Instances> CodeTable::instances() const {
  std::lock_guard lock(mutex_);
  std::vector<Instances> result;
  for (const auto& [name, generations] : modules_) {
    const Module* old = generations.old ? generations.old.get() : generations.purging.get();
    if (generations.current || old) result.push_back({generations.current.get(), old});
  }
  return result;
}

std::vector<const FunEntry*> CodeTable::fun_entries() const {
  std::lock_guard lock(mutex_);
  std::vector<const FunEntry*> result;
  for (const auto& [identity, entry] : funs_) result.push_back(entry.get());
  return result;
}

HashFigures CodeTable::module_figures() const {
  std::lock_guard lock(mutex_);
  return hash_figures(modules_);
}

HashFigures CodeTable::export_figures() const {
  std::lock_guard lock(mutex_);
  return hash_figures(exports_);
}

HashFigures CodeTable::fun_figures() const {
  std::lock_guard lock(mutex_);
  return hash_figures(funs_);
}

Module* CodeTable::code_at(const Cell* address) const {
  std::lock_guard lock(mutex_);
  auto after = std::upper_bound(
      by_address_.begin(), by_address_.end(), address,
      [](const Cell* wanted, const AddressRange& range) { return wanted < range.begin; });
  if (after == by_address_.begin()) return nullptr;
  return address < after[-1].end ? after[-1].module : nullptr;
}

const Module* CodeTable::find_code(const Cell* address) const { return code_at(address); }

bool CodeTable::is_old(const Module* module) const {
  std::lock_guard lock(mutex_);
  const Generations* generations = generations_locked(module->name);
  return generations != nullptr &&
         (generations->old.get() == module || generations->purging.get() == module);
}

const Module* CodeTable::leaving_module(Term name) const {
  std::lock_guard lock(mutex_);
  const Generations* generations = generations_locked(name);
  if (generations == nullptr) return nullptr;
  return generations->purging ? generations->purging.get() : generations->old.get();
}

void CodeTable::index_addresses() {
  by_address_.clear();
  for (const auto& [name, generations] : modules_) {
    for (const std::unique_ptr<Module>* each :
         {&generations.current, &generations.old, &generations.waiting, &generations.purging}) {
      Module* module = each->get();
      if (module == nullptr) continue;
      for (size_t i = 0; i < module->range_count; ++i) {
        const CodeRange& range = *module->ranges[i];
        by_address_.push_back({&module->cells[range.begin], &module->cells[range.end], module});
      }
    }
  }
  std::sort(by_address_.begin(), by_address_.end(),
            [](const AddressRange& a, const AddressRange& b) { return a.begin < b.begin; });
}

}  // namespace joist
