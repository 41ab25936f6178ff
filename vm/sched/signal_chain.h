// Signals picked out of a chain one by one, chained again in their order.
#pragma once

#include "vm/proc/signal.h"

namespace joist {

class SignalChain {
 public:
  SignalChain() = default;
  SignalChain(const SignalChain&) = delete;
  SignalChain& operator=(const SignalChain&) = delete;

  Signal* first() const { return first_; }
  // The signal is in no chain any more.
  void add(Signal* signal) {
    *end_ = signal;
    end_ = &signal->next;
  }
  void end_with(Signal* chain) { *end_ = chain; }

 private:
  Signal* first_ = nullptr;
  Signal** end_ = &first_;
};

}  // namespace joist
