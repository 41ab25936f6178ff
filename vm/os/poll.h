// Waiting for many descriptors at once. One thread waits; any thread may arm, forget and wake.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "vm/base/result.h"

namespace joist {

namespace readiness {
inline constexpr uint32_t kRead = 1;
inline constexpr uint32_t kWrite = 2;
}  // namespace readiness

class PollSet {
 public:
  struct Event {
    uint64_t tag;
    uint32_t ready;  // bits of readiness; both when the other end is gone
  };
  // What arm() says of a file that is always ready, and so cannot be waited for.
  static constexpr int kAlwaysReady = -1;
  static constexpr uint64_t kNoTag = UINT64_MAX;  // tags are anything but this

  static Result<std::unique_ptr<PollSet>> create();
  ~PollSet();
  PollSet(const PollSet&) = delete;
  PollSet& operator=(const PollSet&) = delete;

  // Reports once when one of the events is there, with the tag; `is_known`: this descriptor was
  // armed before and not forgotten. Returns the OS' error, kAlwaysReady, or 0.
  int arm(int descriptor, uint32_t events, uint64_t tag, bool is_known);
  // Before the descriptor is closed. An event that has been taken already may still come.
  void forget(int descriptor);

  // Fills `events` from the front; returns how many. Negative timeout: no limit.
  size_t wait(std::span<Event> events, int64_t timeout_ns);
  // Makes the wait of now, or the next one, return.
  void wake();

 private:
  PollSet(int epoll, int wakeup) : epoll_(epoll), wakeup_(wakeup) {}

  const int epoll_;
  const int wakeup_;  // an eventfd
};

}  // namespace joist
