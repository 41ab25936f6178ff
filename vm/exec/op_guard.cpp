#include "vm/exec/op_guard.h"

namespace joist {

void fill_guard(HandlerTable& table) {
#define JOIST_OP_GROUP_guard JOIST_FILL
#include "vm/exec/fill_group.h"
}

}  // namespace joist
