#include "vm/nif/interface.h"

#include <algorithm>
#include <atomic>

#include "vm/nif/api_table.h"
#include "vm/nif/library.h"
#include "vm/nif/resource.h"
#include "vm/nif/select.h"
#include "vm/sched/schedulers.h"

namespace joist {

namespace {

std::atomic<NativeInterface*>& current_interface() {
  static std::atomic<NativeInterface*> current{nullptr};
  return current;
}

}  // namespace

NativeInterface* NativeInterface::current() {
  return current_interface().load(std::memory_order_acquire);
}

NativeInterface::NativeInterface(Runtime& runtime)
    : runtime_(runtime),
      types_(std::make_unique<ResourceTypes>(runtime)),
      libraries_(std::make_unique<NifLibraries>(runtime)),
      events_(std::make_unique<EventWatch>(runtime)) {
  JOIST_CHECK(!api_functions().empty());
  NativeInterface* none = nullptr;
  current_interface().compare_exchange_strong(none, this);
}

NativeInterface::~NativeInterface() {
  events_.reset();
  NativeInterface* self = this;
  current_interface().compare_exchange_strong(self, nullptr);
}

void NativeInterface::add_taint(Term name) {
  MutexLock lock(taints_mutex_);
  if (std::find(taints_.begin(), taints_.end(), name) == taints_.end()) taints_.push_back(name);
}

std::vector<Term> NativeInterface::taints() {
  MutexLock lock(taints_mutex_);
  return taints_;
}

ReaderScope::ReaderScope() : reader_(NativeInterface::current()->runtime().schedulers->epochs()) {
  reader_.online();
}

ReaderScope::~ReaderScope() { reader_.offline(); }

}  // namespace joist
