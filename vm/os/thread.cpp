#include "vm/os/thread.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>

#include "vm/base/config.h"

namespace joist {

// cgroup v2 says "<quota|max> <period>" in one file, v1 in two files.
int cpu_quota() {
  long long quota = 0;
  long long period = 0;
  if (FILE* file = std::fopen("/sys/fs/cgroup/cpu.max", "re")) {
    const int fields = std::fscanf(file, "%lld %lld", &quota, &period);
    std::fclose(file);
    if (fields != 2) return 0;
  } else {
    FILE* quota_file = std::fopen("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "re");
    FILE* period_file = std::fopen("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "re");
    const bool read = quota_file != nullptr && period_file != nullptr &&
                      std::fscanf(quota_file, "%lld", &quota) == 1 &&
                      std::fscanf(period_file, "%lld", &period) == 1;
    if (quota_file != nullptr) std::fclose(quota_file);
    if (period_file != nullptr) std::fclose(period_file);
    if (!read) return 0;
  }
  if (quota <= 0 || period <= 0) return 0;
  return static_cast<int>((quota + period - 1) / period);
}

CpuCount cpu_count() {
  CpuCount count;
  count.online = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  cpu_set_t allowed;
  // Of the main thread, which is what others set when they mean the OS process.
  // Fails on machines with more than 1024 processors, where the set is too small.
  count.available = sched_getaffinity(getpid(), sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed)
                                                                               : count.online;
  return count;
}

struct Thread::Start {
  std::string name;
  std::unique_ptr<Runnable> runnable;
};

void* Thread::thread_main(void* start) {
  const std::unique_ptr<Start> own(static_cast<Start*>(start));
  pthread_setname_np(pthread_self(), own->name.c_str());
  own->runnable->run();
  return nullptr;
}

Result<Thread> Thread::start_runnable(std::string_view name, std::unique_ptr<Runnable> runnable) {
  auto start = std::make_unique<Start>(std::string(name.substr(0, 15)), std::move(runnable));
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kThreadStackBytes);
  Thread thread;
  const int failure = pthread_create(&thread.handle_, &attributes, thread_main, start.get());
  pthread_attr_destroy(&attributes);
  if (failure != 0) {
    return make_error("cannot start thread %s: %s", start->name.c_str(), strerror(failure));
  }
  start.release();  // thread_main owns it now
  thread.joinable_ = true;
  return thread;
}

void Thread::join() {
  JOIST_CHECK(joinable_);
  pthread_join(handle_, nullptr);
  joinable_ = false;
}

void Thread::detach() {
  JOIST_CHECK(joinable_);
  pthread_detach(handle_);
  joinable_ = false;
}

int run_beside_main_thread(std::string_view name, int (*body)(int, char**), int count,
                           char** values) {
  int status = 0;
  Result<Thread> thread = Thread::start(name, [&] { status = body(count, values); });
  if (!thread) fatal("%s", thread.error().text.c_str());
  thread.value().join();
  return status;
}

namespace {

pid_t this_thread_id() {
  thread_local const pid_t id = gettid();
  return id;
}

// Fails on machines with more than 1024 processors, where the set is too small: nothing changes.
template <typename Change>
bool change_affinity(pid_t thread, Change change) {
  cpu_set_t allowed;
  if (sched_getaffinity(thread, sizeof allowed, &allowed) != 0) return false;
  change(allowed);
  return sched_setaffinity(thread, sizeof allowed, &allowed) == 0;  // not: none is left
}

}  // namespace

void SleepPlace::before_sleep() {
  const pid_t thread = this_thread_id();
  if (thread == getpid()) return;
  thread_.store(thread, std::memory_order_relaxed);
  processor_.store(sched_getcpu(), std::memory_order_relaxed);
}

void SleepPlace::before_wake() {
  const int here = sched_getcpu();
  if (here < 0 || here >= CPU_SETSIZE || processor_.load(std::memory_order_relaxed) != here) return;
  int left = kNone;
  if (!left_.compare_exchange_strong(left, kChanging, std::memory_order_acq_rel)) return;
  const bool sent = change_affinity(thread_.load(std::memory_order_relaxed),
                                    [here](cpu_set_t& allowed) { CPU_CLR(here, &allowed); });
  left_.store(sent ? here : kNone, std::memory_order_release);
}

void SleepPlace::return_to_all() {
  const int left = left_.exchange(kNone, std::memory_order_acq_rel);
  // Others may have set both since it was taken out.
  cpu_set_t of_main_thread;
  if (sched_getaffinity(getpid(), sizeof of_main_thread, &of_main_thread) != 0) return;
  if (!CPU_ISSET(left, &of_main_thread)) return;
  change_affinity(0, [left](cpu_set_t& allowed) { CPU_SET(left, &allowed); });
}

void Parker::park(int64_t timeout_ns) {
  place_.before_sleep();
  uint32_t expected = kAwake;
  if (state_.compare_exchange_strong(expected, kParked, std::memory_order_acq_rel)) {
    timespec timeout;
    timespec* limit = nullptr;
    if (timeout_ns >= 0) {
      timeout.tv_sec = static_cast<time_t>(timeout_ns / 1'000'000'000);
      timeout.tv_nsec = static_cast<long>(timeout_ns % 1'000'000'000);
      limit = &timeout;
    }
    syscall(SYS_futex, reinterpret_cast<uint32_t*>(&state_), FUTEX_WAIT_PRIVATE, kParked, limit,
            nullptr, 0);
    place_.after_sleep();
  }
  // Also takes a notification that came before or during the sleep.
  state_.exchange(kAwake, std::memory_order_acq_rel);
}

void Parker::unpark() {
  if (state_.exchange(kNotified, std::memory_order_acq_rel) == kParked) {
    place_.before_wake();
    syscall(SYS_futex, reinterpret_cast<uint32_t*>(&state_), FUTEX_WAKE_PRIVATE, 1, nullptr,
            nullptr, 0);
  }
}

}  // namespace joist
