// The calling scheduler alone: all others have let go of their processes, so that their records,
// and code, may be changed. Dirty threads go on; a process that one of them works for may be
// changed in what a dirty native leaves alone (vm/proc/native.h).
//
//   Exclusive alone(p);
//   if (!alone) return p.yield({a, b});   // another one is at it: try again in the next turn
#pragma once

#include "vm/proc/process.h"

namespace joist {

class Exclusive {
 public:
  // Waits until the others' slices are over: about a millisecond.
  explicit Exclusive(Process& p);
  ~Exclusive();
  Exclusive(const Exclusive&) = delete;
  Exclusive& operator=(const Exclusive&) = delete;

  explicit operator bool() const { return held_; }

 private:
  Process& process_;
  bool held_;
};

}  // namespace joist
