// The one source of time. The Vm owns a Clock and hands it down; nothing else reads a clock, so a
// test or a deterministic run can supply its own time.
#pragma once

#include <cstdint>

namespace joist {

class Clock {
 public:
  virtual ~Clock() = default;

  // Never goes backwards, does not follow changes of the wall clock; the zero is arbitrary.
  virtual int64_t monotonic_ns() = 0;
  // Since 1970-01-01 UTC. May jump.
  virtual int64_t wall_ns() = 0;
  // Processor time of the whole OS process and of the calling thread.
  virtual int64_t process_cpu_ns() = 0;
  virtual int64_t thread_cpu_ns() = 0;
};

class SystemClock final : public Clock {
 public:
  int64_t monotonic_ns() override;
  int64_t wall_ns() override;
  int64_t process_cpu_ns() override;
  int64_t thread_cpu_ns() override;
};

}  // namespace joist
