#include "vm/driver/descriptors.h"

#include <sys/resource.h>

#include <cerrno>
#include <string>

#include "vm/driver/abi.h"
#include "vm/driver/library_port.h"
#include "vm/sched/schedulers.h"
#include "vm/sched/system_logger.h"
#include "vm/term/print.h"

namespace joist {

namespace {

constexpr uint32_t kBits[] = {readiness::kRead, readiness::kWrite};
constexpr uint32_t kEvents[] = {LibraryPort::kReadable, LibraryPort::kWritable};
constexpr uint32_t kGenerations = 1U << 30;

static_assert(abi::kDrvRead == readiness::kRead && abi::kDrvWrite == readiness::kWrite);
constexpr uint32_t kAllEvents = readiness::kRead | readiness::kWrite;

bool may_be_open(int descriptor) {
  rlimit limit{};
  return descriptor >= 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
         static_cast<rlim_t>(descriptor) < limit.rlim_cur;
}

struct PortNames {
  std::string driver = "<unknown>";
  std::string name = "<unknown>";
};
PortNames names_of(const Ports& ports, Term id) {
  const Port* port = id.is_nil() ? nullptr : ports.find(id);
  return port == nullptr ? PortNames() : PortNames{port->driver_info().name, port->name()};
}

std::string describe_ports(const Ports& ports, uint32_t events, const Term (&ids)[2]) {
  const bool has_both = events == kAllEvents;
  if (has_both && !(ids[0] == ids[1])) {
    const PortNames in = names_of(ports, ids[0]);
    const PortNames out = names_of(ports, ids[1]);
    return "ports=" + term_text(ids[0]) + "/" + term_text(ids[1]) + ", drivers=" + in.driver + "/" +
           out.driver + ", names=" + in.name + "/" + out.name;
  }
  const Term id = ids[events == readiness::kWrite ? 1 : 0];
  const PortNames names = names_of(ports, id);
  return "port=" + term_text(id) + ", driver=" + names.driver + ", name=" + names.name;
}

}  // namespace

DriverDescriptors::Selected DriverDescriptors::select(Term port, int descriptor, int mode,
                                                      bool on) {
  if (!may_be_open(descriptor)) return Selected::kInvalid;
  MutexLock lock(mutex_);
  const bool stops = !on && (mode & abi::kDrvUseNoCallback) == abi::kDrvUse;
  if (on) {
    want(port, descriptor, mode);
    return Selected::kDone;
  }
  const auto found = watched_.find(descriptor);
  if (found == watched_.end()) return stops ? Selected::kStopped : Selected::kDone;
  Watched& watched = found->second;
  const uint32_t events = stops ? kAllEvents : static_cast<uint32_t>(mode) & kAllEvents;
  watched.wanted &= ~events;
  watched.pending &= ~events;
  for (size_t i = 0; i < 2; ++i) {
    if ((events & kBits[i]) != 0) watched.ports[i] = Term::nil();
  }
  const bool is_unused = (mode & abi::kDrvUse) != 0 || !watched.is_used;
  if (watched.wanted == 0 && is_unused) erase(descriptor, watched);
  return stops ? Selected::kStopped : Selected::kDone;
}

void DriverDescriptors::want(Term port, int descriptor, int mode) {
  const uint32_t events = static_cast<uint32_t>(mode) & kAllEvents;
  if (events == 0) return;
  const auto [place, is_new] = watched_.try_emplace(descriptor);
  Watched& watched = place->second;
  if (is_new) watched.generation = ++last_generation_ % kGenerations;
  for (size_t i = 0; i < 2; ++i) {
    if ((events & kBits[i]) == 0) continue;
    // What was on its way to the port that had it is that one's.
    if (!(watched.ports[i] == port)) watched.pending &= ~kBits[i];
    watched.ports[i] = port;
  }
  watched.wanted |= events;
  if ((mode & abi::kDrvUse) != 0) watched.is_used = true;
  arm(descriptor, watched);
}

void DriverDescriptors::erase(int descriptor, const Watched& watched) {
  if (watched.is_known) ports_.poll_set().forget(descriptor);
  watched_.erase(descriptor);
}

void DriverDescriptors::arm(int descriptor, Watched& watched) {
  const uint32_t events = watched.wanted & ~watched.pending;
  if ((events & ~watched.armed) == 0) return;
  const int64_t value = value_of(descriptor, watched);
  const uint64_t tag = kTagBit | static_cast<uint64_t>(value);
  PollSet& poll = ports_.poll_set();
  int error = poll.arm(descriptor, events, tag, watched.is_known);
  // Closed and opened again behind our back; or it is there by another way.
  if (error == ENOENT) error = poll.arm(descriptor, events, tag, false);
  if (error == EEXIST) error = poll.arm(descriptor, events, tag, true);
  if (error == 0) {
    watched.is_known = true;
    watched.armed = events;
    return;
  }
  if (error == EBADF && !watched.is_known) {
    report_closed(descriptor, watched);
    return erase(descriptor, watched);
  }
  // The driver finds out when it reads or writes. A file is always ready.
  watched.is_broken = error != PollSet::kAlwaysReady;
  watched.pending |= events;
  for (size_t i = 0; i < 2; ++i) {
    if ((events & kBits[i]) != 0) ports_.send_event(watched.ports[i], {kEvents[i], value});
  }
}

void DriverDescriptors::report_closed(int descriptor, const Watched& watched) {
  constexpr const char* kDirections[] = {"", "input", "output", "input/output"};
  const std::string text = std::string("Bad ") + kDirections[watched.wanted & kAllEvents] +
                           " fd in erts_poll()! fd=" + std::to_string(descriptor) + ", " +
                           describe_ports(ports_, watched.wanted, watched.ports) + "\n";
  const Runtime& runtime = ports_.runtime();
  runtime.logger->report_error(runtime, Schedulers::kNone, text);
}

void DriverDescriptors::port_ended(Term port) {
  MutexLock lock(mutex_);
  for (auto at = watched_.begin(); at != watched_.end();) {
    Watched& watched = at->second;
    const int descriptor = at->first;
    ++at;
    bool had_it = false;
    for (size_t i = 0; i < 2; ++i) {
      if (!(watched.ports[i] == port)) continue;
      had_it = true;
      watched.ports[i] = Term::nil();
      watched.wanted &= ~kBits[i];
    }
    if (had_it && watched.wanted == 0) erase(descriptor, watched);
  }
}

DriverDescriptors::Watched* DriverDescriptors::find(int64_t value) {
  const auto found = watched_.find(descriptor_of(value));
  if (found == watched_.end() || value_of(found->first, found->second) != value) return nullptr;
  return &found->second;
}

void DriverDescriptors::ready(const PollSet::Event& event, const PortThread& thread) {
  const auto value = static_cast<int64_t>(event.tag & ~kTagBit);
  Term told[2] = {Term::nil(), Term::nil()};
  {
    MutexLock lock(mutex_);
    Watched* watched = find(value);
    if (watched == nullptr) return;
    watched->armed = 0;
    const uint32_t events = event.ready & watched->wanted & ~watched->pending;
    watched->pending |= events;
    for (size_t i = 0; i < 2; ++i) {
      if ((events & kBits[i]) != 0) told[i] = watched->ports[i];
    }
    arm(descriptor_of(value), *watched);
  }
  for (size_t i = 0; i < 2; ++i) {
    if (!told[i].is_nil()) ports_.send_event(thread, told[i], {kEvents[i], value});
  }
}

bool DriverDescriptors::begin(Term port, int64_t value, int index) {
  MutexLock lock(mutex_);
  const Watched* watched = find(value);
  return watched != nullptr && watched->ports[index] == port &&
         (watched->wanted & watched->pending & kBits[index]) != 0;
}

void DriverDescriptors::done(int64_t value, int index) {
  MutexLock lock(mutex_);
  Watched* watched = find(value);
  if (watched == nullptr) return;
  if (watched->is_broken) return erase(descriptor_of(value), *watched);
  watched->pending &= ~kBits[index];
  arm(descriptor_of(value), *watched);
}

}  // namespace joist
