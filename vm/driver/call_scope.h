// Which ports the calling thread is in the driver of, innermost first: a function of the C
// interface comes without a hint of that. It is in more than one where what a driver did with
// another port of its own calls the driver again.
#pragma once

#include "vm/io/port.h"

namespace joist {

class CallScope {
 public:
  explicit CallScope(Port& port) : port_(port), outer_(innermost()) { innermost() = this; }
  ~CallScope() { innermost() = outer_; }
  CallScope(const CallScope&) = delete;
  CallScope& operator=(const CallScope&) = delete;

  Port& port() const { return port_; }
  // null: the thread is in none.
  static const CallScope*& innermost() {
    static thread_local const CallScope* scope = nullptr;
    return scope;
  }
  static bool is_in(const Port& port) {
    for (const CallScope* scope = innermost(); scope != nullptr; scope = scope->outer_) {
      if (&scope->port_ == &port) return true;
    }
    return false;
  }

 private:
  Port& port_;
  const CallScope* const outer_;
};

}  // namespace joist
