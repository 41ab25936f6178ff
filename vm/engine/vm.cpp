#include "vm/engine/vm.h"

#include "bif/persistent.h"
#include "bif/re_pattern.h"
#include "bif/registry.h"
#include "loader/load.h"
#include "vm/base/config.h"
#include "vm/code/op_counts.h"
#include "vm/exec/run.h"
#include "vm/os/entropy.h"
#include "vm/os/file.h"
#include "vm/term/rules.h"

namespace joist {
namespace {

// The stack trace names the native that was called.
Term refuse_native(Process& p, const Term*) { return p.not_supported("native"); }

}  // namespace

Vm::Vm(VmOptions options) : options_(std::move(options)) {}
Vm::~Vm() = default;

Result<std::unique_ptr<Vm>> Vm::create(VmOptions options) {
  std::unique_ptr<Vm> vm(new Vm(std::move(options)));
  JOIST_TRY(vm->start());
  return vm;
}

Result<void> Vm::start() {
  set_term_rules(options_.otp_release);
  if (!literals_.create(kLiteralSpaceBytes)) {
    return make_error("cannot reserve address space for literals");
  }
  code_ = std::make_unique<CodeTable>(handler_table());
  code_->set_finder(this);
  for (std::span<const NativeEntry> table : native_tables()) {
    for (const NativeEntry& entry : table) {
      const Mfa mfa = {must_atom(entry.module), must_atom(entry.function), entry.native.arity};
      code_->add_native(mfa, entry.native.function, entry.kind == kGuard);
    }
  }
  for (const NativeName& name : options_.missing_natives) {
    code_->add_native({must_atom(name.module), must_atom(name.function), name.arity}, refuse_native,
                      false);
  }
  persistent_ = std::make_unique<PersistentTerms>(literals_);
  regexes_ = std::make_unique<RegexCache>();
  resolver_ = std::make_unique<CodeResolver>(*code_);
  runtime_.code = code_.get();
  runtime_.persistent = persistent_.get();
  runtime_.regexes = regexes_.get();
  runtime_.externals = resolver_.get();
  runtime_.local_term_key = SystemEntropy().seed();
  runtime_.literals = &literals_;
  runtime_.clock = &clock_;
  runtime_.time = &time_;
  runtime_.environment = &environment_;
  runtime_.otp_release = options_.otp_release;
  runtime_.settings.erts_version = options_.erts_version;
  registers_ = std::make_unique<Registers>();
  registers_->process = &process_;
  registers_->gc_stress = options_.gc_stress;
  process_.registers = registers_.get();
  process_.runtime = &runtime_;
  process_.host_roots = {kept_, 0};
  if (!process_.heap.create({}, &literals_)) return make_error("out of memory");
  return {};
}

Result<void> Vm::load_module_by_name(std::string_view name) {
  const std::optional<Term> atom =
      name.size() <= kMaxAtomCharacters ? make_atom(name) : std::nullopt;
  if (!atom) return make_error("module name of %zu bytes is too long", name.size());
  if (code_->find_module(*atom) != nullptr) return {};
  const std::optional<std::string> path = options_.code_path.find(name);
  if (!path) {
    return make_error("no module %.*s on the code path", static_cast<int>(name.size()),
                      name.data());
  }
  const std::vector<uint8_t> bytes = JOIST_TRY(read_file(*path));
  const Result<Term> loaded = load_module(bytes, *code_, literals_);
  if (!loaded) return make_error("%s: %s", path->c_str(), loaded.error().text.c_str());
  if (!(loaded.value() == *atom)) {
    return make_error("%s holds the module %s", path->c_str(),
                      std::string(atom_text(loaded.value())).c_str());
  }
  return {};
}

bool Vm::load(Term module) {
  if (code_->find_module(module) != nullptr) return false;
  const Result<void> result = load_module_by_name(atom_text(module));
  if (!result) load_error_ = result.error().text;
  return result.ok();
}

void Vm::count_ops() {
  op_counts_ = std::make_unique<OpCounts>();
  registers_->op_counts = op_counts_.get();
  code_->count_ops();
}

bool Vm::put_persistent(Term key, Term value) {
  return persistent_->put(key, value, PersistentTerms::PutMode::kReplace) ==
         PersistentTerms::PutResult::kDone;
}

size_t Vm::keep(Term term) {
  JOIST_CHECK(kept_count_ < std::size(kept_));
  kept_[kept_count_++] = term;
  process_.host_roots = {kept_, kept_count_};
  return kept_count_ - 1;
}

Vm::CallResult Vm::call(std::string_view module, std::string_view function,
                        std::initializer_list<Term> arguments) {
  return call({must_atom(module), must_atom(function), static_cast<uint32_t>(arguments.size())},
              {arguments.begin(), arguments.size()});
}

Vm::CallResult Vm::call(const Mfa& function, std::span<const Term> arguments) {
  Process& p = process_;
  p.heap.limit = p.heap.end;
  // The way out needs a word of stack; the arguments are live in the X registers.
  for (size_t i = 0; i < arguments.size(); ++i) registers_->x[i] = arguments[i];
  const auto live = static_cast<uint32_t>(arguments.size());
  if (!p.collect_gc(1, live))
    return {false, Term::nil(), ExceptionClass::kExit, p.exit_reason, Term::nil()};
  start_process(p, code_->export_entry(function));
  do {
    p.reductions = kReductionsPerSlice;
    run_process(p);
  } while (p.run_outcome == RunOutcome::kYielded);
  if (p.exited_by_exception) {
    p.exited_by_exception = false;
    return {false, Term::nil(), p.exception_class, p.exception_reason, p.exception_trace};
  }
  if (p.exit_reason == atoms::normal) return {true, registers_->x[0], {}, {}, {}};
  return {false, Term::nil(), ExceptionClass::kExit, p.exit_reason, Term::nil()};
}

}  // namespace joist
