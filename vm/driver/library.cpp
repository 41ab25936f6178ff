// erl_ddll's natives, as OTP's emulator carries them out (erts/emulator/beam/erl_bif_ddll.c).
#include "vm/driver/library.h"

#include <algorithm>

#include "vm/heap/builder.h"
#include "vm/io/drivers.h"
#include "vm/io/ports.h"
#include "vm/nif/interface.h"
#include "vm/proc/process_extras.h"
#include "vm/sched/deliver.h"
#include "vm/sched/schedulers.h"

namespace joist {

// Of a process that has something to do with libraries.
struct DriverLibraries::Watch : OwnedResource {
  explicit Watch(DriverLibraries* of_libraries, Process& p)
      : OwnedResource(let_go), libraries(of_libraries), process(p) {}
  static void let_go(OwnedResource* resource) {
    auto* watch = static_cast<Watch*>(resource);
    const Process& p = watch->process;
    const uint32_t scheduler = p.registers == nullptr ? Schedulers::kNone : p.registers->scheduler;
    if (watch->libraries != nullptr) watch->libraries->process_ended(p.pid, scheduler);
    delete watch;
  }
  DriverLibraries* libraries;  // null: there are none any more
  Process& process;
};

void DriverLibraries::watch(Process& p) {
  Watch*& watch = watches_[p.pid.bits()];
  if (watch != nullptr) return;
  watch = new Watch(this, p);
  p.make_extras().resources.add(*watch);
}

namespace {

constexpr LibraryAnswer failed(const Term why) { return {true, why, 0}; }
LibraryAnswer failed(const char* why) { return {true, must_atom(why), 0}; }
LibraryAnswer done(const char* what) { return {false, must_atom(what), 0}; }

}  // namespace

size_t DriverLibrary::count(LibraryRole role) const {
  return static_cast<size_t>(std::count_if(
      clients.begin(), clients.end(), [role](const LibraryClient& c) { return c.role == role; }));
}

DriverLibraries::~DriverLibraries() {
  for (auto& [pid, watch] : watches_) watch->libraries = nullptr;
  for (const std::shared_ptr<DriverLibrary>& library : libraries_) {
    if (library->object) new DynLib(std::move(*library->object));
    library->driver = nullptr;
  }
}

std::shared_ptr<LoadedDriver> DriverLibraries::find_entry(std::string_view name) {
  for (auto at = drivers_.rbegin(); at != drivers_.rend(); ++at) {
    if ((*at)->text() == name) return *at;
  }
  return nullptr;
}

// --- who refers to a library ---

void DriverLibraries::add_user(DriverLibrary& library, Process& p, bool has_reference) {
  library.clients.push_front({p.pid, LibraryRole::kUser, 0, has_reference});
  if (has_reference) retain(library);
  watch(p);
}

// False: it was none. The caller keeps the library meanwhile.
bool DriverLibraries::remove_user(DriverLibrary& library, Term pid) {
  for (auto at = library.clients.begin(); at != library.clients.end(); ++at) {
    if (at->role != LibraryRole::kUser || !(at->pid == pid)) continue;
    if (at->has_reference) --library.references;
    library.clients.erase(at);
    return true;
  }
  return false;
}

uint64_t DriverLibraries::add_monitor(DriverLibrary& library, Process& p, LibraryRole role) {
  const uint64_t reference = new_reference();
  library.clients.push_front({p.pid, role, reference, false});
  watch(p);
  return reference;
}

void DriverLibraries::release(const std::shared_ptr<DriverLibrary>& library) {
  if (--library->references == 0) unload(*library);
}

void DriverLibraries::cancel_reload(DriverLibrary& library) {
  if (!library.to_reload()) return;
  notify_all(library, LibraryRole::kAwaitsLoad, atoms::DOWN, must_atom("load_cancelled"));
  library.reload_path.clear();
  library.reload_kills_ports = false;
}

// The lock, which is held once, is let go of meanwhile. The caller keeps the library.
void DriverLibraries::close_ports(uint32_t scheduler, DriverLibrary& library, LibraryState state) {
  library.state = state;
  const std::shared_ptr<LoadedDriver> driver = library.driver;
  mutex_.unlock();
  runtime_.ports->fail_all(scheduler, *driver, must_atom("driver_unloaded"));
  mutex_.lock();
}

// --- loading ---

LibraryAnswer DriverLibraries::load_first(Process& p, const std::string& path,
                                          const std::string& name, const LoadOptions& options) {
  if (options.reload != Pending::kNot) return failed(atoms::not_loaded);
  auto library = std::make_shared<DriverLibrary>();
  if (const int error = load(*library, path, name); error != kLoads) {
    return failed(error_term(p.heap, error));
  }
  libraries_.push_back(library);
  library->kills_ports = options.kills_ports;
  add_user(*library, p, true);
  return done("loaded");
}

LibraryAnswer DriverLibraries::reload(Process& p, DriverLibrary& library, const std::string& path,
                                      const LoadOptions& options) {
  const bool is_only_user =
      library.count(LibraryRole::kUser) == 1 &&
      std::any_of(library.clients.begin(), library.clients.end(), [&p](const LibraryClient& c) {
        return c.role == LibraryRole::kUser && c.pid == p.pid;
      });
  if (options.reload == Pending::kDriver && !is_only_user) return failed("pending_process");
  if (library.kills_ports != options.kills_ports) return failed("inconsistent");
  if (!remove_user(library, p.pid)) return failed("not_loaded_by_this_process");
  for (LibraryClient& client : library.clients) {
    if (client.role != LibraryRole::kUser) continue;
    --library.references;
    client.has_reference = false;
  }
  add_user(library, p, false);
  library.state = LibraryState::kToReload;
  library.reload_path = path;
  library.reload_kills_ports = options.kills_ports;
  if (library.kills_ports) {
    close_ports(p.registers->scheduler, library, LibraryState::kToReloadForced);
  }
  return done(options.reload == Pending::kDriver ? "pending_driver" : "pending_process");
}

// One that is there already; *monitors: a monitor that is asked for is made.
LibraryAnswer DriverLibraries::load_again(Process& p, DriverLibrary& library,
                                          const std::string& path, const LoadOptions& options,
                                          bool* monitors) {
  const bool reloads = options.reload != Pending::kNot;
  *monitors = false;
  if (library.state == LibraryState::kPermanent) return failed("permanent");
  if (library.to_reload()) {
    if (reloads) return failed("pending_reload");
    if (library.reload_path != path || library.reload_kills_ports != options.kills_ports) {
      return failed("inconsistent");
    }
    add_user(library, p, false);
    *monitors = true;
    return done("pending_driver");
  }
  if (library.state == LibraryState::kLoaded && reloads) {
    *monitors = options.monitor != Pending::kNot;
    return reload(p, library, path, options);
  }
  if (reloads) return failed("not_loaded_by_this_process");
  if (library.path != path || library.kills_ports != options.kills_ports) {
    return failed("inconsistent");
  }
  if (library.state != LibraryState::kLoaded) {
    library.state = LibraryState::kLoaded;
    notify_all(library, LibraryRole::kAwaitsUnload, must_atom("UP"), must_atom("unload_cancelled"));
  }
  add_user(library, p, true);
  return done("already_loaded");
}

LibraryAnswer DriverLibraries::try_load(Process& p, const std::string& path,
                                        const std::string& name, const LoadOptions& options) {
  const Lock lock(mutex_);
  if (find_driver(name) != nullptr) return failed("linked_in_driver");
  const std::shared_ptr<LoadedDriver> driver = find_entry(name);
  if (driver == nullptr) return load_first(p, path, name, options);
  if (driver->library == nullptr) return failed("linked_in_driver");
  const std::shared_ptr<DriverLibrary> library = library_of(*driver);
  retain(*library);
  bool monitors = false;
  LibraryAnswer answer = load_again(p, *library, path, options, &monitors);
  if (!answer.is_error && monitors) {
    answer.monitor = add_monitor(*library, p, LibraryRole::kAwaitsLoad);
  }
  release(library);
  return answer;
}

std::shared_ptr<DriverLibrary> DriverLibraries::library_of(const LoadedDriver& driver) {
  for (const std::shared_ptr<DriverLibrary>& library : libraries_) {
    if (library.get() == driver.library) return library;
  }
  return nullptr;
}

// --- unloading ---

// False: there are users still. Ports keep it, unless they are to be killed.
bool DriverLibraries::unload_unused(uint32_t scheduler, DriverLibrary& library, bool kills_ports) {
  if (library.count(LibraryRole::kUser) != 0) return false;
  cancel_reload(library);
  library.state = LibraryState::kToUnload;
  if ((kills_ports || library.kills_ports) && library.ports != 0) {
    close_ports(scheduler, library, LibraryState::kToUnloadForced);
  }
  return true;
}

LibraryAnswer DriverLibraries::try_unload(Process& p, const std::string& name,
                                          UnloadOptions options) {
  const Lock lock(mutex_);
  if (find_driver(name) != nullptr) return failed("linked_in_driver");
  const std::shared_ptr<LoadedDriver> driver = find_entry(name);
  if (driver == nullptr) return failed(atoms::not_loaded);
  if (driver->library == nullptr) return failed("linked_in_driver");
  const std::shared_ptr<DriverLibrary> library = library_of(*driver);
  if (library->state == LibraryState::kPermanent) return failed("permanent");
  retain(*library);
  if (!remove_user(*library, p.pid) && library->count(LibraryRole::kUser) != 0) {
    release(library);
    return failed("not_loaded_by_this_process");
  }
  LibraryAnswer answer = done("pending_process");
  bool monitors = options.monitor == Pending::kProcessToo;
  if (unload_unused(p.registers->scheduler, *library, options.kills_ports)) {
    answer = done("pending_driver");
    monitors = options.monitor != Pending::kNot;
  }
  if (monitors) answer.monitor = add_monitor(*library, p, LibraryRole::kAwaitsUnload);
  release(library);
  return answer;
}

void DriverLibraries::process_ended(Term pid, uint32_t scheduler) {
  const Lock lock(mutex_);
  watches_.erase(pid.bits());
  // Libraries may go meanwhile.
  const std::vector<std::shared_ptr<DriverLibrary>> libraries = libraries_;
  for (const std::shared_ptr<DriverLibrary>& library : libraries) {
    if (library->state == LibraryState::kPermanent || library->driver == nullptr) continue;
    retain(*library);
    while (remove_user(*library, pid)) {
    }
    library->clients.remove_if([pid](const LibraryClient& client) { return client.pid == pid; });
    unload_unused(scheduler, *library, false);
    release(library);
  }
}

// --- monitors ---

uint64_t DriverLibraries::monitor(Process& p, const std::string& name, Term shown,
                                  LibraryRole awaited) {
  const Lock lock(mutex_);
  const std::shared_ptr<LoadedDriver> driver = find_entry(name);
  const Term up = must_atom("UP");
  Term type = atoms::DOWN;
  Term tag = Term::none();
  if (find_driver(name) != nullptr) {
    type = up;
    tag = must_atom("permanent");
  } else if (driver == nullptr) {
    tag = must_atom("unloaded");
  } else if (driver->library == nullptr || driver->library->state == LibraryState::kPermanent) {
    type = up;
    tag = must_atom("permanent");
  } else if (awaited == LibraryRole::kAwaitsLoad && !driver->library->to_reload()) {
    const bool is_loaded = driver->library->state == LibraryState::kLoaded;
    if (is_loaded) type = up;
    tag = must_atom(is_loaded ? "loaded" : "load_cancelled");
  }
  if (tag.is_none()) return add_monitor(*driver->library, p, awaited);
  const uint64_t reference = new_reference();
  notify(p.pid, reference, shown, type, tag);
  return reference;
}

void DriverLibraries::demonitor(Process& p, uint64_t reference) {
  const Lock lock(mutex_);
  for (const std::shared_ptr<DriverLibrary>& library : libraries_) {
    library->clients.remove_if([&](const LibraryClient& client) {
      return client.role != LibraryRole::kUser && client.reference == reference &&
             client.pid == p.pid;
    });
  }
}

uint64_t DriverLibraries::new_reference() {
  Allocator scratch;
  return reference_id(make_ref(scratch, runtime_.uniques.next_ref()));
}

void DriverLibraries::notify(Term pid, uint64_t reference, Term shown, Term type, Term tag,
                             int error) {
  Allocator heap;
  const Term ref = make_ref(heap, reference_numbers(reference));
  if (error != kLoads) tag = make_tuple(heap, {tag, error_term(heap, error)});
  const Term message = make_tuple(heap, {type, ref, must_atom("driver"), shown, tag});
  const ReaderScope reader;
  deliver(runtime_, Schedulers::kNone, pid,
          new_signal_of(SignalKind::kMessage, Term::none(), message, runtime_.literals));
}

void DriverLibraries::notify_all(DriverLibrary& library, LibraryRole role, Term type, Term tag) {
  const Term name = must_atom(library.driver->text());
  library.clients.remove_if([&](const LibraryClient& client) {
    if (client.role != role) return false;
    notify(client.pid, client.reference, name, type, tag);
    return true;
  });
}

// --- what there is ---

std::vector<std::string> DriverLibraries::names() {
  const Lock lock(mutex_);
  std::vector<std::string> names;
  for (const std::shared_ptr<LoadedDriver>& driver : drivers_) names.push_back(driver->text());
  return names;
}

Term DriverLibraries::info(Process& p, const std::string& name, std::string_view item) {
  const Lock lock(mutex_);
  const bool is_built_in = find_driver(name) != nullptr;
  const std::shared_ptr<LoadedDriver> driver = is_built_in ? nullptr : find_entry(name);
  if (!is_built_in && driver == nullptr) return Term::none();
  const DriverLibrary* library = is_built_in ? nullptr : driver->library;
  const bool is_permanent = library != nullptr && library->state == LibraryState::kPermanent;
  if (item == "linked_in_driver") return boolean(library == nullptr);
  if (item == "permanent") return boolean(is_permanent);
  if (item == "driver_options" && library != nullptr) {
    return library->kills_ports ? make_cons(p.heap, must_atom("kill_ports"), Term::nil())
                                : Term(Term::nil());
  }
  std::optional<LibraryRole> role;
  if (item == "processes") role = LibraryRole::kUser;
  if (item == "awaiting_load") role = LibraryRole::kAwaitsLoad;
  if (item == "awaiting_unload") role = LibraryRole::kAwaitsUnload;
  if (!role && item != "port_count" && item != "driver_options") return Term::none();
  if (library == nullptr) return must_atom("linked_in_driver");
  if (is_permanent) return must_atom("permanent");
  if (!role) return make_integer(p.heap, static_cast<int64_t>(library->ports));
  std::map<Word, int64_t> counts;
  for (const LibraryClient& client : library->clients) {
    if (client.role == *role) ++counts[client.pid.bits()];
  }
  ListBuilder list(p.heap);
  for (const auto& [pid, count] : counts) {
    list.add(make_tuple(p.heap, {Term::from_bits(pid), Term::small(count)}));
  }
  return list.finish();
}

}  // namespace joist
