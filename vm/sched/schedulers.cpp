#include "vm/sched/schedulers.h"

#include <algorithm>

#include <utility>

#include "vm/proc/process_extras.h"
#include "vm/sched/elevation.h"

namespace joist {

Schedulers::Schedulers(size_t count, Clock& clock, Starter starter, void* context,
                       const Dirty& dirty)
    : count_(count),
      online_(count),
      clock_(clock),
      starter_(starter),
      context_(context),
      dirty_cpu_(ThreadKind::kDirtyCpu, dirty.cpu_threads, clock, dirty.starter, dirty.context),
      dirty_io_(ThreadKind::kDirtyIo, dirty.io_threads, clock, dirty.starter, dirty.context),
      slots_(new Slot[count]) {
  // Schedulers that have no thread yet count as asleep.
  for (size_t i = 0; i < count; ++i) {
    slots_[i].asleep.store(true);
    slots_[i].idle_since_ns.store(clock.monotonic_ns());
  }
  sleepers_.store(count);
}

void Schedulers::set_online(size_t online) {
  online_.store(online);
  for (size_t i = 0; i < count_; ++i) wake(i);
}

void Schedulers::block(Term process, BlockKind kind, uint32_t scheduler) {
  MutexLock lock(block_mutex_);
  if (blocks_.empty()) set_only(scheduler);
  blocks_.push_back({process, kind});
  if (kind == kAllSchedulers) block_dirty(true);
}

void Schedulers::set_only(uint32_t only) {
  only_when_thawed_ = only;
  if (!is_frozen()) only_.store(only, std::memory_order_seq_cst);
}

void Schedulers::freeze() {
  MutexLock lock(block_mutex_);
  only_.store(kFrozen, std::memory_order_seq_cst);
  block_dirty(true);
}

void Schedulers::thaw() {
  {
    MutexLock lock(block_mutex_);
    only_.store(only_when_thawed_, std::memory_order_seq_cst);
    block_dirty(false);
    thawed_.notify_all();
  }
  for (size_t i = 0; i < count_; ++i) {
    if (slots_[i].queue.length() != 0) wake(i);
  }
}

bool Schedulers::all_stand_still() const {
  const uint32_t self = this_scheduler();
  for (size_t i = 0; i < count_; ++i) {
    if (i != self && slots_[i].running.load(std::memory_order_seq_cst)) return false;
  }
  return true;
}

void Schedulers::wait_for_thaw() {
  MutexLock lock(block_mutex_);
  while (is_frozen()) thawed_.wait(block_mutex_);
}

uint32_t Schedulers::this_scheduler() const {
  for (size_t i = 0; i < count_; ++i) {
    const pthread_t thread = slots_[i].thread.load(std::memory_order_relaxed);
    if (thread != pthread_t{} && pthread_equal(thread, pthread_self()) != 0) {
      return static_cast<uint32_t>(i);
    }
  }
  return kNone;
}

void Schedulers::block_dirty(bool blocks) {
  for (DirtyQueue* queue : {&dirty_cpu_, &dirty_io_}) {
    blocks ? queue->block() : queue->unblock();
  }
}

void Schedulers::unblock(Term process, BlockKind kind) {
  {
    MutexLock lock(block_mutex_);
    const auto block = std::find_if(blocks_.begin(), blocks_.end(), [&](const Block& one) {
      return one.process == process && one.kind == kind;
    });
    if (block == blocks_.end()) return;
    blocks_.erase(block);
    if (kind == kAllSchedulers) block_dirty(false);
    if (!blocks_.empty()) return;
    set_only(kNone);
  }
  wake_one();
}

void Schedulers::unblock_all(Term process) {
  {
    MutexLock lock(block_mutex_);
    const size_t before = blocks_.size();
    std::erase_if(blocks_, [&](const Block& one) {
      if (one.process != process) return false;
      if (one.kind == kAllSchedulers) block_dirty(false);
      return true;
    });
    if (!blocks_.empty() || before == 0) return;
    set_only(kNone);
  }
  wake_one();
}

std::vector<Term> Schedulers::blockers(BlockKind kind) const {
  MutexLock lock(block_mutex_);
  std::vector<Term> processes;
  for (const Block& block : blocks_) {
    if (block.kind != kind) continue;
    if (std::find(processes.begin(), processes.end(), block.process) == processes.end()) {
      processes.push_back(block.process);
    }
  }
  return processes;
}

bool Schedulers::schedulers_stopped(uint32_t scheduler) const {
  for (size_t i = 0; i < count_; ++i) {
    if (i != scheduler && slots_[i].running.load(std::memory_order_seq_cst)) return false;
  }
  return true;
}

bool Schedulers::begin_exclusive(uint32_t scheduler) {
  {
    MutexLock lock(block_mutex_);
    const uint32_t only = only_.load(std::memory_order_seq_cst);
    if (exclusive_ || (only != kNone && only != scheduler)) return false;
    exclusive_ = true;
    only_.store(scheduler, std::memory_order_seq_cst);
  }
  constexpr int kLooks = 1000;
  constexpr int64_t kPauseNs = 20'000;
  for (int look = 0; !schedulers_stopped(scheduler); ++look) {
    if (look < kLooks) {
      cpu_relax();
    } else {
      slots_[scheduler].parker.park(kPauseNs);
    }
  }
  return true;
}

void Schedulers::end_exclusive() {
  {
    MutexLock lock(block_mutex_);
    exclusive_ = false;
    if (!blocks_.empty()) return;
    only_.store(kNone, std::memory_order_seq_cst);
  }
  // Those that have something in their queues have gone to sleep all the same.
  for (size_t i = 0; i < count_; ++i) {
    if (slots_[i].queue.length() != 0) wake(i);
  }
  wake_one();
}

bool Schedulers::others_stopped(uint32_t scheduler) const {
  if (!schedulers_stopped(scheduler)) return false;
  if (blockers(kAllSchedulers).empty()) return true;
  return dirty_cpu_.working() == 0 && dirty_io_.working() == 0;
}

int64_t Schedulers::idle_ns(size_t scheduler, int64_t now_ns) const {
  const Slot& slot = slots_[scheduler];
  const int64_t since = slot.idle_since_ns.load(std::memory_order_relaxed);
  const int64_t idle = slot.idle_ns.load(std::memory_order_relaxed);
  return since != 0 && since < now_ns ? idle + now_ns - since : idle;
}

bool Schedulers::measure_wall_time(bool on) {
  const bool before = measures_wall_time();
  if (on == before) return before;
  const int64_t now = clock_.monotonic_ns();
  for (size_t i = 0; i < count_; ++i) slots_[i].idle_at_start_ns.store(idle_ns(i, now));
  dirty_cpu_.start_measuring(now);
  dirty_io_.start_measuring(now);
  wall_time_start_ns_.store(on ? now : 0);
  return before;
}

int64_t Schedulers::active_ns(size_t scheduler, int64_t now_ns) const {
  const int64_t idle = idle_ns(scheduler, now_ns) - slots_[scheduler].idle_at_start_ns.load();
  return std::max<int64_t>(wall_time_ns(now_ns) - idle, 0);
}

void Schedulers::enqueue(Process& process, uint32_t from) {
  uint32_t home = from;
  const uint32_t bound_to = bound_scheduler(process);
  if (bound_to < online() && !only_one()) [[unlikely]] {
    home = bound_to;
  } else if (from == kNone || !may_run(from)) {
    const uint32_t only = only_.load(std::memory_order_seq_cst);
    home = only < count_ ? only : process.scheduler < online() ? process.scheduler : 0;
  }
  const size_t length = slots_[home].queue.push(process);
  if (home != from) return wake(home);
  // The caller goes on with it itself when it comes to an end; the second in line needs help.
  if (length > 1) wake_one();
}

void Schedulers::notify(Process& process, uint32_t news, uint32_t from) {
  const uint32_t before =
      process.state.fetch_or(news | process_state::kScheduled, std::memory_order_seq_cst);
  if ((before & process_state::kScheduled) == 0) return enqueue(process, from);
  if ((before & process_state::kDirty) != 0) [[unlikely]]
    look_after_dirty(process, from);
}

void Schedulers::look_after_dirty(Process& process, uint32_t from) {
  using namespace process_state;
  uint32_t state = process.state.load(std::memory_order_relaxed);
  while ((state & (kDirty | kAside)) == kDirty) {
    if (process.state.compare_exchange_weak(state, state | kAside, std::memory_order_seq_cst)) {
      return enqueue(process, from);
    }
  }
}

void Schedulers::elevate(Process& process, Priority priority) {
  using namespace process_state;
  const uint32_t wanted = priority == Priority::kMax ? kElevatedMax : kElevatedHigh;
  const uint32_t before = process.state.fetch_or(wanted, std::memory_order_seq_cst);
  if ((before & wanted) != 0 || (before & kScheduled) == 0) return;
  // Whoever queues it from now on sees the bit; who has done so before is found here.
  for (size_t i = 0; i < count_; ++i) {
    if (slots_[i].queue.move_up(process)) return;
  }
}

void Schedulers::wake_one() {
  if (sleepers_.load(std::memory_order_seq_cst) == 0 || only_one()) return;
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

void Schedulers::wake_all() {
  for (size_t i = 0; i < count_; ++i) slots_[i].parker.unpark();
}

uint64_t Schedulers::ended_processes() const {
  uint64_t sum = 0;
  for (size_t i = 0; i < count_; ++i) sum += slots_[i].ended.load(std::memory_order_relaxed);
  return sum;
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

namespace {

// How many processes of that priority another scheduler should take over from a queue.
size_t excess(const RunQueue::Census& before, const RunQueue::Census& now, size_t priority,
              size_t taker_waiting) {
  const size_t waiting = now.waiting[priority];
  const bool starves =
      before.waiting[priority] != 0 && before.taken[priority] == now.taken[priority];
  if (starves) return waiting;
  return waiting > taker_waiting ? (waiting - taker_waiting + 1) / 2 : 0;
}

}  // namespace

void Schedulers::balance(size_t scheduler, Watch& watch) {
  const size_t online_count = online();
  if (online_count < 2 || only_one()) return;
  watch.seen.resize(count_);
  const RunQueue::Census mine = slots_[scheduler].queue.census();
  const RunQueue::Census mine_before = std::exchange(watch.seen[scheduler], mine);
  watch.next = (watch.next + 1) % count_;
  if (watch.next == scheduler) watch.next = (watch.next + 1) % count_;
  Slot& victim = slots_[watch.next];
  const RunQueue::Census theirs = victim.queue.census();
  const RunQueue::Census theirs_before = std::exchange(watch.seen[watch.next], theirs);
  // It has time for a priority if it has lately run a process of that priority or of a lower one;
  // for the low one, too, if one of normal priority, as these take turns.
  constexpr auto kNormal = static_cast<size_t>(Priority::kNormal);
  bool has_time = mine.taken[kNormal] != mine_before.taken[kNormal];
  for (size_t i = kPriorities; i-- > 0;) {
    has_time = has_time || mine.taken[i] != mine_before.taken[i];
    if (has_time && theirs.waiting[i] != 0) {
      const size_t count = excess(theirs_before, theirs, i, mine.waiting[i]);
      if (count != 0) take_over(scheduler, victim, static_cast<Priority>(i), count);
    }
  }
}

void Schedulers::take_over(size_t scheduler, Slot& from, Priority priority, size_t count) {
  for (Process* next = from.queue.give(priority, count); next != nullptr;) {
    Process* process = std::exchange(next, next->next_in_queue);
    slots_[scheduler].queue.push(*process);
  }
}

bool Schedulers::any_surplus() const {
  for (size_t i = 0; i < count_; ++i) {
    if (slots_[i].queue.has_surplus()) return true;
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
