#include "vm/os/exit.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace joist {

namespace {

// Of the OS process's end, of which there is one.
struct Watch {
  std::atomic<int> status{0};
  std::atomic<clockid_t> clock{};  // processor time of the thread that is watched
  std::atomic<uint64_t> progress{0};
  // Of the signal handler, which runs once a second.
  std::atomic<int64_t> time_ns{0};
  std::atomic<uint64_t> progress_seen{0};
  std::atomic<unsigned> seconds_waiting{0};
  std::atomic<unsigned> seconds_without_progress{0};
};
constinit Watch watch;

void look_whether_stuck(int) {
  constexpr int64_t kLeastWorkNs = 100'000;
  constexpr unsigned kLongestWait = 3;
  constexpr unsigned kLongestWork = 30;
  timespec time = {};
  clock_gettime(watch.clock.load(), &time);
  const int64_t now_ns = time.tv_sec * int64_t{1'000'000'000} + time.tv_nsec;
  const bool has_worked = now_ns - watch.time_ns.exchange(now_ns) >= kLeastWorkNs;
  const uint64_t progress = watch.progress.load();
  const bool has_progress = watch.progress_seen.exchange(progress) != progress;
  watch.seconds_waiting = has_worked || has_progress ? 0 : watch.seconds_waiting + 1;
  watch.seconds_without_progress = has_progress ? 0 : watch.seconds_without_progress + 1;
  if (watch.seconds_waiting >= kLongestWait || watch.seconds_without_progress >= kLongestWork) {
    _exit(watch.status.load());
  }
}

void end_damaged(int) { _exit(watch.status.load()); }

void set_handler(int signal, void (*handler)(int)) {
  struct sigaction action = {};
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  action.sa_handler = handler;
  sigaction(signal, &action, nullptr);
}

}  // namespace

void exit_now(int status, bool flush) {
  if (flush) fflush(nullptr);
  _exit(status);
}

void abort_now() { abort(); }

void end_process_after(unsigned seconds) {
  signal(SIGALRM, SIG_DFL);
  alarm(seconds);
}

void end_process_when_stuck(int status) {
  clockid_t clock;
  if (pthread_getcpuclockid(pthread_self(), &clock) != 0) return;
  watch.status = status;
  watch.clock = clock;
  set_handler(SIGALRM, look_whether_stuck);
  const itimerval each_second = {{1, 0}, {1, 0}};
  setitimer(ITIMER_REAL, &each_second, nullptr);
}

void note_progress() { ++watch.progress; }

void end_process_when_damaged(int status) {
  watch.status = status;
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) {
    set_handler(signal, end_damaged);
  }
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
