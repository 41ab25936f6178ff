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
  Shard& shard = shard_of(id);
  MutexLock lock(shard.mutex);
  shard.timers[id] = timer;
  schedulers.slot(scheduler).timers.start_at(*timer, schedulers.clock().monotonic_ns(),
                                             deadline_ns);
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
    if (timer.message != nullptr) shard.timers.erase(timer.id);
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
