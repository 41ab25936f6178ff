// Children of the VM's spawn ports: hands requests to the forker process and its reports to the
// ports. The process is started with the first request, or ahead of it, and anew if it has been
// killed: ports that still wait for a report are told.
#pragma once

#include <deque>
#include <memory>
#include <set>

#include "vm/base/sync.h"
#include "vm/os/child.h"
#include "vm/term/term.h"

namespace joist {

class Ports;

// DriverEvent::kind of what a driver hears of its child.
namespace child_event {
inline constexpr uint32_t kStarted = 16;     // value: process id
inline constexpr uint32_t kNotStarted = 17;  // value: error
inline constexpr uint32_t kExited = 18;      // value: status
inline constexpr uint32_t kLost = 19;        // nobody will tell of its end
}  // namespace child_event

class Forker {
 public:
  explicit Forker(Ports& ports) : ports_(ports) {}

  // Returns an error, or 0: events for the port follow. The descriptors are the forker's.
  int start(Term port, const ChildProgram& program, int reads, int writes, int standard_error)
      JOIST_EXCLUDES(mutex_);
  // So that the first request need not wait for the process.
  void start_ahead() JOIST_EXCLUDES(mutex_);
  // By the poll thread, when the socket is ready.
  void ready() JOIST_EXCLUDES(mutex_);
  // The poll set's tag of the socket.
  static constexpr uint64_t kTag = UINT64_MAX - 1;

 private:
  // Sends what waits; an error when there is no forker.
  int send_waiting() JOIST_REQUIRES(mutex_);
  int start_process() JOIST_REQUIRES(mutex_);
  void handle_report(const ChildReport& report) JOIST_REQUIRES(mutex_);
  void lost() JOIST_REQUIRES(mutex_);
  void watch() JOIST_REQUIRES(mutex_);

  Ports& ports_;
  Mutex mutex_;
  std::unique_ptr<ForkerProcess> process_ JOIST_GUARDED_BY(mutex_);
  bool is_watched_ JOIST_GUARDED_BY(mutex_) = false;
  std::deque<std::unique_ptr<ChildStart>> waiting_ JOIST_GUARDED_BY(mutex_);
  std::set<uint64_t> reporting_ JOIST_GUARDED_BY(mutex_);  // more is to be heard of these
  std::set<uint64_t> tells_exit_ JOIST_GUARDED_BY(mutex_);
};

}  // namespace joist
