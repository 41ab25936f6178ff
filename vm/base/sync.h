// Locks whose use the compiler checks (clang's -Wthread-safety, an error in every preset), and
// padding against false sharing.
//
//   Mutex mutex_;
//   std::vector<T> items_ JOIST_GUARDED_BY(mutex_);   // touched only where mutex_ is held
//   void compact() JOIST_REQUIRES(mutex_);            // callers hold mutex_
//
// Rule of the VM: no lock of one process is held while another's is taken, and no lock is held
// while Erlang code runs.
#pragma once

#include <pthread.h>

#include <cstdint>

#include "vm/base/config.h"

#define JOIST_CAPABILITY(name) __attribute__((capability(name)))
#define JOIST_SCOPED_CAPABILITY __attribute__((scoped_lockable))
#define JOIST_RETURN_CAPABILITY(lock) __attribute__((lock_returned(lock)))
#define JOIST_GUARDED_BY(lock) __attribute__((guarded_by(lock)))
#define JOIST_PT_GUARDED_BY(lock) __attribute__((pt_guarded_by(lock)))
#define JOIST_REQUIRES(...) __attribute__((requires_capability(__VA_ARGS__)))
#define JOIST_REQUIRES_SHARED(...) __attribute__((requires_shared_capability(__VA_ARGS__)))
#define JOIST_EXCLUDES(...) __attribute__((locks_excluded(__VA_ARGS__)))
#define JOIST_ACQUIRE(...) __attribute__((acquire_capability(__VA_ARGS__)))
#define JOIST_ACQUIRE_SHARED(...) __attribute__((acquire_shared_capability(__VA_ARGS__)))
#define JOIST_RELEASE(...) __attribute__((release_capability(__VA_ARGS__)))
#define JOIST_RELEASE_SHARED(...) __attribute__((release_shared_capability(__VA_ARGS__)))
#define JOIST_RELEASE_GENERIC(...) __attribute__((release_generic_capability(__VA_ARGS__)))
#define JOIST_TRY_ACQUIRE(...) __attribute__((try_acquire_capability(__VA_ARGS__)))
#define JOIST_NO_THREAD_SAFETY_ANALYSIS __attribute__((no_thread_safety_analysis))

namespace joist {

class JOIST_CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  ~Mutex() { pthread_mutex_destroy(&mutex_); }
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() JOIST_ACQUIRE() { pthread_mutex_lock(&mutex_); }
  void unlock() JOIST_RELEASE() { pthread_mutex_unlock(&mutex_); }
  bool try_lock() JOIST_TRY_ACQUIRE(true) { return pthread_mutex_trylock(&mutex_) == 0; }

 private:
  friend class Condition;
  pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
};

class JOIST_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) JOIST_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() JOIST_RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Many readers or one writer.
class JOIST_CAPABILITY("rw mutex") RwMutex {
 public:
  RwMutex() = default;
  ~RwMutex() { pthread_rwlock_destroy(&lock_); }
  RwMutex(const RwMutex&) = delete;
  RwMutex& operator=(const RwMutex&) = delete;

  void lock() JOIST_ACQUIRE() { pthread_rwlock_wrlock(&lock_); }
  void unlock() JOIST_RELEASE() { pthread_rwlock_unlock(&lock_); }
  void lock_shared() JOIST_ACQUIRE_SHARED() { pthread_rwlock_rdlock(&lock_); }
  void unlock_shared() JOIST_RELEASE_SHARED() { pthread_rwlock_unlock(&lock_); }

 private:
  pthread_rwlock_t lock_ = PTHREAD_RWLOCK_INITIALIZER;
};

class JOIST_SCOPED_CAPABILITY ReadLock {
 public:
  explicit ReadLock(RwMutex& mutex) JOIST_ACQUIRE_SHARED(mutex) : mutex_(mutex) {
    mutex_.lock_shared();
  }
  ~ReadLock() JOIST_RELEASE_GENERIC() { mutex_.unlock_shared(); }
  ReadLock(const ReadLock&) = delete;
  ReadLock& operator=(const ReadLock&) = delete;

 private:
  RwMutex& mutex_;
};

class JOIST_SCOPED_CAPABILITY WriteLock {
 public:
  explicit WriteLock(RwMutex& mutex) JOIST_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~WriteLock() JOIST_RELEASE() { mutex_.unlock(); }
  WriteLock(const WriteLock&) = delete;
  WriteLock& operator=(const WriteLock&) = delete;

 private:
  RwMutex& mutex_;
};

// As with every condition variable, wait() may return without a notification: call it in a loop
// over the condition.
class Condition {
 public:
  Condition() = default;
  ~Condition() { pthread_cond_destroy(&condition_); }
  Condition(const Condition&) = delete;
  Condition& operator=(const Condition&) = delete;

  void wait(Mutex& mutex) JOIST_REQUIRES(mutex) { pthread_cond_wait(&condition_, &mutex.mutex_); }
  void notify_one() { pthread_cond_signal(&condition_); }
  void notify_all() { pthread_cond_broadcast(&condition_); }

 private:
  pthread_cond_t condition_ = PTHREAD_COND_INITIALIZER;
};

// A value alone on its cache lines: for fields that one thread writes often and others read.
template <typename T>
struct alignas(kCacheLine) CachePadded {
  T value{};

  T* operator->() { return &value; }
  const T* operator->() const { return &value; }
  T& operator*() { return value; }
  const T& operator*() const { return value; }
};

// Tells the processor that this is a spinning loop.
inline void cpu_relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace joist
