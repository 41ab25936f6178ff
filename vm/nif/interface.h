// The VM as native libraries see it. Functions of the C interface come without a hint of whose they
// are (enif_alloc_env(), enif_send(NULL, ...) from a thread of the library's own), and a library is
// there once in an OS process: so the VM that libraries belong to is the process', too. It is the
// one that was made first and still lives; this pointer is the only state that does not hang on it.
//
// Any thread may call what takes no environment. Such a thread may be none of the VM's, so whatever
// it looks up it does within a ReaderScope.
#pragma once

#include <memory>
#include <vector>

#include "vm/base/epoch.h"
#include "vm/nif/env.h"
#include "vm/proc/process.h"

namespace joist {

class NifLibraries;     // vm/nif/library.h
class ResourceTypes;    // vm/nif/resource.h
class EventWatch;       // vm/nif/select.h
class DriverInterface;  // vm/driver/interface.h

class NativeInterface {
 public:
  explicit NativeInterface(Runtime& runtime);
  ~NativeInterface();
  NativeInterface(const NativeInterface&) = delete;
  NativeInterface& operator=(const NativeInterface&) = delete;

  // Of this OS process; null: there is no VM that takes libraries.
  static NativeInterface* current();

  Runtime& runtime() { return runtime_; }
  NifLibraries& libraries() const { return *libraries_; }
  ResourceTypes& types() { return *types_; }
  EventWatch& events() { return *events_; }
  const LiteralSpace* literals() const { return runtime_.literals; }
  // Modules and drivers whose libraries have ever been loaded, oldest first.
  void add_taint(Term name) JOIST_EXCLUDES(taints_mutex_);
  std::vector<Term> taints() JOIST_EXCLUDES(taints_mutex_);
  // Set by the VM, whose they are; null: it takes no drivers.
  DriverInterface* drivers = nullptr;

 private:
  Runtime& runtime_;
  std::unique_ptr<ResourceTypes> types_;
  std::unique_ptr<NifLibraries> libraries_;
  std::unique_ptr<EventWatch> events_;
  Mutex taints_mutex_;
  std::vector<Term> taints_ JOIST_GUARDED_BY(taints_mutex_);
};

// Makes the calling thread, whatever it is, one that may look up processes and names.
class ReaderScope {
 public:
  ReaderScope();
  ~ReaderScope();
  ReaderScope(const ReaderScope&) = delete;
  ReaderScope& operator=(const ReaderScope&) = delete;

 private:
  EpochReader reader_;
};

}  // namespace joist
