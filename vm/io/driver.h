// What a port does its work with: one object for each open port of a kind, told of commands and of
// descriptors that are ready. The port calls it from one thread at a time, in whatever thread runs
// the port, so it needs no locks and must not wait.
//
//   open_port -> DriverInfo::start(port, options) -> output, control, ready_*, ... -> stop
//
// A driver answers through its Port: data and messages for the owner, watching of descriptors,
// busy or not, and how it ends (vm/io/port.h). After it has called one of the fail_* functions it
// may have been stopped already, and returns at once.
#pragma once

#include <memory>
#include <mutex>

#include "vm/heap/allocator.h"
#include "vm/io/output.h"
#include "vm/io/port_options.h"

namespace joist {

class Port;

// News from elsewhere for a driver: its own affair what the numbers mean.
struct DriverEvent {
  uint32_t kind;
  int64_t value;
};

class PortDriver {
 public:
  virtual ~PortDriver() = default;

  // port_command. The port sees to it that none comes when it is busy.
  virtual void output(OutputData data) = 0;
  // port_control. False: badarg. Bytes put into `reply` go to the caller as a list.
  virtual bool control(uint32_t operation, ByteSpan data, std::vector<uint8_t>* reply);
  // The same for drivers whose answers are not always lists; none(): badarg.
  virtual Term control_term(uint32_t operation, ByteSpan data, Allocator& heap);
  // erlang:port_call/3 with the external form of a term; the answer, or none(): badarg.
  virtual Term call(uint32_t operation, ByteSpan data, Allocator& heap);
  virtual void ready_input(int descriptor);
  virtual void ready_output(int descriptor);
  virtual void event(const DriverEvent& event);
  // A process that the driver has set a monitor on (Port::monitor).
  virtual void process_ended(uint64_t monitor);
  virtual void timeout();
  // The port is closed, but there is output left: it goes on until queued() is 0.
  virtual void flush() {}
  // The end, before which there was output left or not. The object lives a little longer.
  virtual void stop() = 0;
  // After stop(), when no thread is in the driver for this port any more.
  virtual void left() {}
  // Bytes of output that are not written yet.
  virtual size_t queued() const { return 0; }
};

struct DriverStart {
  std::unique_ptr<PortDriver> driver;  // null: it could not be started, because:
  int posix_error = 0;                 // of the OS; 0: that is not known (einval)
  bool bad_argument = false;
};

struct DriverInfo {
  const char* name;
  DriverStart (*start)(Port& port, const std::string& name, const PortOptions& options);
  bool port_locking = false;     // what port_info(Port, locking) says
  bool takes_force = false;      // port_command with `force` works while it is busy
  bool takes_limits = false;     // {busy_limits_port, _} may be given
  bool ends_at_halt = false;     // the VM waits for its output, but only once it is closed
  bool starts_later = false;     // open_port waits until Port::started or Port::start_failed
  bool is_loaded = false;        // from a file: a LoadedDriver (vm/driver/loaded_driver.h)
  bool has_queue_limits = true;  // commands that wait can make its ports busy
  // Of a driver that runs for one of its ports at a time: held by whoever is in a port. Null: each
  // port for itself.
  std::recursive_mutex* lock = nullptr;
};

}  // namespace joist
