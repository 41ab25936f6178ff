#include "vm/exec/purged_fun.h"

#include "vm/code/code_table.h"
#include "vm/term/atom.h"

namespace joist {

Flow wait_for_purge(State& s, const FunEntry& entry, Term fun, Term arguments) {
  Process& p = s.process();
  CodeTable& code = *p.runtime->code;
  const ExportEntry* again =
      code.find_export({must_atom("erts_code_purger"), must_atom("pending_purge_lambda"), 3});
  const bool has_purger = again != nullptr && !again->is_undefined();
  if (has_purger && code.wait_for_purge(entry, p.pid)) ++p.suspend_count;
  s.load();
  if (!has_purger) return yield_at(s, s.pc, entry.arity + entry.free_count);
  s.x0 = entry.module;
  s.x1 = fun;
  s.x2 = arguments;
  return yield_at(s, again->target(), 3);
}

}  // namespace joist
