#include "vm/exec/op_data.h"

namespace joist {

void fill_data(HandlerTable& table) {
#define JOIST_OP_GROUP_data JOIST_FILL
#include "vm/exec/fill_group.h"
}

}  // namespace joist
