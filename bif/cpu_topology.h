// The items cpu_topology of erlang:system_info/1 and of erlang:system_flag/2. What they look like
// is the affair of erlang.erl, which the natives hand over to with the internal form:
// [{cpu, Node, Processor, ProcessorNode, Core, Thread, Logical}], or undefined.
#pragma once

#include "vm/proc/process.h"

namespace joist {

// Which: used, detected or defined.
Term cpu_topology(Process& p, Term which);
Term internal_cpu_topology(Process& p, Term which);
Term set_cpu_topology(Process& p, Term value);
// The one used before.
Term set_internal_cpu_topology(Process& p, Term value);

}  // namespace joist
