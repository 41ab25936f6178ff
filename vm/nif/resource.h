// Resources: objects of a library that Erlang code holds by magic references. What dies with the
// last reference, in whatever process or environment, is the object; its type says how.
//
//   Binary | Resource | object ...           `bytes` of the Binary points to the object
//
// Destructors run wherever the last reference goes: in a collection, in a native, in a thread of
// the library's own. They get an environment without a process.
//
// Monitors: one table of all, by number. The process that is watched holds a ProcessWatch in its
// list of owned resources, which tells the table when the process ends. Who takes the record out of
// the table, the end of the process, enif_demonitor_process or the end of the resource, has won.
#pragma once

#include <atomic>
#include <map>
#include <unordered_map>
#include <vector>

#include "vm/base/sync.h"
#include "vm/nif/library.h"
#include "vm/term/boxed.h"

namespace joist {

struct NifResourceType {
  Term module = Term::none();
  Term name = Term::none();
  abi::ResourceTypeInit callbacks{};
  SharedObject object;  // that the callbacks are in
  std::atomic<int64_t> references{1};

  void retain() { references.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  // The library that the callbacks belong to; null: not yet. It is not unloaded as long as there
  // are resources of the type.
  NifLibrary* owner() const { return owner_.load(std::memory_order_acquire); }
  void set_owner(NifLibrary* library) JOIST_EXCLUDES(mutex_);
  void count_resource() JOIST_EXCLUDES(mutex_);
  void discount_resource() JOIST_EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  std::atomic<NifLibrary*> owner_{nullptr};
  int64_t live_ JOIST_GUARDED_BY(mutex_) = 0;
};

struct Resource {
  NifResourceType* type;
  RefNumbers numbers;
  std::vector<uint64_t>* monitors;  // under the mutex of ResourceTypes; null: none
};
inline constexpr size_t kResourcePrefix = (sizeof(Binary) + sizeof(Resource) + 15) / 16 * 16;

inline Binary* binary_of_object(void* object) {
  return reinterpret_cast<Binary*>(static_cast<uint8_t*>(object) - kResourcePrefix);
}
inline Resource& resource_of(Binary* binary) { return *reinterpret_cast<Resource*>(binary + 1); }

class ResourceTypes {
 public:
  explicit ResourceTypes(Runtime& runtime) : runtime_(runtime) {}
  ~ResourceTypes();

  // --- while a library loads, which one at a time does ---
  // nullptr: there is one and it is not to be taken over, or there is none.
  NifResourceType* open(NifLibrary& library, const char* name, const abi::ResourceTypeInit& init,
                        int members, int flags, int* tried);
  // What was opened counts, or it does not.
  void commit(NifLibrary& library);
  void roll_back();
  // Its types are not found any more.
  void forget(NifLibrary& library);

  // The object of a new resource, with one reference; null: no memory.
  void* make(NifResourceType& type, size_t size);
  Term make_term(Allocator& heap, void* object);
  // null: no reference to a resource, nor a binary of one.
  static Binary* find(Term term);
  NifResourceType* find_type(Term module, Term name);

  // 0: done; 1: there is no such process.
  int monitor(Binary& resource, Term pid, abi::Monitor* monitor);
  bool demonitor(Binary& resource, const abi::Monitor& monitor);
  // The resource that has the monitor; none(): it is gone.
  Term watcher(Allocator& heap, uint64_t id);
  // The process that the monitor is for has ended.
  void process_ended(uint64_t id, Term pid);

 private:
  struct Opened {
    NifResourceType* type;
    bool is_new;
    abi::ResourceTypeInit callbacks;
  };
  struct ProcessWatch;
  struct Record {
    Binary* resource;
    Term pid;
    ProcessWatch* watch;
  };
  static void destroy(Binary* binary);
  static void begin_watch(Process& process, Signal& signal);
  static void end_watch(Process& process, Signal& signal);
  void drop_monitors(Binary& resource);

  Runtime& runtime_;
  Mutex mutex_;
  std::vector<NifResourceType*> types_ JOIST_GUARDED_BY(mutex_);
  std::vector<Opened> opened_ JOIST_GUARDED_BY(mutex_);
  std::unordered_map<uint64_t, Record> monitors_ JOIST_GUARDED_BY(mutex_);
  uint64_t next_monitor_ JOIST_GUARDED_BY(mutex_) = 1;
};

// A binary whose bytes lie in a resource, which it keeps.
Term make_resource_binary(Allocator& heap, void* object, const void* data, size_t size);

}  // namespace joist
