// erl_driver.h: monitors of processes, time, the system, shared objects, the environment.
#include <dlfcn.h>

#include <cstring>

#include "vm/driver/interface.h"
#include "vm/driver/port_access.h"
#include "vm/os/environment.h"
#include "vm/os/posix_error.h"
#include "vm/proc/time.h"

using namespace joist;

// What erl_nif.h has as well (vm/nif).
extern "C" {
int64_t enif_monotonic_time(int unit);
int64_t enif_time_offset(int unit);
int64_t enif_convert_time_unit(int64_t value, int from, int to);
void enif_system_info(abi::SystemInfo* info, size_t size);
}

namespace {

Runtime& the_runtime() { return DriverInterface::current()->runtime(); }

}  // namespace

extern "C" {

// --- monitors ---

int driver_monitor_process(abi::PortHandle handle, Word process, abi::Monitor* monitor) {
  const PortAccess access(handle);
  if (!access || access->entry().process_exit == nullptr) return -1;
  const uint64_t id = access.port().monitor(term_of(process));
  if (id == 0) return 1;
  *monitor = {id, {}};
  return 0;
}
int driver_demonitor_process(abi::PortHandle handle, const abi::Monitor* monitor) {
  const PortAccess access(handle);
  if (!access) return -1;
  if (access.port().monitored(monitor->id).is_none()) return 1;
  access.port().demonitor(monitor->id);
  return 0;
}
Word driver_get_monitored_process(abi::PortHandle handle, const abi::Monitor* monitor) {
  const PortAccess access(handle);
  const Term process = access ? access.port().monitored(monitor->id) : Term::none();
  return (process.is_none() ? Term(Term::nil()) : process).bits();
}
int driver_compare_monitors(const abi::Monitor* a, const abi::Monitor* b) {
  return memcmp(a, b, sizeof *a);
}

// --- time ---

int64_t erl_drv_monotonic_time(int unit) { return enif_monotonic_time(unit); }
int64_t erl_drv_time_offset(int unit) { return enif_time_offset(unit); }
int64_t erl_drv_convert_time_unit(int64_t value, int from, int to) {
  return enif_convert_time_unit(value, from, to);
}
int driver_get_now(abi::NowData* now) {
  if (now == nullptr) return -1;
  constexpr int64_t kMillion = 1'000'000;
  const int64_t microseconds = the_runtime().time->unique_microseconds();
  *now = {static_cast<unsigned long>(microseconds / kMillion / kMillion),
          static_cast<unsigned long>(microseconds / kMillion % kMillion),
          static_cast<unsigned long>(microseconds % kMillion)};
  return 0;
}

// --- the system ---

void driver_system_info(abi::SystemInfo* info, size_t size) { enif_system_info(info, size); }
char* erl_errno_id(int error) { return const_cast<char*>(posix_error_name(error)); }
int null_func() { return 0; }

void add_driver_entry(abi::DriverEntry* entry) {
  DriverInterface::current()->libraries().add_linked_in(*entry);
}
int remove_driver_entry(abi::DriverEntry* entry) {
  return DriverInterface::current()->libraries().remove_linked_in(*entry);
}

// --- shared objects ---

void* driver_dl_open(char* path) { return dlopen((std::string(path) + ".so").c_str(), RTLD_NOW); }
void* driver_dl_sym(void* handle, char* name) { return dlsym(handle, name); }
int driver_dl_close(void* handle) { return dlclose(handle); }
char* driver_dl_error() {
  char* error = dlerror();
  return error != nullptr ? error : const_cast<char*>("Unspecified dynamic library error");
}

// --- the environment ---

int erl_drv_putenv(const char* name, char* value) {
  the_runtime().environment->set(name, value);
  return 0;
}
// 0: done; less: not set; more: too small. Without a value *size is one less than it was, as in
// OTP.
int erl_drv_getenv(const char* name, char* value, size_t* size) {
  const std::optional<std::string> found = the_runtime().environment->get(name);
  if (!found || found->size() >= *size) {
    --*size;
    return found ? 1 : -1;
  }
  *size = found->size();
  memcpy(value, found->c_str(), found->size() + 1);
  return 0;
}

}  // extern "C"
