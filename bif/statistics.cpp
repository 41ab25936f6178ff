// erlang:statistics/1: sums over the whole VM (vm/proc/statistics.h), and its times.
#include "vm/proc/statistics.h"
#include "bif/registry.h"
#include "vm/heap/builder.h"
#include "vm/proc/time.h"

namespace joist {

namespace {

constexpr int64_t kMillisecond = ErlangTime::kSecond / 1000;

// {Total, SinceLastCall}.
Term total_and_difference(Process& p, uint64_t total, std::atomic<uint64_t>& shown) {
  uint64_t before = shown.exchange(total);
  Term first = make_unsigned(p.heap, total);
  return make_tuple(p.heap, {first, make_unsigned(p.heap, total - before)});
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
  if (item == atoms::scheduler_wall_time || item == atoms::scheduler_wall_time_all) {
    return atoms::undefined;  // never switched on: erlang:system_flag/2 refuses it
  }
  constexpr Term kMissing[] = {
      atoms::active_tasks,
      atoms::active_tasks_all,
      atoms::run_queue,
      atoms::microstate_accounting,
      atoms::run_queue_lengths,
      atoms::run_queue_lengths_all,
      atoms::total_run_queue_lengths,
      atoms::total_run_queue_lengths_all,
      atoms::total_active_tasks,
      atoms::total_active_tasks_all,
  };
  for (Term missing : kMissing) {
    if (item == missing) return p.not_supported("statistics");
  }
  return p.badarg();
}

constexpr NativeEntry kStatisticsNatives[] = {
    {"erlang", "statistics", native<statistics_1>},
};

}  // namespace

std::span<const NativeEntry> statistics_natives() { return kStatisticsNatives; }

}  // namespace joist
