#include "vm/proc/stack_trace.h"

#include "vm/code/code_table.h"
#include "vm/heap/builder.h"

namespace joist {

size_t gather_addresses(const Process& p, Word* addresses, size_t limit) {
  size_t count = 0;
  // A native that is called through its entry has no place of its own: its caller's comes next.
  if (p.runtime->code->find_code(p.code_pointer) != nullptr) {
    addresses[count++] = reinterpret_cast<Word>(p.code_pointer);
  }
  Word previous = 0;
  for (const Word* slot = p.heap.limit; slot < p.heap.end && count < limit; ++slot) {
    if (!is_return_word(*slot) || *slot == previous) continue;
    previous = *slot;
    addresses[count++] = *slot - 7 - 1;
  }
  return count;
}

Term make_file_name(Allocator& heap, std::string_view utf8) {
  ListBuilder list(heap);
  for (size_t i = 0; i < utf8.size();) {
    const auto lead = static_cast<uint8_t>(utf8[i]);
    const size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    uint32_t code_point = length == 1 ? lead : lead & (0x7fu >> length);
    for (size_t k = 1; k < length && i + k < utf8.size(); ++k) {
      code_point = code_point << 6 | (static_cast<uint8_t>(utf8[i + k]) & 0x3f);
    }
    list.add(Term::small(code_point));
    i += length;
  }
  return list.finish();
}

Term make_trace_entry(Allocator& heap, const Module& module, const Cell* address, Term arguments,
                      Term info) {
  const FunctionRange* function = module.function_at(address);
  if (function == nullptr) return Term::none();
  Term location = info;
  const LinePoint* point = module.line_at(address);
  if (point != nullptr && point->line != 0) {
    const Term line = make_tuple(heap, {atoms::line, Term::small(point->line)});
    const Term file = make_file_name(heap, module.files[point->file]);
    location = make_cons(heap, line, location);
    location = make_cons(heap, make_tuple(heap, {atoms::file, file}), location);
  }
  const bool shows_arguments = arguments.is_list() || arguments.is_nil();
  return make_tuple(heap, {module.name, function->name,
                           shows_arguments ? arguments : Term::small(function->arity), location});
}

}  // namespace joist
