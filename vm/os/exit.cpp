#include "vm/os/exit.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace joist {

void exit_now(int status, bool flush) {
  if (flush) fflush(nullptr);
  _exit(status);
}

void abort_now() { abort(); }

}  // namespace joist
