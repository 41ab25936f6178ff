// erl_nif.h and erl_driver.h: locks, conditions, threads and what they keep of their own.
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <new>
#include <string>
#include <vector>

#include "vm/nif/interface.h"

using namespace joist;

namespace {

std::string name_of(const char* name) { return name == nullptr ? "" : name; }

struct LibraryMutex {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  std::string name;
};
struct LibraryCondition {
  pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
  std::string name;
};
struct LibraryRwLock {
  pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
  std::string name;
};

struct LibraryThread {
  pthread_t handle{};
  std::string name;
  void* (*body)(void*) = nullptr;
  void* argument = nullptr;
};

// Which of its own threads the calling one is; null: none.
LibraryThread*& this_thread() {
  static thread_local LibraryThread* current = nullptr;
  return current;
}

// Libraries want more keys than the system has. A key is not given out again, so that no thread
// finds an old value under a new one.
int next_key() {
  static std::atomic<int> next{0};
  return next.fetch_add(1);
}
std::vector<void*>& thread_values() {
  static thread_local std::vector<void*> values;
  return values;
}

void* run_thread(void* start) {
  auto* thread = static_cast<LibraryThread*>(start);
  this_thread() = thread;
  return thread->body(thread->argument);
}

}  // namespace

extern "C" {

LibraryMutex* enif_mutex_create(char* name) { return new LibraryMutex{.name = name_of(name)}; }
void enif_mutex_destroy(LibraryMutex* mutex) {
  pthread_mutex_destroy(&mutex->mutex);
  delete mutex;
}
int enif_mutex_trylock(LibraryMutex* mutex) { return pthread_mutex_trylock(&mutex->mutex); }
void enif_mutex_lock(LibraryMutex* mutex) { pthread_mutex_lock(&mutex->mutex); }
void enif_mutex_unlock(LibraryMutex* mutex) { pthread_mutex_unlock(&mutex->mutex); }
char* enif_mutex_name(LibraryMutex* mutex) { return mutex->name.data(); }

LibraryCondition* enif_cond_create(char* name) {
  return new LibraryCondition{.name = name_of(name)};
}
void enif_cond_destroy(LibraryCondition* condition) {
  pthread_cond_destroy(&condition->condition);
  delete condition;
}
void enif_cond_signal(LibraryCondition* condition) { pthread_cond_signal(&condition->condition); }
void enif_cond_broadcast(LibraryCondition* condition) {
  pthread_cond_broadcast(&condition->condition);
}
void enif_cond_wait(LibraryCondition* condition, LibraryMutex* mutex) {
  pthread_cond_wait(&condition->condition, &mutex->mutex);
}
char* enif_cond_name(LibraryCondition* condition) { return condition->name.data(); }

LibraryRwLock* enif_rwlock_create(char* name) { return new LibraryRwLock{.name = name_of(name)}; }
void enif_rwlock_destroy(LibraryRwLock* lock) {
  pthread_rwlock_destroy(&lock->lock);
  delete lock;
}
int enif_rwlock_tryrlock(LibraryRwLock* lock) { return pthread_rwlock_tryrdlock(&lock->lock); }
void enif_rwlock_rlock(LibraryRwLock* lock) { pthread_rwlock_rdlock(&lock->lock); }
void enif_rwlock_runlock(LibraryRwLock* lock) { pthread_rwlock_unlock(&lock->lock); }
int enif_rwlock_tryrwlock(LibraryRwLock* lock) { return pthread_rwlock_trywrlock(&lock->lock); }
void enif_rwlock_rwlock(LibraryRwLock* lock) { pthread_rwlock_wrlock(&lock->lock); }
void enif_rwlock_rwunlock(LibraryRwLock* lock) { pthread_rwlock_unlock(&lock->lock); }
char* enif_rwlock_name(LibraryRwLock* lock) { return lock->name.data(); }

int enif_tsd_key_create(char*, int* key) {
  *key = next_key();
  return 0;
}
void enif_tsd_key_destroy(int) {}
void enif_tsd_set(int key, void* data) {
  std::vector<void*>& values = thread_values();
  if (values.size() <= static_cast<size_t>(key)) values.resize(static_cast<size_t>(key) + 1);
  values[static_cast<size_t>(key)] = data;
}
void* enif_tsd_get(int key) {
  const std::vector<void*>& values = thread_values();
  return static_cast<size_t>(key) < values.size() ? values[static_cast<size_t>(key)] : nullptr;
}

abi::ThreadOptions* enif_thread_opts_create(char*) { return new abi::ThreadOptions{-1}; }
void enif_thread_opts_destroy(abi::ThreadOptions* options) { delete options; }

int enif_thread_create(char* name, LibraryThread** id, void* (*body)(void*), void* argument,
                       abi::ThreadOptions* options) {
  pthread_attr_t attributes;
  if (const int error = pthread_attr_init(&attributes); error != 0) return error;
  if (options != nullptr && options->suggested_stack_size > 0) {
    // In kilowords; the system's minimum is more than some ask for.
    constexpr size_t kLeast = 64 << 10;
    const size_t size = static_cast<size_t>(options->suggested_stack_size) * 1024 * sizeof(Word);
    pthread_attr_setstacksize(&attributes, std::max(size, kLeast));
  }
  auto* thread = new LibraryThread{.name = name_of(name), .body = body, .argument = argument};
  // Its id is known before it runs.
  *id = thread;
  const int error = pthread_create(&thread->handle, &attributes, run_thread, thread);
  pthread_attr_destroy(&attributes);
  if (error != 0) delete thread;
  return error;
}
LibraryThread* enif_thread_self() {
  LibraryThread*& current = this_thread();
  if (current == nullptr) current = new LibraryThread{pthread_self(), {}, nullptr, nullptr};
  return current;
}
int enif_equal_tids(LibraryThread* a, LibraryThread* b) { return a == b; }
void enif_thread_exit(void* result) { pthread_exit(result); }
int enif_thread_join(LibraryThread* thread, void** result) {
  const int error = pthread_join(thread->handle, result);
  if (error == 0) delete thread;
  return error;
}
char* enif_thread_name(LibraryThread* thread) { return thread->name.data(); }

}  // extern "C"

// erl_driver.h has all of them, too.
#define JOIST_DRIVER_TOO(name) decltype(enif_##name) erl_drv_##name [[gnu::alias("enif_" #name)]];
extern "C" {

JOIST_DRIVER_TOO(mutex_create)
JOIST_DRIVER_TOO(mutex_destroy)
JOIST_DRIVER_TOO(mutex_trylock)
JOIST_DRIVER_TOO(mutex_lock)
JOIST_DRIVER_TOO(mutex_unlock)
JOIST_DRIVER_TOO(mutex_name)
JOIST_DRIVER_TOO(cond_create)
JOIST_DRIVER_TOO(cond_destroy)
JOIST_DRIVER_TOO(cond_signal)
JOIST_DRIVER_TOO(cond_broadcast)
JOIST_DRIVER_TOO(cond_wait)
JOIST_DRIVER_TOO(cond_name)
JOIST_DRIVER_TOO(rwlock_create)
JOIST_DRIVER_TOO(rwlock_destroy)
JOIST_DRIVER_TOO(rwlock_tryrlock)
JOIST_DRIVER_TOO(rwlock_rlock)
JOIST_DRIVER_TOO(rwlock_runlock)
JOIST_DRIVER_TOO(rwlock_tryrwlock)
JOIST_DRIVER_TOO(rwlock_rwlock)
JOIST_DRIVER_TOO(rwlock_rwunlock)
JOIST_DRIVER_TOO(rwlock_name)
JOIST_DRIVER_TOO(tsd_key_create)
JOIST_DRIVER_TOO(tsd_key_destroy)
JOIST_DRIVER_TOO(tsd_set)
JOIST_DRIVER_TOO(tsd_get)
JOIST_DRIVER_TOO(thread_opts_create)
JOIST_DRIVER_TOO(thread_opts_destroy)
JOIST_DRIVER_TOO(thread_create)
JOIST_DRIVER_TOO(thread_self)
JOIST_DRIVER_TOO(equal_tids)
JOIST_DRIVER_TOO(thread_exit)
JOIST_DRIVER_TOO(thread_join)
JOIST_DRIVER_TOO(thread_name)

}  // extern "C"
#undef JOIST_DRIVER_TOO
