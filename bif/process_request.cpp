#include "bif/process_request.h"

#include "vm/heap/builder.h"

namespace joist {

Term ask_process(Process& p, Term pid, Signal::Request handler,
                 std::initializer_list<Term> arguments, Term no_process, uint32_t detail,
                 SignalKind kind) {
  const Term reference = make_ref(p.heap, p.runtime->uniques.next_ref());
  const Term value = make_tuple_uninitialised(p.heap, arguments.size() + 1);
  Term* element = tuple_elements(value).data();
  *element++ = reference;
  for (Term argument : arguments) *element++ = argument;
  if (!send_request(p, pid, handler, value, detail, kind)) return no_process;
  return p.trap(atoms::erts_internal, atoms::await_result, {reference});
}

}  // namespace joist
