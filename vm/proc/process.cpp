#include "vm/proc/process.h"

#include "vm/code/code_table.h"
#include "vm/heap/builder.h"
#include "vm/proc/process_extras.h"

namespace joist {

Process::~Process() { delete extras; }

Term Process::error_tuple(Term tag, Term value) { return error(make_tuple(heap, {tag, value})); }

Term Process::trap(const ExportEntry* target, std::initializer_list<Term> arguments) {
  size_t count = 0;
  for (Term argument : arguments) registers->x[count++] = argument;
  return trap_to(target->target(), static_cast<uint32_t>(count));
}

Term Process::trap(Term module, Term function, std::initializer_list<Term> arguments) {
  const Mfa target{module, function, static_cast<uint32_t>(arguments.size())};
  return trap(runtime->code->export_entry(target), arguments);
}

Term Process::trap_to(const Cell* code, uint32_t argument_count) {
  outcome = NativeOutcome::kTrap;
  trap_code = code;
  live = argument_count;
  return Term::none();
}

Term Process::yield(std::initializer_list<Term> arguments) {
  size_t count = 0;
  for (Term argument : arguments) registers->x[count++] = argument;
  outcome = NativeOutcome::kYield;
  live = static_cast<uint32_t>(count);
  return Term::none();
}

Term Process::exit_now(Term reason) {
  outcome = NativeOutcome::kExit;
  run_outcome = RunOutcome::kExited;
  exited_by_exception = false;
  exit_reason = reason;
  return Term::none();
}

Term Process::not_supported(const char* what) {
  const std::optional<Term> name = make_atom(what);
  return error_tuple(atoms::not_supported, name ? *name : Term::nil());
}

bool Process::collect_gc(size_t need, uint32_t live_registers, Collection kind) {
  RootSet roots;
  roots.add({registers->x, live_registers});
  add_roots(roots);
  if (joist::collect_gc(heap, roots, need, kind)) [[likely]] {
    if (registers->gc_stress) {
      verify_heap(heap, roots);
      registers->stress_pause = 4 + (heap.top - heap.start + (heap.old_top - heap.old_start)) / 64;
    }
    return true;
  }
  exit_now(heap.options.max_heap_words != 0 ? atoms::killed : atoms::system_limit);
  return false;
}

void Process::add_roots(RootSet& roots) {
  roots.add({&exception_reason, 1});
  roots.add({&exception_trace, 1});
  roots.add({&error_cause, 1});
  roots.add({&exception_arguments, 1});
  roots.add({&exception_info, 1});
  roots.add({&group_leader, 1});
  roots.add(host_roots);
  roots.add({&exit_reason, 1});
  if (extras != nullptr) roots.add(extras->dictionary.roots());
}

}  // namespace joist
