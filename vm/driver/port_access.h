// The port that a function of the C interface is about.
//
// The calling thread is in that port, or in another one of the same driver, whose lock it then has.
// Then it enters this one, too, or, if somebody stands at its door and waits for the lock, takes it
// over for the time. What there is to do in it is left for later.
#pragma once

#include "vm/driver/library_port.h"

namespace joist {

// A port with a driver of a library; null: there is none. A dead one is there for its driver as
// long as that is being stopped.
Port* find_library_port(abi::PortHandle handle);

class PortAccess {
 public:
  explicit PortAccess(abi::PortHandle handle);
  ~PortAccess();
  PortAccess(const PortAccess&) = delete;
  PortAccess& operator=(const PortAccess&) = delete;

  // False: there is no such port, or the calling thread has no business with it.
  explicit operator bool() const { return library_port_ != nullptr; }
  LibraryPort* operator->() const { return library_port_; }
  LibraryPort& operator*() const { return *library_port_; }
  Port& port() const { return library_port_->port(); }

 private:
  LibraryPort* library_port_ = nullptr;
  bool entered_ = false;
  const PortThread* waiting_ = nullptr;  // who stood at the door
  bool taken_over_ = false;
};

// The queue of a port, for threads of the driver's own, too, that hold its data lock.
class QueueAccess {
 public:
  explicit QueueAccess(abi::PortHandle handle);
  ~QueueAccess();
  QueueAccess(const QueueAccess&) = delete;
  QueueAccess& operator=(const QueueAccess&) = delete;

  explicit operator bool() const { return library_port_ != nullptr; }
  LibraryPort* operator->() const { return library_port_; }

 private:
  std::optional<PortAccess> access_;
  std::unique_ptr<class ReaderScope> reader_;
  LibraryPort* library_port_ = nullptr;
};

}  // namespace joist
