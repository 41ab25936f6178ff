// driver_select: descriptors that drivers wait for. The poll thread of the ports tells a port that
// one is ready; the port calls the driver, and the descriptor is waited for again:
//
//   armed --ready--> pending (an event of the port) --begin, driver, done--> armed
//
// One that is no descriptor, as it is closed, is reported and not wanted any more.
// A descriptor that is no longer wanted, or is somebody else's by now, has another generation: what
// was on its way for it is ignored. So a driver may close one as soon as it is not selected any
// more.
#pragma once

#include <map>

#include "vm/base/sync.h"
#include "vm/io/ports.h"

namespace joist {

class DriverDescriptors final : public DescriptorWatcher {
 public:
  explicit DriverDescriptors(Ports& ports) : ports_(ports) {}

  enum class Selected : uint8_t {
    kDone,
    kStopped,  // and the driver is to be told that it may close it
    kInvalid,
  };
  // As driver_select, on behalf of that port.
  Selected select(Term port, int descriptor, int mode, bool on) JOIST_EXCLUDES(mutex_);
  void port_ended(Term port) JOIST_EXCLUDES(mutex_);
  // How many there are.
  size_t count() JOIST_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return watched_.size();
  }

  // --- DescriptorWatcher ---
  void ready(const PollSet::Event& event, const PortThread& thread) override JOIST_EXCLUDES(mutex_);

  // --- of a port, about an event of it; index 0: input, 1: output ---
  static int descriptor_of(int64_t value) { return static_cast<int>(value & INT32_MAX); }
  // False: nobody waits for it any more.
  bool begin(Term port, int64_t value, int index) JOIST_EXCLUDES(mutex_);
  void done(int64_t value, int index) JOIST_EXCLUDES(mutex_);

 private:
  struct Watched {
    Term ports[2] = {Term::nil(), Term::nil()};
    uint32_t generation = 0;
    uint32_t wanted = 0;   // bits of readiness
    uint32_t pending = 0;  // of which a port has been told, or is being told
    uint32_t armed = 0;
    bool is_known = false;   // to the poll set
    bool is_broken = false;  // it cannot be waited for
    bool is_used = false;    // until the driver says otherwise, wanted or not
  };
  static int64_t value_of(int descriptor, const Watched& watched) {
    return static_cast<int64_t>(watched.generation) << 31 | descriptor;
  }
  Watched* find(int64_t value) JOIST_REQUIRES(mutex_);
  void want(Term port, int descriptor, int mode) JOIST_REQUIRES(mutex_);
  // It may be gone afterwards.
  void arm(int descriptor, Watched& watched) JOIST_REQUIRES(mutex_);
  void report_closed(int descriptor, const Watched& watched);
  void erase(int descriptor, const Watched& watched) JOIST_REQUIRES(mutex_);

  Ports& ports_;
  Mutex mutex_;
  std::map<int, Watched> watched_ JOIST_GUARDED_BY(mutex_);
  uint32_t last_generation_ JOIST_GUARDED_BY(mutex_) = 0;
};

}  // namespace joist
