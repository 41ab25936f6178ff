// Timers that send a message: erlang:start_timer and erlang:send_after. Each is known by its
// reference, which any process may use to read or cancel it.
//
// Whoever takes a timer out of the table decides its fate: the scheduler whose wheel it is in, when
// its time has come, or the process that cancels it. Those for a process, not for a name, are
// cancelled when it ends.
#pragma once

#include <optional>
#include <unordered_map>

#include "vm/sched/timers.h"

namespace joist {

class MessageTimers {
 public:
  explicit MessageTimers(Runtime& runtime) : runtime_(runtime) {}
  ~MessageTimers();
  MessageTimers(const MessageTimers&) = delete;
  MessageTimers& operator=(const MessageTimers&) = delete;

  // Sends `message` (the timers' now) to `receiver`, a pid or a name that is looked up then. The
  // time is of Clock::monotonic_ns().
  void start(uint64_t id, uint32_t scheduler, int64_t deadline_ns, Term receiver, Signal* message);
  // Nanoseconds left, not negative; nullopt: no such timer, or its time has come, or the process
  // that it was for has ended.
  std::optional<int64_t> left(uint64_t id);
  // The same, and it never sends its message.
  std::optional<int64_t> cancel(uint64_t id);
  // Cancels those for a process that nobody can send to any more, as far as its reductions allow.
  // False: there are more.
  bool drop_all(Process& receiver);
  size_t count();
  // What there is, for who describes the whole VM while no timer runs: the messages stay the
  // timers'.
  struct Description {
    Term receiver;
    Term message;
    int64_t left_ns;
  };
  std::vector<Description> list();

 private:
  struct MessageTimer : Timer {
    MessageTimers* owner;
    uint64_t id;
    int64_t deadline_ns;
    Term receiver;
    Signal* message;
    // Neighbours among those for the same process; who frees it has taken it out.
    bool is_listed = false;
    MessageTimer* next = nullptr;
    MessageTimer* previous = nullptr;
  };
  static constexpr size_t kShards = 16;
  struct alignas(kCacheLine) Shard {
    Mutex mutex;
    std::unordered_map<uint64_t, MessageTimer*> timers JOIST_GUARDED_BY(mutex);
  };

  // By receiver, the first of those for it.
  static constexpr size_t kReceiverShards = 64;
  struct alignas(kCacheLine) ReceiverShard {
    std::atomic<size_t> count{0};  // of receivers
    Mutex mutex;
    std::unordered_map<Word, MessageTimer*> first JOIST_GUARDED_BY(mutex);
  };

  Shard& shard_of(uint64_t id) { return shards_[id % kShards]; }
  ReceiverShard& receiver_shard(Term receiver) {
    return receivers_[(receiver.bits() >> 3) % kReceiverShards];
  }
  void enlist(MessageTimer& timer);
  void unlist(MessageTimer& timer);
  static void take_out(ReceiverShard& shard, MessageTimer& timer) JOIST_REQUIRES(shard.mutex);
  // Not of a name, which may be given until the time has come.
  bool has_receiver(Term receiver) const;
  int64_t left_of(const MessageTimer& timer) const;
  static void on_expiry(Timer& timer, Schedulers& schedulers, uint32_t scheduler);
  void fire(MessageTimer& timer, uint32_t scheduler);

  Runtime& runtime_;
  Shard shards_[kShards];
  ReceiverShard receivers_[kReceiverShards];
};

}  // namespace joist
