// Port data locks (driver_pdl_*): what a driver guards the data of a port with that threads of its
// own work on, too; the queue among it. Counted: the port has one reference, whoever locks it one
// meanwhile. A thread may lock it only once.
#pragma once

#include <atomic>
#include <mutex>

namespace joist {

class DataLock {
 public:
  DataLock() = default;
  DataLock(const DataLock&) = delete;
  DataLock& operator=(const DataLock&) = delete;

  void lock() {
    retain();
    mutex_.lock();
  }
  void unlock() {
    mutex_.unlock();
    release();
  }
  // Both return how many there are then.
  int64_t retain() { return references_.fetch_add(1) + 1; }
  int64_t release() {
    const int64_t left = references_.fetch_sub(1) - 1;
    if (left == 0) delete this;
    return left;
  }
  int64_t count() const { return references_.load(); }

 private:
  ~DataLock() = default;
  std::atomic<int64_t> references_{1};
  // Recursive, as the VM locks it where the driver may have done so already.
  std::recursive_mutex mutex_;
};

}  // namespace joist
