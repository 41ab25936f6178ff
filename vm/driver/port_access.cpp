#include "vm/driver/port_access.h"

#include "vm/driver/call_scope.h"
#include "vm/driver/interface.h"
#include "vm/nif/interface.h"

namespace joist {

Port* find_library_port(abi::PortHandle handle) {
  const Term id = Term::from_bits(handle);
  if (!id.is_local_port()) return nullptr;
  Port* port = DriverInterface::current()->ports().find(id);
  if (port == nullptr || !port->driver_info().is_loaded) return nullptr;
  return !port->is_dead() || CallScope::is_in(*port) ? port : nullptr;
}

PortAccess::PortAccess(abi::PortHandle handle) {
  const CallScope* scope = CallScope::innermost();
  if (scope == nullptr) return;
  Port* port = find_library_port(handle);
  if (port == nullptr) return;
  if (!CallScope::is_in(*port)) {
    // Two locks at once might be taken in another order elsewhere.
    if (&port->driver_info() != &scope->port().driver_info()) return;
    entered_ = port->enter(scope->port().thread());
    if (!entered_ && port->driver_info().lock == nullptr) return;
    if (!entered_) waiting_ = port->exchange_thread(&scope->port().thread());
    taken_over_ = !entered_;
  }
  library_port_ = static_cast<LibraryPort*>(port->driver());
}

PortAccess::~PortAccess() {
  if (entered_) library_port_->port().let_go();
  if (taken_over_) library_port_->port().exchange_thread(waiting_);
}

QueueAccess::QueueAccess(abi::PortHandle handle) {
  if (CallScope::innermost() != nullptr) {
    access_.emplace(handle);
    if (*access_) library_port_ = &**access_;
    return;
  }
  reader_ = std::make_unique<ReaderScope>();
  Port* port = find_library_port(handle);
  if (port == nullptr) return;
  auto* library_port = static_cast<LibraryPort*>(port->driver());
  if (library_port != nullptr && library_port->data_lock != nullptr) library_port_ = library_port;
}

QueueAccess::~QueueAccess() = default;

}  // namespace joist
