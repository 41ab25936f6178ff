// erl_driver.h: a port's descriptors, time, busyness and end; threads that work for it.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "vm/driver/call_scope.h"
#include "vm/driver/interface.h"
#include "vm/driver/port_access.h"
#include "vm/os/posix_error.h"
#include "vm/term/print.h"

using namespace joist;

namespace {

DriverInterface& drivers() { return *DriverInterface::current(); }

Term word_of_port(abi::PortHandle handle) { return Term::from_bits(handle); }

int fail_with(abi::PortHandle handle, Term reason) {
  const PortAccess access(handle);
  if (!access) return -1;
  access.port().fail_term(reason);
  return 0;
}

// 0: as it was. A limit that is set moves the other one out of its way.
BusyLimits merged(const BusyLimits& former, size_t low, size_t high) {
  BusyLimits limits = former;
  if (low != 0) {
    limits.high = std::max(limits.high, low);
    limits.low = low;
  }
  if (high != 0) {
    limits.low = std::min(limits.low, high);
    limits.high = high;
  }
  return limits;
}

}  // namespace

extern "C" {

// --- descriptors and time ---

int driver_select(abi::PortHandle handle, void* event, int mode, int on) {
  const PortAccess access(handle);
  if (!access) return -1;
  const auto descriptor = static_cast<int>(reinterpret_cast<intptr_t>(event));
  using Selected = DriverDescriptors::Selected;
  switch (drivers().descriptors().select(access.port().id(), descriptor, mode, on != 0)) {
    case Selected::kInvalid:
      return -1;
    case Selected::kStopped:
      if (access->entry().stop_select != nullptr) access->entry().stop_select(event, nullptr);
      return 0;
    case Selected::kDone:
      return 0;
  }
  return 0;
}

int driver_set_timer(abi::PortHandle handle, unsigned long milliseconds) {
  const PortAccess access(handle);
  if (!access || access->entry().timeout == nullptr) return -1;
  access->set_timer(milliseconds);
  return 0;
}
int driver_cancel_timer(abi::PortHandle handle) {
  const PortAccess access(handle);
  if (!access) return -1;
  access->cancel_timer();
  return 0;
}
int driver_read_timer(abi::PortHandle handle, unsigned long* left) {
  const PortAccess access(handle);
  if (!access) return -1;
  *left = access->timer_left();
  return 0;
}
int erl_drv_consume_timeslice(abi::PortHandle handle, int percent) {
  const PortAccess access(handle);
  return access && access->consume(percent) ? 1 : 0;
}

// --- busy ---

void set_busy_port(abi::PortHandle handle, int on) {
  const PortAccess access(handle);
  if (access) access.port().set_busy(on != 0);
}

// 0 asks only. Both are given back as they are then.
void erl_drv_busy_msgq_limits(abi::PortHandle handle, size_t* low, size_t* high) {
  const PortAccess access(handle);
  BusyLimits limits = {abi::kBusyDisabled, abi::kBusyDisabled};
  if (access && access.port().queue_limits().high != kNoBusyLimit) {
    const BusyLimits wanted = {low == nullptr ? 0 : *low, high == nullptr ? 0 : *high};
    if (wanted.low == abi::kBusyDisabled || wanted.high == abi::kBusyDisabled) {
      access.port().set_queue_limits(limits);
      limits = wanted;
    } else {
      limits = merged(access.port().queue_limits(), wanted.low, wanted.high);
      access.port().set_queue_limits(limits);
    }
  }
  if (low != nullptr) *low = limits.low;
  if (high != nullptr) *high = limits.high;
}

// --- the end ---

int driver_failure_eof(abi::PortHandle handle) {
  const PortAccess access(handle);
  if (!access) return -1;
  access.port().fail_end_of_file();
  return 0;
}
int driver_failure_atom(abi::PortHandle handle, char* name) {
  const std::optional<Term> atom = latin1_atom(name);
  return atom ? fail_with(handle, *atom) : -1;
}
int driver_failure_posix(abi::PortHandle handle, int error) {
  return fail_with(handle, must_atom(posix_error_name(error)));
}
int driver_failure(abi::PortHandle handle, int code) {
  return code == 0 ? driver_failure_eof(handle) : fail_with(handle, Term::small(code));
}
int driver_exit(abi::PortHandle handle, int error) {
  {
    const PortAccess access(handle);
    if (!access) return -1;
    access.port().unlink_owner();
  }
  return fail_with(handle, error == 0 ? Term(atoms::normal) : must_atom(posix_error_name(error)));
}

// --- ports ---

Word driver_mk_port(abi::PortHandle handle) {
  const PortAccess access(handle);
  return access ? access.port().id().bits() : Term::nil().bits();
}
Word driver_connected(abi::PortHandle handle) {
  const PortAccess access(handle);
  return access ? access.port().owner().bits() : Term::nil().bits();
}
Word driver_caller(abi::PortHandle handle) {
  const PortAccess access(handle);
  return access ? access->caller().bits() : Term::nil().bits();
}

abi::PortHandle driver_create_port(abi::PortHandle creator, Word owner, char* name, void* data) {
  const PortAccess access(creator);
  if (!access || !term_of(owner).is_local_pid()) return abi::kNoPort;
  const LoadedDriver& driver = access->driver();
  if (drivers().libraries().find(driver.text()).get() != &driver) return abi::kNoPort;
  const Term port = drivers().ports().open_for(access.port().thread(), term_of(owner), driver, name,
                                               LibraryPort::adopt, data);
  return port.is_none() ? abi::kNoPort : port.bits();
}

void set_port_control_flags(abi::PortHandle handle, int flags) {
  const PortAccess access(handle);
  if (access) access->control_flags = flags;
}
int get_port_flags(abi::PortHandle handle) {
  const PortAccess access(handle);
  if (!access) return 0;
  return (access.port().is_binary() ? abi::kPortBinary : 0) |
         (access.port().has_lines() ? abi::kPortLine : 0);
}
int driver_lock_driver(abi::PortHandle handle) {
  const PortAccess access(handle);
  return access && drivers().libraries().make_permanent(access->driver()) ? 0 : -1;
}
void erl_drv_init_ack(abi::PortHandle handle, void* result) {
  const int error = errno;
  const PortAccess access(handle);
  errno = error;
  if (access) access->init_ack(result);
}
void erl_drv_set_os_pid(abi::PortHandle handle, int64_t pid) {
  const PortAccess access(handle);
  if (access) access.port().set_os_pid(pid);
}
void dtrace_drvport_str(abi::PortHandle handle, char* text) {
  strcpy(text, term_text(word_of_port(handle)).c_str());
}

// --- threads ---

unsigned driver_async_port_key(abi::PortHandle handle) {
  return static_cast<unsigned>(word_of_port(handle).payload() * 2654435761U >> 8);
}

long driver_async(abi::PortHandle handle, unsigned* key, void (*invoke)(void*), void* data,
                  void (*free)(void*)) {
  const PortAccess access(handle);
  if (!access) return -1;
  auto job = std::make_unique<AsyncJob>(access->another_use(), access->data_lock);
  job->invoke = invoke;
  job->data = data;
  job->free = free;
  return drivers().async().add(std::move(job), access->make_inbox(), key);
}

}  // extern "C"
