#include "vm/os/exit.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>
#include <cerrno>

#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace joist {

void exit_now(int status, bool flush) {
  if (flush) fflush(nullptr);
  _exit(status);
}

void abort_now() { abort(); }

void end_process_after(unsigned seconds) {
  signal(SIGALRM, SIG_DFL);
  alarm(seconds);
}

void lower_process_priority(int by) {
  // Nothing depends on it.
  [[maybe_unused]] const int now = nice(by);
}

int create_dump_file(const char* path) {
  constexpr mode_t kMode = 0640;
  constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
  const int descriptor = open(path, kFlags, kMode);
  if (descriptor >= 0 || errno != EMFILE) return descriptor;
  close(STDERR_FILENO + 1);  // whatever it is: it is not needed any more
  return open(path, kFlags, kMode);
}

std::string current_thread_name() {
  char name[16] = {};
  pthread_getname_np(pthread_self(), name, sizeof name);
  return name;
}

bool is_terminal(int descriptor) { return isatty(descriptor) != 0; }

}  // namespace joist
