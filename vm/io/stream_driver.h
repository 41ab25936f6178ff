// What the drivers of byte streams (fd, spawn, and files) have in common: reading into packets or
// as it comes, writing as much as the OS takes, and queueing the rest.
#pragma once

#include "vm/io/blocking_writer.h"
#include "vm/io/driver.h"
#include "vm/io/framing.h"

namespace joist {

class StreamDriver : public PortDriver {
 public:
  StreamDriver(Port& port, const PortOptions& options);

  void output(OutputData data) override;
  void ready_input(int descriptor) override;
  void ready_output(int descriptor) override;
  void event(const DriverEvent& event) override;
  void stop() override;
  size_t queued() const override;

 protected:
  // The descriptor has ended, or there was an error (0: none).
  virtual void input_ended();
  // At the end. Descriptors that are not the driver's own stay open.
  virtual void release_descriptor(int descriptor) = 0;

  void set_input(int descriptor);  // and reads it from now on
  void set_output(int descriptor) { output_ = descriptor; }
  // Writes by a thread of its own: the descriptor must stay blocking.
  void write_blocking() { writer_ = std::make_unique<BlockingWriter>(port_, output_); }
  void close_input();
  void close_output();

  Port& port_;
  int input_ = -1;
  int output_ = -1;

 private:
  void write_now();
  // How much is left, for `busy`.
  void update_busy();
  void input_failed(int error);

  const size_t packet_bytes_;
  const BusyLimits limits_;
  std::unique_ptr<PacketReader> packets_;
  OutputData queue_;
  std::unique_ptr<BlockingWriter> writer_;
  bool busy_ = false;
  bool stopped_ = false;
  int ending_ = kGoesOn;  // what to end with when the writer is done
  static constexpr int kGoesOn = -1;
  static constexpr int kEndOfFile = 0;  // otherwise an error
};

}  // namespace joist
