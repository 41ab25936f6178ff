#include "vm/sched/schedulers.h"

#include <utility>

namespace joist {

Schedulers::Schedulers(size_t count, Clock& clock, Starter starter, void* context)
    : count_(count),
      online_(count),
      clock_(clock),
      starter_(starter),
      context_(context),
      slots_(new Slot[count]) {
  // Schedulers that have no thread yet count as asleep.
  for (size_t i = 0; i < count; ++i) slots_[i].asleep.store(true);
  sleepers_.store(count);
}

void Schedulers::set_online(size_t online) {
  online_.store(online);
  for (size_t i = 0; i < count_; ++i) wake(i);
}

void Schedulers::enqueue(Process& process, uint32_t from) {
  uint32_t home = from;
  if (from == kNone || from >= online()) {
    home = process.scheduler < online() ? process.scheduler : 0;
  }
  const size_t length = slots_[home].queue.push(process);
  if (home != from) return wake(home);
  // The caller goes on with it itself when it comes to an end; the second in line needs help.
  if (length > 1) wake_one();
}

void Schedulers::notify(Process& process, uint32_t news, uint32_t from) {
  const uint32_t before =
      process.state.fetch_or(news | process_state::kScheduled, std::memory_order_seq_cst);
  if ((before & process_state::kScheduled) == 0) enqueue(process, from);
}

void Schedulers::wake_one() {
  if (sleepers_.load(std::memory_order_seq_cst) == 0) return;
  const size_t online_count = online();
  for (size_t i = 0; i < online_count; ++i) {
    if (slots_[i].asleep.load(std::memory_order_relaxed)) return wake(i);
  }
}

void Schedulers::wake(size_t scheduler) {
  if (!slots_[scheduler].asleep.exchange(false, std::memory_order_seq_cst)) return;
  sleepers_.fetch_sub(1, std::memory_order_seq_cst);
  starter_(context_, scheduler);
  slots_[scheduler].parker.unpark();
}

Process* Schedulers::steal(size_t thief, size_t at_least) {
  for (size_t step = 1; step < count_; ++step) {
    Slot& victim = slots_[(thief + step) % count_];
    Process* first = victim.queue.steal(at_least);
    if (first == nullptr) continue;
    for (Process* next = first->next_in_queue; next != nullptr;) {
      Process* process = std::exchange(next, next->next_in_queue);
      slots_[thief].queue.push(*process);
    }
    return first;
  }
  return nullptr;
}

bool Schedulers::any_surplus() const {
  for (size_t i = 0; i < count_; ++i) {
    if (slots_[i].queue.length() > 1) return true;
  }
  return false;
}

bool Schedulers::any_queued() const {
  for (size_t i = 0; i < count_; ++i) {
    if (slots_[i].queue.length() != 0) return true;
  }
  return false;
}

size_t Schedulers::queued() const {
  size_t sum = 0;
  for (size_t i = 0; i < count_; ++i) sum += slots_[i].queue.length();
  return sum;
}

void Schedulers::announce_asleep(size_t scheduler) {
  if (slots_[scheduler].asleep.exchange(true, std::memory_order_seq_cst)) return;
  sleepers_.fetch_add(1, std::memory_order_seq_cst);
}

void Schedulers::announce_awake(size_t scheduler) {
  if (!slots_[scheduler].asleep.exchange(false, std::memory_order_seq_cst)) return;
  sleepers_.fetch_sub(1, std::memory_order_seq_cst);
}

}  // namespace joist
