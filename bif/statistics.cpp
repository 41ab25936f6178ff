// erlang:statistics/1: sums over the whole VM (vm/proc/statistics.h), and its times.
#include "vm/proc/statistics.h"
#include "bif/microstates.h"
#include "bif/registry.h"
#include "vm/heap/builder.h"
#include "vm/os/clock.h"
#include "vm/proc/time.h"
#include "vm/sched/schedulers.h"

namespace joist {

namespace {

constexpr int64_t kMillisecond = ErlangTime::kSecond / 1000;

// {Total, SinceLastCall}.
Term total_and_difference(Process& p, uint64_t total, std::atomic<uint64_t>& shown) {
  uint64_t before = shown.exchange(total);
  Term first = make_unsigned(p.heap, total);
  return make_tuple(p.heap, {first, make_unsigned(p.heap, total - before)});
}

// --- queues ---

size_t queue_length(Process& p, size_t scheduler, bool with_running) {
  const Schedulers::Slot& slot = p.runtime->schedulers->slot(scheduler);
  const bool works = slot.idle_since_ns.load(std::memory_order_relaxed) == 0;
  return slot.queue.length() + (with_running && works ? 1 : 0);
}

Term queued_total(Process& p) { return make_unsigned(p.heap, p.runtime->schedulers->queued()); }

// By scheduler, then the queue of the dirty CPU schedulers, and in the _all forms that of the
// dirty IO schedulers.
struct QueueItem {
  Term name;
  bool with_running;
  bool all;
  bool total;
};
constexpr QueueItem kQueueItems[] = {
    {atoms::run_queue_lengths, false, false, false},
    {atoms::run_queue_lengths_all, false, true, false},
    {atoms::total_run_queue_lengths, false, false, true},
    {atoms::total_run_queue_lengths_all, false, true, true},
    {atoms::active_tasks, true, false, false},
    {atoms::active_tasks_all, true, true, false},
    {atoms::total_active_tasks, true, false, true},
    {atoms::total_active_tasks_all, true, true, true},
};

Term queue_lengths(Process& p, const QueueItem& item) {
  ListBuilder list(p.heap);
  size_t total = 0;
  const auto add = [&](size_t length) {
    total += length;
    list.add(make_unsigned(p.heap, length));
  };
  Schedulers& schedulers = *p.runtime->schedulers;
  for (size_t i = 0; i < schedulers.count(); ++i) add(queue_length(p, i, item.with_running));
  const auto add_dirty = [&](ThreadKind kind) {
    const DirtyQueue& queue = schedulers.dirty(kind);
    add(queue.length() + (item.with_running ? queue.working() : 0));
  };
  add_dirty(ThreadKind::kDirtyCpu);
  if (item.all) add_dirty(ThreadKind::kDirtyIo);
  return item.total ? make_unsigned(p.heap, total) : list.finish();
}

// --- what schedulers do with their time ---

// [{Scheduler, Active, Total}], the dirty ones last; undefined: not switched on.
Term wall_times(Process& p, bool all) {
  Schedulers& schedulers = *p.runtime->schedulers;
  if (!schedulers.measures_wall_time()) return atoms::undefined;
  const int64_t now = p.runtime->clock->monotonic_ns();
  const int64_t total = schedulers.wall_time_ns(now);
  ListBuilder list(p.heap);
  int64_t number = 0;
  const auto add = [&](int64_t active) {
    list.add(make_tuple(p.heap, {Term::small(++number), make_integer(p.heap, active),
                                 make_integer(p.heap, total)}));
  };
  for (size_t i = 0; i < schedulers.count(); ++i) add(schedulers.active_ns(i, now));
  const auto add_dirty = [&](ThreadKind kind) {
    const DirtyQueue& queue = schedulers.dirty(kind);
    for (size_t i = 0; i < queue.threads(); ++i) add(queue.measured_ns(i, now));
  };
  add_dirty(ThreadKind::kDirtyCpu);
  if (all) add_dirty(ThreadKind::kDirtyIo);
  return list.finish();
}

Term statistics_1(Process& p, Term item) {
  SystemStatistics& s = p.runtime->statistics;
  ErlangTime& time = *p.runtime->time;
  if (item == atoms::runtime) {
    auto milliseconds = static_cast<uint64_t>(time.clock().process_cpu_ns() / kMillisecond);
    return total_and_difference(p, milliseconds, s.shown_runtime);
  }
  if (item == atoms::wall_clock) {
    auto milliseconds = static_cast<uint64_t>((time.monotonic() - time.start()) / kMillisecond);
    return total_and_difference(p, milliseconds, s.shown_wall_clock);
  }
  if (item == atoms::reductions) {
    return total_and_difference(p, s.reductions.load(), s.shown_reductions);
  }
  if (item == atoms::exact_reductions) {
    return total_and_difference(p, s.reductions.load(), s.shown_exact_reductions);
  }
  if (item == atoms::context_switches) {
    return make_tuple(p.heap, {make_unsigned(p.heap, s.context_switches.load()), Term::small(0)});
  }
  if (item == atoms::garbage_collection) {
    Term collections = make_unsigned(p.heap, s.collections.load());
    Term words = make_unsigned(p.heap, s.words_reclaimed.load());
    return make_tuple(p.heap, {collections, words, Term::small(0)});
  }
  if (item == atoms::io) {
    Term input = make_tuple(p.heap, {atoms::input, make_unsigned(p.heap, s.bytes_read.load())});
    Term output =
        make_tuple(p.heap, {atoms::output, make_unsigned(p.heap, s.bytes_written.load())});
    return make_tuple(p.heap, {input, output});
  }
  if (item == atoms::run_queue) return queued_total(p);
  for (const QueueItem& queue : kQueueItems) {
    if (queue.name == item) return queue_lengths(p, queue);
  }
  if (item == atoms::scheduler_wall_time) return wall_times(p, false);
  if (item == atoms::scheduler_wall_time_all) return wall_times(p, true);
  if (item == atoms::microstate_accounting) return microstate_figures(p);
  return p.badarg();
}

constexpr NativeEntry kStatisticsNatives[] = {
    {"erlang", "statistics", native<statistics_1>},
};

}  // namespace

std::span<const NativeEntry> statistics_natives() { return kStatisticsNatives; }

}  // namespace joist
