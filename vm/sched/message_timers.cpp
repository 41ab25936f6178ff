#include "vm/sched/message_timers.h"

#include "vm/proc/name_table.h"
#include "vm/proc/process.h"
#include "vm/proc/process_table.h"
#include "vm/sched/deliver.h"
#include "vm/sched/schedulers.h"

namespace joist {

MessageTimers::~MessageTimers() {
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    for (auto& [id, timer] : shard.timers) {
      Timers::cancel(*timer);
      release_signal(timer->message);
      delete timer;
    }
  }
}

void MessageTimers::start(uint64_t id, uint32_t scheduler, int64_t deadline_ns, Term receiver,
                          Signal* message) {
  if (!has_receiver(receiver)) return release_signal(message);
  auto* timer = new MessageTimer;
  timer->owner = this;
  timer->id = id;
  timer->deadline_ns = deadline_ns;
  timer->receiver = receiver;
  timer->message = message;
  timer->expired = on_expiry;
  Schedulers& schedulers = *runtime_.schedulers;
  // Nobody else has it yet.
  enlist(*timer);
  {
    Shard& shard = shard_of(id);
    MutexLock lock(shard.mutex);
    shard.timers[id] = timer;
    schedulers.slot(scheduler).timers.start_at(*timer, schedulers.clock().monotonic_ns(),
                                               deadline_ns);
  }
  // Ended meanwhile: drop_all() may have come before.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (!has_receiver(receiver)) cancel(id);
}

void MessageTimers::enlist(MessageTimer& timer) {
  if (!timer.receiver.is_local_pid()) return;
  ReceiverShard& shard = receiver_shard(timer.receiver);
  MutexLock lock(shard.mutex);
  MessageTimer*& first = shard.first[timer.receiver.bits()];
  if (first == nullptr) {
    shard.count.fetch_add(1, std::memory_order_relaxed);
  } else {
    first->previous = &timer;
  }
  timer.next = first;
  timer.is_listed = true;
  first = &timer;
}

void MessageTimers::take_out(ReceiverShard& shard, MessageTimer& timer) {
  timer.is_listed = false;
  if (timer.next != nullptr) timer.next->previous = timer.previous;
  if (timer.previous != nullptr) {
    timer.previous->next = timer.next;
  } else if (timer.next != nullptr) {
    shard.first[timer.receiver.bits()] = timer.next;
  } else {
    shard.first.erase(timer.receiver.bits());
    shard.count.fetch_sub(1, std::memory_order_relaxed);
  }
}

void MessageTimers::unlist(MessageTimer& timer) {
  if (!timer.receiver.is_local_pid()) return;
  ReceiverShard& shard = receiver_shard(timer.receiver);
  MutexLock lock(shard.mutex);
  if (timer.is_listed) take_out(shard, timer);
}

bool MessageTimers::drop_all(Process& receiver) {
  ReceiverShard& shard = receiver_shard(receiver.pid);
  // One that is being started is seen here, or its starter sees that the process has ended.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (shard.count.load(std::memory_order_relaxed) == 0) return true;
  while (!receiver.out_of_budget()) {
    uint64_t id;
    {
      MutexLock lock(shard.mutex);
      const auto found = shard.first.find(receiver.pid.bits());
      if (found == shard.first.end()) return true;
      id = found->second->id;
      take_out(shard, *found->second);
    }
    // If it is about to fire, that frees it.
    cancel(id);
    receiver.charge(1);
  }
  return false;
}

int64_t MessageTimers::left_of(const MessageTimer& timer) const {
  const int64_t left = timer.deadline_ns - runtime_.schedulers->clock().monotonic_ns();
  return left < 0 ? 0 : left;
}

bool MessageTimers::has_receiver(Term receiver) const {
  if (!receiver.is_local_pid()) return true;
  const Process* process = runtime_.processes->find(receiver);
  return process != nullptr && !process->signals.is_closed();
}

std::optional<int64_t> MessageTimers::left(uint64_t id) {
  Shard& shard = shard_of(id);
  MutexLock lock(shard.mutex);
  const auto found = shard.timers.find(id);
  if (found == shard.timers.end() || !has_receiver(found->second->receiver)) return std::nullopt;
  return left_of(*found->second);
}

std::optional<int64_t> MessageTimers::cancel(uint64_t id) {
  Shard& shard = shard_of(id);
  MutexLock lock(shard.mutex);
  const auto found = shard.timers.find(id);
  if (found == shard.timers.end()) return std::nullopt;
  MessageTimer* timer = found->second;
  shard.timers.erase(found);
  unlist(*timer);
  std::optional<int64_t> left;
  if (has_receiver(timer->receiver)) left = left_of(*timer);
  release_signal(timer->message);
  timer->message = nullptr;
  // One that is about to fire is freed by fire(), which waits for the lock.
  if (Timers::cancel(*timer)) delete timer;
  return left;
}

void MessageTimers::on_expiry(Timer& timer, Schedulers&, uint32_t scheduler) {
  auto& expired = static_cast<MessageTimer&>(timer);
  expired.owner->fire(expired, scheduler);
}

void MessageTimers::fire(MessageTimer& timer, uint32_t scheduler) {
  {
    Shard& shard = shard_of(timer.id);
    MutexLock lock(shard.mutex);
    if (timer.message != nullptr) {
      shard.timers.erase(timer.id);
      unlist(timer);
    }
  }
  if (timer.message != nullptr) {
    Term receiver = timer.receiver;
    if (receiver.is_atom()) receiver = runtime_.names->find(receiver);
    if (receiver.is_local_pid()) {
      deliver(runtime_, scheduler, receiver, timer.message);
    } else {
      release_signal(timer.message);
    }
  }
  delete &timer;
}

std::vector<MessageTimers::Description> MessageTimers::list() {
  std::vector<Description> all;
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    for (const auto& [id, timer] : shard.timers) {
      all.push_back({timer->receiver, timer->message->value, left_of(*timer)});
    }
  }
  return all;
}

size_t MessageTimers::count() {
  size_t sum = 0;
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    sum += shard.timers.size();
  }
  return sum;
}

}  // namespace joist
