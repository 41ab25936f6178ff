// The code of driver libraries: how it comes and goes, and who keeps it.
#include <algorithm>
#include <cstring>

#include "vm/driver/library.h"
#include "vm/driver/library_port.h"
#include "vm/heap/builder.h"
#include "vm/nif/interface.h"

namespace joist {

// --- entries ---

LoadedDriver::LoadedDriver(const abi::DriverEntry& library_entry, DriverLibrary* of_library)
    : library(of_library), original_(&library_entry), text_(library_entry.name) {
  const bool closes = library_entry.major > abi::kDriverMajor ||
                      (library_entry.major == abi::kDriverMajor && library_entry.minor >= 2);
  // Older entries end before it.
  memcpy(&entry_, &library_entry,
         closes ? sizeof entry_ : offsetof(abi::DriverEntry, emergency_close));
  DriverInfo::name = text_.c_str();
  DriverInfo::start = LibraryPort::open;
  port_locking = (entry_.flags & abi::kUsePortLocking) != 0;
  takes_force = (entry_.flags & abi::kSoftBusy) != 0;
  ends_at_halt = true;
  starts_later = (entry_.flags & abi::kUseInitAck) != 0;
  is_loaded = true;
  has_queue_limits = (entry_.flags & abi::kNoBusyQueue) == 0;
  if (!port_locking) lock = &mutex_;
}

DriverUse::~DriverUse() {
  if (library_ == nullptr) return;
  const DriverLibraries::Lock lock(libraries_->mutex_);
  if (of_port_) --library_->ports;
  libraries_->release(library_);
}

DriverUse DriverUse::another() const {
  if (library_ != nullptr) {
    const DriverLibraries::Lock lock(libraries_->mutex_);
    libraries_->retain(*library_);
  }
  return DriverUse(libraries_, library_, false);
}

std::shared_ptr<const LoadedDriver> DriverLibraries::find(std::string_view name) {
  const Lock lock(mutex_);
  std::shared_ptr<LoadedDriver> driver = find_entry(name);
  const bool usable =
      driver != nullptr && (driver->library == nullptr || driver->library->takes_ports());
  return usable ? driver : nullptr;
}

std::optional<DriverUse> DriverLibraries::use(const LoadedDriver& driver) {
  const Lock lock(mutex_);
  if (driver.is_gone) return std::nullopt;
  if (driver.library == nullptr) return DriverUse(this, nullptr, true);
  if (!driver.library->takes_ports()) return std::nullopt;
  std::shared_ptr<DriverLibrary> library = library_of(driver);
  retain(*library);
  ++library->ports;
  return DriverUse(this, std::move(library), true);
}

bool DriverLibraries::make_permanent(const LoadedDriver& driver) {
  const Lock lock(mutex_);
  if (driver.library == nullptr) return false;
  DriverLibrary& library = *driver.library;
  const Term up = must_atom("UP");
  const Term permanent = must_atom("permanent");
  for (const LibraryRole role :
       {LibraryRole::kAwaitsLoad, LibraryRole::kAwaitsUnload, LibraryRole::kAwaitsUnloadOnly}) {
    notify_all(library, role, up, permanent);
  }
  library.clients.clear();
  retain(library);
  library.state = LibraryState::kPermanent;
  return true;
}

void DriverLibraries::add_linked_in(const abi::DriverEntry& entry) {
  const Lock lock(mutex_);
  drivers_.push_back(std::make_shared<LoadedDriver>(entry, nullptr));
  if (entry.init != nullptr) entry.init();
}

int DriverLibraries::remove_linked_in(const abi::DriverEntry& entry) {
  const Lock lock(mutex_);
  for (auto at = drivers_.begin(); at != drivers_.end(); ++at) {
    if ((*at)->original() != &entry) continue;
    if ((*at)->library != nullptr) return -1;
    (*at)->is_gone = true;
    drivers_.erase(at);
    return 1;
  }
  return 0;
}

// --- loading ---

int DriverLibraries::load(DriverLibrary& library, const std::string& path,
                          const std::string& name) {
  const std::string file = path + ".so";
  Result<DynLib> opened = DynLib::open(file);
  if (!opened) return open_error(opened.error().text, file);
  DynLib object = opened.take();
  void* symbol = object.symbol("driver_init");
  if (symbol == nullptr) symbol = object.symbol("_driver_init");
  if (symbol == nullptr) return kNoInit;
  const abi::DriverEntry* entry = reinterpret_cast<abi::DriverEntry* (*)()>(symbol)();
  if (entry == nullptr) return kFailedInit;
  if (entry->marker != abi::kDriverMarker || entry->major < abi::kLeastDriverMajor ||
      entry->major > abi::kDriverMajor ||
      (entry->major == abi::kDriverMajor && entry->minor > abi::kDriverMinor)) {
    return kIncorrectVersion;
  }
  if (entry->name == nullptr || name != entry->name) return kBadName;
  auto driver = std::make_shared<LoadedDriver>(*entry, &library);
  drivers_.push_back(driver);
  if (entry->init != nullptr && entry->init() != 0) {
    driver->is_gone = true;
    std::erase(drivers_, driver);
    return kFailedInit;
  }
  NativeInterface::current()->add_taint(must_atom(name));
  library.driver = std::move(driver);
  library.object.emplace(std::move(object));
  library.path = path;
  library.state = LibraryState::kLoaded;
  return kLoads;
}

// The number under which the dynamic linker's text is known; the file's name is not part of it.
int DriverLibraries::open_error(std::string text, const std::string& file) {
  if (text.starts_with(file)) {
    const size_t rest = text.find_first_not_of(": ", file.size());
    if (rest != std::string::npos) text.erase(0, rest);
  }
  auto found = std::find(open_errors_.begin(), open_errors_.end(), text);
  if (found == open_errors_.end()) found = open_errors_.insert(found, std::move(text));
  return kOpenError - static_cast<int>(found - open_errors_.begin());
}

// Nobody refers to it any more.
void DriverLibraries::unload(DriverLibrary& library) {
  const std::shared_ptr<LoadedDriver> driver = std::move(library.driver);
  const Term name = must_atom(driver->text());
  driver->is_gone = true;
  std::erase(drivers_, driver);
  if (driver->entry().finish != nullptr) driver->entry().finish();
  library.object.reset();
  library.clients.remove_if([&](const LibraryClient& client) {
    if (client.role != LibraryRole::kAwaitsUnload &&
        client.role != LibraryRole::kAwaitsUnloadOnly) {
      return false;
    }
    notify(client.pid, client.reference, name, atoms::DOWN, must_atom("unloaded"));
    return true;
  });
  const int error = library.to_reload() ? load_anew(library, driver->text()) : +kUnspecified;
  if (error == kLoads) return;
  std::erase_if(libraries_, [&library](const auto& each) { return each.get() == &library; });
}

// As was asked for. Otherwise it is over with it, and those that wait are told.
int DriverLibraries::load_anew(DriverLibrary& library, const std::string& name) {
  const std::string path = std::move(library.reload_path);
  library.reload_path.clear();
  const int error = load(library, path, name);
  if (error == kLoads) library.kills_ports = library.reload_kills_ports;
  const bool loads = error == kLoads;
  const Term shown = must_atom(name);
  library.clients.remove_if([&](LibraryClient& client) {
    if (client.role == LibraryRole::kAwaitsLoad) {
      notify(client.pid, client.reference, shown, loads ? must_atom("UP") : Term(atoms::DOWN),
             must_atom(loads ? "loaded" : "load_failure"), error);
      return true;
    }
    if (loads) {
      client.has_reference = true;
      retain(library);
    }
    return !loads;
  });
  return error;
}

// --- errors ---

namespace {

struct NamedError {
  int code;
  const char* atom;
  const char* text;
};
constexpr NamedError kErrors[] = {
    {kLoads, "no_error", "No error"},
    {kNoInit, "no_driver_init", "No driver init in dynamic library"},
    {kFailedInit, "driver_init_failed", "Driver init failed"},
    {kBadName, "bad_driver_name", "Bad driver name"},
    {kNameTooLong, "driver_name_to_long", "Driver name to long"},
    {kIncorrectVersion, "driver_incorrect_version",
     "Driver compiled with incorrect version of erl_driver.h"},
    {kNoDdll, "no_ddll_available", "DDLL functionality not available on this platform"},
    {kUnspecified, "unspecified_error", "Unspecified dynamic library error"},
    {kSymbolNotFound, "symbol_not_found", "Symbol not found in dynamic library"},
};

}  // namespace

Term DriverLibraries::error_term(Allocator& heap, int code) {
  for (const NamedError& error : kErrors) {
    if (error.code == code) return must_atom(error.atom);
  }
  return make_tuple(heap, {must_atom("open_error"), Term::small(code)});
}

std::optional<int> DriverLibraries::error_code(std::string_view atom) {
  for (const NamedError& error : kErrors) {
    if (atom == error.atom) return error.code;
  }
  return std::nullopt;
}

std::string DriverLibraries::error_text(int code) {
  for (const NamedError& error : kErrors) {
    if (error.code == code) return error.text;
  }
  if (code > kOpenError) return "Unspecified error";
  const Lock lock(mutex_);
  const size_t index = static_cast<size_t>(kOpenError - code);
  return index < open_errors_.size() ? open_errors_[index] : "Unknown dlload error";
}

}  // namespace joist
