// Drivers of a VM: its libraries, the descriptors that they watch, and the threads that work for
// them. As functions of the C interface come without a hint of whose they are, the VM is that of
// NativeInterface (vm/nif/interface.h).
#pragma once

#include "vm/driver/async.h"
#include "vm/driver/descriptors.h"
#include "vm/driver/library.h"

namespace joist {

class DriverInterface {
 public:
  // The ports outlive it no longer than they are closed.
  DriverInterface(Runtime& runtime, Ports& ports);
  ~DriverInterface();
  DriverInterface(const DriverInterface&) = delete;
  DriverInterface& operator=(const DriverInterface&) = delete;

  // Of this OS process; null: none.
  static DriverInterface* current();

  Runtime& runtime() { return runtime_; }
  Ports& ports() { return ports_; }
  DriverLibraries& libraries() { return libraries_; }
  DriverDescriptors& descriptors() { return descriptors_; }
  AsyncThreads& async() { return async_; }

 private:
  Runtime& runtime_;
  Ports& ports_;
  DriverLibraries libraries_;
  DriverDescriptors descriptors_;
  AsyncThreads async_;
};

// The atom of a name that a driver gives, in Latin-1, cut to the longest that there is. Nothing:
// the atom table is full.
std::optional<Term> latin1_atom(std::string_view name);

}  // namespace joist
