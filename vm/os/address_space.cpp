#include "vm/os/address_space.h"

#include <malloc.h>
#include <sys/resource.h>

namespace joist {

void spare_address_space() {
  rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return;
#ifdef M_ARENA_MAX
  mallopt(M_ARENA_MAX, 1);
#endif
}

}  // namespace joist
