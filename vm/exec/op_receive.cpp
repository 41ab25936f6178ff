// Messages. One process runs so far: every one of these refuses, by name, with
// error:{not_supported, Instruction}.
#include "vm/exec/dispatch.h"
#include "vm/exec/support.h"

namespace joist {
namespace {

Flow refuse(State& s, const char* instruction) {
  s.save();
  s.process().not_supported(instruction);
  return Flow::kRaise;
}

#define JOIST_REFUSED(name)                                                             \
  struct op_##name : SlowOp {                                                           \
    JOIST_INLINE Flow run(State&, const Cell*, auto...) { return Flow::kSlow; }         \
    JOIST_INLINE Flow slow(State& s, const Cell*, auto...) { return refuse(s, #name); } \
  };
JOIST_REFUSED(send)
JOIST_REFUSED(loop_rec)
JOIST_REFUSED(loop_rec_end)
JOIST_REFUSED(remove_message)
JOIST_REFUSED(wait)
JOIST_REFUSED(wait_timeout)
JOIST_REFUSED(timeout)
JOIST_REFUSED(recv_marker_bind)
JOIST_REFUSED(recv_marker_clear)
JOIST_REFUSED(recv_marker_reserve)
JOIST_REFUSED(recv_marker_use)
#undef JOIST_REFUSED

}  // namespace

void fill_receive(HandlerTable& table) {
#define JOIST_OP_GROUP_receive JOIST_FILL
#include "vm/exec/fill_group.h"
}

}  // namespace joist
