// Expands the rows of one group of ops.def (no include guard: included inside a function, once
// in each op_<group>.cpp, which defines JOIST_OP_GROUP_<group> as JOIST_FILL before).
#define JOIST_OP_NOT_HERE(name)
#ifndef JOIST_OP_GROUP_data
#define JOIST_OP_GROUP_data JOIST_OP_NOT_HERE
#endif
#ifndef JOIST_OP_GROUP_control
#define JOIST_OP_GROUP_control JOIST_OP_NOT_HERE
#endif
#ifndef JOIST_OP_GROUP_guard
#define JOIST_OP_GROUP_guard JOIST_OP_NOT_HERE
#endif
#ifndef JOIST_OP_GROUP_call
#define JOIST_OP_GROUP_call JOIST_OP_NOT_HERE
#endif
#ifndef JOIST_OP_GROUP_arith
#define JOIST_OP_GROUP_arith JOIST_OP_NOT_HERE
#endif
#ifndef JOIST_OP_GROUP_fused_data
#define JOIST_OP_GROUP_fused_data JOIST_OP_NOT_HERE
#endif
#ifndef JOIST_OP_GROUP_fused_call
#define JOIST_OP_GROUP_fused_call JOIST_OP_NOT_HERE
#endif
#ifndef JOIST_OP_GROUP_fused_arith
#define JOIST_OP_GROUP_fused_arith JOIST_OP_NOT_HERE
#endif
#ifndef JOIST_OP_GROUP_bif
#define JOIST_OP_GROUP_bif JOIST_OP_NOT_HERE
#endif
#ifndef JOIST_OP_GROUP_map
#define JOIST_OP_GROUP_map JOIST_OP_NOT_HERE
#endif
#ifndef JOIST_OP_GROUP_record
#define JOIST_OP_GROUP_record JOIST_OP_NOT_HERE
#endif
#ifndef JOIST_OP_GROUP_bits_match
#define JOIST_OP_GROUP_bits_match JOIST_OP_NOT_HERE
#endif
#ifndef JOIST_OP_GROUP_bits_build
#define JOIST_OP_GROUP_bits_build JOIST_OP_NOT_HERE
#endif
#ifndef JOIST_OP_GROUP_exception
#define JOIST_OP_GROUP_exception JOIST_OP_NOT_HERE
#endif
#ifndef JOIST_OP_GROUP_receive
#define JOIST_OP_GROUP_receive JOIST_OP_NOT_HERE
#endif
#define JOIST_OP(group, name, signature, effect) JOIST_OP_GROUP_##group(name)
#include "vm/code/ops.def"
#undef JOIST_OP
#undef JOIST_OP_NOT_HERE
