// A dirty native looks at nothing but its process and its arguments (vm/proc/native.h). What it
// wants of tables that others change (other processes, names, ETS) it looks up, and is done with,
// while one of these lives:
//
//   OnlineScope online(p);
//   send(p, receiver, message);
#pragma once

#include "vm/base/epoch.h"
#include "vm/proc/process.h"

namespace joist {

class OnlineScope {
 public:
  explicit OnlineScope(Process& p)
      : reader_(p.registers->thread == ThreadKind::kScheduler ? nullptr : p.registers->reader) {
    if (reader_ != nullptr) reader_->online();
  }
  ~OnlineScope() {
    if (reader_ != nullptr) reader_->offline();
  }
  OnlineScope(const OnlineScope&) = delete;
  OnlineScope& operator=(const OnlineScope&) = delete;

 private:
  EpochReader* reader_;
};

}  // namespace joist
