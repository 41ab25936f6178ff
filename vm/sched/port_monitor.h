// erlang:system_monitor/2 with busy_port, busy_dist_port and, for ports, long_schedule: its process
// is told of those that must wait until a port takes data again, and of ports that take long.
#pragma once

#include "vm/proc/process.h"

namespace joist {

// `port`: what the process waits for. The caller holds no lock.
void tell_of_busy_port(Process& waiting, Term port);
// The same of the controller of a connection.
void tell_of_busy_dist_port(Process& waiting, Term port);

// From its making to its end a port is busy with one operation, by its name in the documentation of
// system_monitor. `scheduler`: that runs the port, or Schedulers::kNone.
class PortOperation {
 public:
  PortOperation(const Runtime& runtime, uint32_t scheduler, Term port, const char* name);
  ~PortOperation() {
    if (limit_ns_ != 0) [[unlikely]]
      end();
  }
  PortOperation(const PortOperation&) = delete;
  PortOperation& operator=(const PortOperation&) = delete;

 private:
  void end() const;

  const Runtime& runtime_;
  const uint32_t scheduler_;
  const Term port_;
  const char* const name_;
  const int64_t limit_ns_;  // 0: nobody wants to know
  int64_t start_ns_ = 0;
};

}  // namespace joist
