// NIF libraries: loaded by erlang:load_nif/2 for one instance of a module, unloaded with it.
//
// The first cells of each function that the library has become a native_stub whose entry is a
// NifEntry, so calls from within the module and from outside come to it alike. Entries live as long
// as the VM, as export entries do: processes may be on their way through them.
//
//   Module instance --> NifLibrary --> SharedObject <-- resource types
//                        ^
//                        calls under way on dirty threads
//
// When the instance is purged, no dirty call is left and no resource of a type of the library's, it
// is told to unload.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <unordered_map>

#include "vm/base/sync.h"
#include "vm/code/module.h"
#include "vm/nif/abi.h"
#include "vm/os/dynlib.h"
#include "vm/proc/process.h"

namespace joist {

class NifLibrary;
struct NifEnv;

using SharedObject = std::shared_ptr<DynLib>;

// A function of a library, as call_nif finds it behind the stub that it was called through.
struct NifEntry : ExportEntry {
  NifLibrary* library = nullptr;
  abi::NifFunction function = nullptr;
  bool is_dirty = false;
};

class NifLibrary {
 public:
  NifLibrary(SharedObject object, Term module_name)
      : object_(std::move(object)), name_(module_name) {}
  NifLibrary(const NifLibrary&) = delete;
  NifLibrary& operator=(const NifLibrary&) = delete;

  const SharedObject& object() const { return object_; }
  Term name() const { return name_; }
  void* priv_data = nullptr;
  void (*unload)(NifEnv*, void*) = nullptr;

  void retain() { references_.fetch_add(1, std::memory_order_relaxed); }
  // The last one unloads.
  void release();

 private:
  const SharedObject object_;
  const Term name_;
  std::atomic<int64_t> references_{1};
};

class NifLibraries {
 public:
  explicit NifLibraries(Runtime& runtime) : runtime_(runtime) {}
  // No code runs any more; libraries are left as they are.
  ~NifLibraries();

  // erlang:load_nif/2 for that instance; the result, or none() after raising.
  Term load(Process& p, Module& module, const std::string& path, Term info);
  // The instance is gone.
  void purged(const Module& module);
  NifLibrary* of(const Module& module);
  // Of another instance of the module; null: there is none.
  NifLibrary* former(const Module& module);
  // The functions that the library of the module has, as {Name, Arity}.
  std::vector<FunctionName> functions(const Module& module);
  // An entry for a function that no module has (enif_schedule_nif). `home`: where code that is
  // running is looked for while it is on its way there.
  const NifEntry* scheduled_entry(NifLibrary& library, const Mfa& mfa, abi::NifFunction function,
                                  unsigned flags, const Cell* home);

 private:
  friend class NifLoading;
  struct Loaded {
    NifLibrary* library;
    std::vector<FunctionName> functions;
  };
  NifEntry* new_entry(NifLibrary& library, const Mfa& mfa, abi::NifFunction function,
                      unsigned flags, const Cell* home) JOIST_REQUIRES(mutex_);

  Runtime& runtime_;
  Mutex mutex_;
  std::unordered_map<const Module*, Loaded> loaded_ JOIST_GUARDED_BY(mutex_);
  std::deque<NifEntry> entries_ JOIST_GUARDED_BY(mutex_);
  using ScheduledKey = std::tuple<NifLibrary*, Word, uint32_t, abi::NifFunction, unsigned>;
  std::map<ScheduledKey, const NifEntry*> scheduled_ JOIST_GUARDED_BY(mutex_);
};

// The native behind every NifEntry.
Term call_nif(Process& p, const Term* arguments);

}  // namespace joist
