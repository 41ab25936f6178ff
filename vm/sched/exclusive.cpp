#include "vm/sched/exclusive.h"

#include "vm/sched/schedulers.h"

namespace joist {

Exclusive::Exclusive(Process& p)
    : process_(p), held_(p.runtime->schedulers->begin_exclusive(p.registers->scheduler)) {}

Exclusive::~Exclusive() {
  if (held_) process_.runtime->schedulers->end_exclusive();
}

}  // namespace joist
