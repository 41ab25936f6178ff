// A port whose driver is from a library: calls the entry's functions, and has what those of the C
// interface work on. Terms, bytes and vectors are turned into what erl_driver.h describes.
//
// Who calls a function of the driver is in the port (vm/io/port.h) and says so by a CallScope.
// Other threads may touch the queue alone, and only if it has a data lock.
#pragma once

#include <optional>

#include "vm/driver/async.h"
#include "vm/driver/data_lock.h"
#include "vm/driver/loaded_driver.h"
#include "vm/heap/io_queue.h"
#include "vm/io/port.h"

namespace joist {

class LibraryPort final : public PortDriver {
 public:
  LibraryPort(Port& port, std::shared_ptr<const LoadedDriver> driver, DriverUse use);
  ~LibraryPort() override;

  // DriverInfo::start of all of them.
  static DriverStart open(Port& port, const std::string& command, const PortOptions& options);
  // For driver_create_port: the data is given, nothing is started.
  static std::unique_ptr<PortDriver> adopt(Port& port, void* data);

  // --- PortDriver ---
  void output(OutputData bytes) override;
  Term control_term(uint32_t operation, ByteSpan bytes, Allocator& heap) override;
  Term call(uint32_t operation, ByteSpan bytes, Allocator& heap) override;
  void event(const DriverEvent& event) override;
  void process_ended(uint64_t monitor) override;
  void timeout() override;
  void flush() override;
  void stop() override;
  void left() override;
  size_t queued() const override;

  enum Event : uint32_t { kReadable, kWritable, kJobsDone };

  // --- for the C interface ---
  Port& port() { return port_; }
  const LoadedDriver& driver() const { return *driver_; }
  const abi::DriverEntry& entry() const { return driver_->entry(); }
  Term caller() const { return caller_; }
  bool was_flushed() const { return was_flushed_; }
  void set_data(void* data) { data_ = data; }
  void set_timer(uint64_t milliseconds);
  void cancel_timer();
  uint64_t timer_left() const;  // in milliseconds
  void init_ack(void* result);
  std::shared_ptr<AsyncInbox> make_inbox();
  DriverUse another_use() const { return use_->another(); }
  // Percent of a time slice that the function which is being called has used; true: all of it.
  bool consume(int percent);

  IoQueue queue;
  std::vector<iovec> shown_vector;  // of the queue, as the driver saw it last
  std::vector<abi::DriverBinary*> shown_binaries;
  DataLock* data_lock = nullptr;  // a reference of its own
  int control_flags = 0;

 private:
  class Call;
  Term control_answer(char* reply, size_t size, const char* own_room, Allocator& heap);
  void ready(uint32_t event, int64_t value);
  void finish_jobs();
  int64_t now() const;

  Port& port_;
  const std::shared_ptr<const LoadedDriver> driver_;
  std::optional<DriverUse> use_;
  void* data_ = nullptr;
  Term caller_ = Term::nil();
  bool is_over_ = false;
  bool was_flushed_ = false;
  int64_t deadline_ns_ = INT64_MAX;
  int used_percent_ = 0;
  std::shared_ptr<AsyncInbox> inbox_;
};

// Holds the data lock of the queue, if it has one, for the VM's own looks at it.
class QueueLock {
 public:
  explicit QueueLock(DataLock* lock) : lock_(lock) {
    if (lock_ != nullptr) lock_->lock();
  }
  ~QueueLock() {
    if (lock_ != nullptr) lock_->unlock();
  }
  QueueLock(const QueueLock&) = delete;
  QueueLock& operator=(const QueueLock&) = delete;

 private:
  DataLock* const lock_;
};

}  // namespace joist
