// Threads, parking, and how many processors there are.
#pragma once

#include <pthread.h>
#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "vm/base/result.h"

namespace joist {

struct CpuCount {
  int online;     // processors of the machine
  int available;  // of these, the ones this OS process may run on (its affinity)
};

CpuCount cpu_count();
// How many of them the cgroup allows, rounded up; 0 if unlimited. Reads files.
int cpu_quota();

// A joinable thread. `name` shows in debuggers and `top` (the first 15 bytes of it).
class Thread {
 public:
  template <typename Body>
  static Result<Thread> start(std::string_view name, Body body) {
    return start_runnable(name, std::make_unique<RunnableBody<Body>>(std::move(body)));
  }

  Thread() = default;
  ~Thread() { JOIST_CHECK(!joinable_); }
  Thread(Thread&& other) noexcept
      : handle_(other.handle_), joinable_(std::exchange(other.joinable_, false)) {}
  Thread& operator=(Thread&& other) noexcept {
    JOIST_CHECK(!joinable_);
    handle_ = other.handle_;
    joinable_ = std::exchange(other.joinable_, false);
    return *this;
  }

  bool joinable() const { return joinable_; }
  void join();
  // It ends when it likes; nobody waits for it.
  void detach();

 private:
  struct Runnable {
    virtual ~Runnable() = default;
    virtual void run() = 0;
  };
  template <typename Body>
  struct RunnableBody final : Runnable {
    explicit RunnableBody(Body runnable_body) : body(std::move(runnable_body)) {}
    void run() override { body(); }
    Body body;
  };
  struct Start;  // what the new thread takes over from its starter

  static Result<Thread> start_runnable(std::string_view name, std::unique_ptr<Runnable> runnable);
  static void* thread_main(void* start);

  pthread_t handle_{};
  bool joinable_ = false;
};

// Runs `body` on a thread of its own and returns its value, the program's exit status; the main
// thread only waits. Its affinity stands for the OS process' own, which others read and set
// (taskset), so no thread whose affinity the VM changes (SleepPlace) may be the main one.
int run_beside_main_thread(std::string_view name, int (*body)(int, char**), int count,
                           char** values);

// Where a thread (the owner) sleeps, so that who wakes it can send it to another processor.
//
// Linux wakes a thread on the processor it ran on last, also where the waker is busy on that one
// and another is idle: it does not look for one when those that share a cache are half busy
// (SIS_UTIL in the kernel's select_idle_cpu), which is always so on a machine of two. The thread
// then stands behind its waker until the next balancing, for one or two ticks of 4 ms. The waker
// takes its own processor out of the thread's affinity, and the thread puts it back if the OS
// process may run there. The main thread is left alone.
class SleepPlace {
 public:
  // --- by the owner ---
  void before_sleep();
  void after_sleep() {
    if (left_.load(std::memory_order_acquire) >= 0) [[unlikely]]
      return_to_all();
  }
  // By who is about to wake the owner, which may be awake by now.
  void before_wake();

 private:
  // left_: the processor that was taken out, or
  static constexpr int kNone = -1;
  static constexpr int kChanging = -2;  // a waker is at it: the owner leaves it to the next time

  void return_to_all();

  std::atomic<pid_t> thread_{0};
  std::atomic<int> processor_{kNone};  // at the last sleep
  std::atomic<int> left_{kNone};
};

// Lets one thread (the owner) sleep until another wakes it. A wake-up that comes while the owner
// is awake is remembered (once), so checking for work and then parking loses nothing:
//
//     owner:  look for work, find none -> park()      other:  add work -> unpark()
class Parker {
 public:
  // Sleeps until unpark(), or until `timeout_ns` have passed; negative waits without limit.
  // May also return early: the owner looks for work again in any case.
  void park(int64_t timeout_ns = -1);
  // Any thread. What was written before it is seen by the owner after park().
  void unpark();

 private:
  // Written by both sides. kParked only by the owner, kNotified only by others.
  static constexpr uint32_t kAwake = 0;
  static constexpr uint32_t kParked = 1;
  static constexpr uint32_t kNotified = 2;
  std::atomic<uint32_t> state_{kAwake};
  SleepPlace place_;
};

}  // namespace joist
