#include "vm/code/code_table.h"

#include <algorithm>
#include <cstring>

#include "vm/code/instr.h"

namespace joist {

CodeTable::CodeTable(const HandlerTable& handlers) : handlers_(handlers) {}
CodeTable::~CodeTable() = default;

ExportEntry* CodeTable::export_entry(const Mfa& mfa) {
  std::lock_guard lock(mutex_);
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
    slot->code.store(slot->undefined_stub, std::memory_order_release);
  }
  return slot.get();
}

const ExportEntry* CodeTable::find_export(const Mfa& mfa) const {
  std::lock_guard lock(mutex_);
  const auto found = exports_.find(mfa);
  return found == exports_.end() ? nullptr : found->second.get();
}

void CodeTable::add_native(const Mfa& mfa, NativeFunction function, bool guard) {
  ExportEntry* entry = export_entry(mfa);
  entry->native = function;
  entry->guard_native = guard;
  if (entry->is_undefined()) {
    entry->code.store(entry->native_stub, std::memory_order_release);
  }
}

const ExportEntry* CodeTable::find_stub(const Cell* address) const {
  for (const Op op : {Op::native_stub, Op::undefined_stub}) {
    if (address[0] == handlers_.handlers[static_cast<size_t>(op)][0]) {
      return reinterpret_cast<const ExportEntry*>(address[1]);
    }
  }
  return nullptr;
}

FunEntry* CodeTable::new_fun_entry() {
  std::lock_guard lock(mutex_);
  return fun_entries_.emplace_back(std::make_unique<FunEntry>()).get();
}

const FunEntry* CodeTable::find_fun(Term module, uint32_t index, uint32_t old_unique,
                                    const uint8_t (&unique)[16]) const {
  std::lock_guard lock(mutex_);
  for (const auto& entry : fun_entries_) {
    if (entry->module == module && entry->index == index && entry->old_unique == old_unique &&
        std::memcmp(entry->unique, unique, sizeof unique) == 0) {
      return entry.get();
    }
  }
  return nullptr;
}

void CodeTable::publish(std::unique_ptr<Module> module, const std::vector<uint32_t>& export_cells) {
  Module* loaded = module.get();
  std::unique_ptr<Module> previous;
  {
    std::lock_guard lock(mutex_);
    std::unique_ptr<Module>& slot = current_[loaded->name.bits()];
    previous = std::move(slot);
    slot = std::move(module);
  }
  if (previous) {
    for (const FunctionName& function : previous->exports) {
      ExportEntry* entry = export_entry({loaded->name, function.name, function.arity});
      entry->shadowed = false;
      entry->code.store(entry->native != nullptr ? entry->native_stub : entry->undefined_stub,
                        std::memory_order_release);
    }
  }
  for (size_t i = 0; i < loaded->exports.size(); ++i) {
    const FunctionName& function = loaded->exports[i];
    ExportEntry* entry = export_entry({loaded->name, function.name, function.arity});
    // A module's function of a native's name is the stub that OTP compiles for the native.
    if (entry->native != nullptr) continue;
    entry->code.store(&loaded->cells[export_cells[i]], std::memory_order_release);
  }
  std::lock_guard lock(mutex_);
  if (previous) old_[loaded->name.bits()] = std::move(previous);
  index_addresses();
}

Module* CodeTable::find_module(Term name) const {
  std::lock_guard lock(mutex_);
  const auto found = current_.find(name.bits());
  return found == current_.end() ? nullptr : found->second.get();
}

const RecordType* CodeTable::find_record(Term module, Term name) const {
  const Module* found = find_module(module);
  return found == nullptr ? nullptr : joist::find_record(found->records, name);
}

std::vector<Module*> CodeTable::modules() const {
  std::lock_guard lock(mutex_);
  std::vector<Module*> result;
  for (const auto& [name, module] : current_) result.push_back(module.get());
  return result;
}

const Module* CodeTable::find_code(const Cell* address) const {
  std::lock_guard lock(mutex_);
  auto after = std::upper_bound(
      by_address_.begin(), by_address_.end(), address,
      [](const Cell* wanted, const Module* module) { return wanted < module->cells.get(); });
  if (after == by_address_.begin()) return nullptr;
  return after[-1]->contains(address) ? after[-1] : nullptr;
}

void CodeTable::index_addresses() {
  by_address_.clear();
  for (const auto& [name, module] : current_) by_address_.push_back(module.get());
  for (const auto& [name, module] : old_) by_address_.push_back(module.get());
  std::sort(by_address_.begin(), by_address_.end(),
            [](const Module* a, const Module* b) { return a->cells.get() < b->cells.get(); });
}

}  // namespace joist
