// Driver libraries: what erl_ddll loads and unloads (https://www.erlang.org/doc/man/erl_ddll).
//
// Who has loaded a library, and each port of its driver, refers to it. When nobody does any more it
// goes; or, where a reload was asked for, it is loaded anew. Until then it is pending:
//
//                  last user leaves             no reference left
//   loaded --------------------> to unload ------------------------> gone
//      |                            |  `- loaded again: loaded
//      |     reload                 |  no user left
//      `------------------------> to reload -----------------------> loaded, or gone
//   permanent: a driver has locked itself
//
// `Forced` says that its ports are being closed for that, so no more are opened.
//
// Everything is under one lock, under which libraries are initialised and finished; those may add
// drivers, hence it is recursive. Ports are entered without it.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "vm/driver/loaded_driver.h"
#include "vm/os/dynlib.h"
#include "vm/proc/process.h"

namespace joist {

enum class LibraryState : uint8_t {
  kLoaded,
  kToUnload,
  kToUnloadForced,
  kToReload,
  kToReloadForced,
  kPermanent,
};

// What a process is to a library.
enum class LibraryRole : uint8_t { kUser, kAwaitsLoad, kAwaitsUnload, kAwaitsUnloadOnly };

struct LibraryClient {
  Term pid;
  LibraryRole role;
  uint64_t reference = 0;     // of the monitor, if it awaits something
  bool has_reference = true;  // a user: to the code; not once a reload has been asked for
};

struct DriverLibrary {
  LibraryState state = LibraryState::kLoaded;
  std::string path;  // without .so
  bool kills_ports = false;
  std::string reload_path;
  bool reload_kills_ports = false;
  std::list<LibraryClient> clients;  // newest first
  int64_t references = 0;
  size_t ports = 0;
  std::shared_ptr<LoadedDriver> driver;
  std::optional<DynLib> object;

  bool to_reload() const {
    return state == LibraryState::kToReload || state == LibraryState::kToReloadForced;
  }
  bool takes_ports() const {
    return state != LibraryState::kToUnloadForced && state != LibraryState::kToReloadForced;
  }
  size_t count(LibraryRole role) const;
};

// Numbers as they stand in {open_error, Number}; from kOpenError on downwards of the system.
enum LoadError : int {
  kLoads = 0,
  kNoInit = -1,
  kFailedInit = -2,
  kBadName = -3,
  kNameTooLong = -4,
  kIncorrectVersion = -5,
  kNoDdll = -6,
  kUnspecified = -7,
  kSymbolNotFound = -8,
  kOpenError = -10,
};

enum class Pending : uint8_t { kNot, kDriver, kProcessToo };

struct LoadOptions {
  bool kills_ports = false;
  Pending monitor = Pending::kNot;
  Pending reload = Pending::kNot;
};
struct UnloadOptions {
  bool kills_ports = false;
  Pending monitor = Pending::kNot;
};

// {ok, Term}, {ok, Term, Monitor} or {error, Term}
struct LibraryAnswer {
  bool is_error;
  Term term;
  uint64_t monitor = 0;
};

class DriverLibraries {
 public:
  explicit DriverLibraries(Runtime& runtime) : runtime_(runtime) {}
  // Libraries are left as they are: code of them may still be running.
  ~DriverLibraries();
  DriverLibraries(const DriverLibraries&) = delete;
  DriverLibraries& operator=(const DriverLibraries&) = delete;

  // --- what natives of erl_ddll do ---
  // `path`: of the file, without .so
  LibraryAnswer try_load(Process& p, const std::string& path, const std::string& name,
                         const LoadOptions& options);
  LibraryAnswer try_unload(Process& p, const std::string& name, UnloadOptions options);
  // A monitor for when it is loaded or unloaded; `shown`: the name in the message.
  uint64_t monitor(Process& p, const std::string& name, Term shown, LibraryRole awaited);
  void demonitor(Process& p, uint64_t reference);
  // Names of drivers that are not built in, oldest first.
  std::vector<std::string> names();
  // none(): badarg.
  Term info(Process& p, const std::string& name, std::string_view item);
  std::string error_text(int code);
  static Term error_term(Allocator& heap, int code);
  // Of an atom that error_term makes.
  static std::optional<int> error_code(std::string_view atom);

  // --- what ports and drivers do ---
  // null: there is none of that name that takes ports.
  std::shared_ptr<const LoadedDriver> find(std::string_view name);
  // nullopt: it is gone, or takes no more ports.
  std::optional<DriverUse> use(const LoadedDriver& driver);
  // Never unloaded again. False: it is linked in.
  bool make_permanent(const LoadedDriver& driver);
  // Drivers that drivers bring along. Results are those of remove_driver_entry.
  void add_linked_in(const abi::DriverEntry& entry);
  int remove_linked_in(const abi::DriverEntry& entry);

 private:
  friend class DriverUse;
  struct Watch;  // of a process: told when it ends
  using Lock = std::lock_guard<std::recursive_mutex>;

  std::shared_ptr<LoadedDriver> find_entry(std::string_view name);
  std::shared_ptr<DriverLibrary> library_of(const LoadedDriver& driver);
  int load(DriverLibrary& library, const std::string& path, const std::string& name);
  LibraryAnswer load_again(Process& p, DriverLibrary& library, const std::string& path,
                           const LoadOptions& options, bool* monitors);
  LibraryAnswer reload(Process& p, DriverLibrary& library, const std::string& path,
                       const LoadOptions& options);
  LibraryAnswer load_first(Process& p, const std::string& path, const std::string& name,
                           const LoadOptions& options);
  void add_user(DriverLibrary& library, Process& p, bool has_reference);
  bool remove_user(DriverLibrary& library, Term pid);
  uint64_t add_monitor(DriverLibrary& library, Process& p, LibraryRole role);
  void cancel_reload(DriverLibrary& library);
  void close_ports(uint32_t scheduler, DriverLibrary& library, LibraryState state);
  bool unload_unused(uint32_t scheduler, DriverLibrary& library, bool kills_ports);
  void retain(DriverLibrary& library) { ++library.references; }
  void release(const std::shared_ptr<DriverLibrary>& library);
  void unload(DriverLibrary& library);
  int load_anew(DriverLibrary& library, const std::string& name);
  void process_ended(Term pid, uint32_t scheduler);
  void watch(Process& p);
  uint64_t new_reference();
  void notify(Term pid, uint64_t reference, Term shown, Term type, Term tag, int error = kLoads);
  void notify_all(DriverLibrary& library, LibraryRole role, Term type, Term tag);
  int open_error(std::string text, const std::string& file);

  Runtime& runtime_;
  std::recursive_mutex mutex_;
  std::vector<std::shared_ptr<LoadedDriver>> drivers_;  // oldest first
  std::vector<std::shared_ptr<DriverLibrary>> libraries_;
  std::map<Word, Watch*> watches_;  // of processes that have something to do with libraries
  std::vector<std::string> open_errors_;
};

}  // namespace joist
