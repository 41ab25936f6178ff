#include "vm/proc/stack_trace.h"

#include "vm/code/code_table.h"
#include "vm/heap/builder.h"

namespace joist {

namespace {

// A stub that belongs to no module, or stands where the function itself begins (native libraries).
bool is_entry_stub(const CodeTable& code, const Cell* address) {
  const ExportEntry* entry = code.find_stub(address);
  return entry != nullptr && (address == entry->native_stub || address == entry->undefined_stub ||
                              address == entry->trace_stub || address == entry->target());
}

}  // namespace

size_t gather_addresses(const Process& p, Word* addresses, size_t limit) {
  if (limit == 0) return 0;
  size_t count = 0;
  // A native that is called through its entry has no place of its own: its caller's comes next.
  if (p.code_pointer != nullptr && !is_entry_stub(*p.runtime->code, p.code_pointer)) {
    addresses[count++] = reinterpret_cast<Word>(p.code_pointer);
  }
  Word previous = 0;
  for (const Word* slot = p.heap.limit; slot < p.heap.end && count < limit; ++slot) {
    if (!is_return_word(*slot) || *slot == previous) continue;
    previous = *slot;
    if (is_trace_return(*p.runtime->code, *slot)) continue;
    addresses[count++] = *slot - 7 - 1;
  }
  return count;
}

Term make_trace_entry(Allocator& heap, const Module& module, const Cell* address, Term arguments,
                      Term info) {
  const FunctionRange* function = module.function_at(address);
  if (function == nullptr) return Term::none();
  Term location = info;
  const LinePoint* point = module.line_at(address);
  if (point != nullptr && point->line != 0) {
    const Term line = make_tuple(heap, {atoms::line, Term::small(point->line)});
    location = make_cons(heap, line, location);
    location = make_cons(heap, module.files[point->file], location);
  }
  const bool shows_arguments = arguments.is_list() || arguments.is_nil();
  return make_tuple(heap, {module.name, function->name,
                           shows_arguments ? arguments : Term::small(function->arity), location});
}

}  // namespace joist
