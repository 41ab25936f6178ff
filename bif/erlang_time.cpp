// Points in time: module erlang's monotonic_time, system_time, time_offset, timestamp, now; the
// same of module os. Calendar dates are in bif/calendar.cpp.
#include "bif/registry.h"
#include "vm/heap/builder.h"
#include "vm/proc/time.h"

namespace joist {

namespace {

constexpr int64_t kSecond = ErlangTime::kSecond;

int64_t floor_divide(int64_t number, int64_t divisor) {
  return number / divisor - (number % divisor < 0 ? 1 : 0);
}

// Parts of a second of the units that are converted here; 0: another unit.
int64_t parts_of(Term unit) {
  if (unit == atoms::native || unit == atoms::perf_counter) return kSecond;
  if (unit == atoms::second || unit == atoms::seconds) return 1;
  if (unit == atoms::millisecond || unit == atoms::milli_seconds) return 1000;
  if (unit == atoms::microsecond || unit == atoms::micro_seconds) return 1000 * 1000;
  if (unit == atoms::nanosecond || unit == atoms::nano_seconds) return kSecond;
  if (!unit.is_small() || unit.small_value() <= 0) return 0;
  int64_t parts = unit.small_value();
  return kSecond % parts == 0 ? parts : 0;
}

// Units that do not divide a nanosecond evenly are left to erlang:convert_time_unit/3.
Term in_unit(Process& p, int64_t nanoseconds, Term unit) {
  if (int64_t parts = parts_of(unit); parts != 0) {
    return make_integer(p.heap, floor_divide(nanoseconds, kSecond / parts));
  }
  bool positive_integer =
      (unit.is_small() && unit.small_value() > 0) || is_kind(unit, Boxed::kPositiveBig);
  if (!positive_integer) return p.badarg();
  return p.trap(atoms::erlang, atoms::convert_time_unit,
                {make_integer(p.heap, nanoseconds), atoms::native, unit});
}

Term make_timestamp(Process& p, int64_t microseconds) {
  constexpr int64_t kMillion = 1000 * 1000;
  int64_t seconds = microseconds / kMillion;
  return make_tuple(p.heap, {Term::small(seconds / kMillion), Term::small(seconds % kMillion),
                             Term::small(microseconds % kMillion)});
}

Term monotonic_time_0(Process& p) { return make_integer(p.heap, p.runtime->time->monotonic()); }
Term monotonic_time_1(Process& p, Term unit) {
  return in_unit(p, p.runtime->time->monotonic(), unit);
}

Term system_time_0(Process& p) { return make_integer(p.heap, p.runtime->time->system()); }
Term system_time_1(Process& p, Term unit) { return in_unit(p, p.runtime->time->system(), unit); }

Term time_offset_0(Process& p) { return make_integer(p.heap, p.runtime->time->offset()); }
Term time_offset_1(Process& p, Term unit) { return in_unit(p, p.runtime->time->offset(), unit); }

Term timestamp_0(Process& p) { return make_timestamp(p, p.runtime->time->system() / 1000); }
Term now_0(Process& p) { return make_timestamp(p, p.runtime->time->unique_microseconds()); }

Term os_system_time_0(Process& p) {
  return make_integer(p.heap, p.runtime->time->clock().wall_ns());
}
Term os_system_time_1(Process& p, Term unit) {
  return in_unit(p, p.runtime->time->clock().wall_ns(), unit);
}
Term os_timestamp_0(Process& p) {
  return make_timestamp(p, p.runtime->time->clock().wall_ns() / 1000);
}
Term perf_counter_0(Process& p) {
  return make_integer(p.heap, p.runtime->time->clock().monotonic_ns());
}

// Parts of a second of the native unit and of os:perf_counter/0.
Term parts_per_second_0(Process&) { return Term::small(kSecond); }

constexpr NativeEntry kErlangTimeNatives[] = {
    {"erlang", "monotonic_time", native<monotonic_time_0>},
    {"erlang", "monotonic_time", native<monotonic_time_1>},
    {"erlang", "now", native<now_0>},
    {"erlang", "system_time", native<system_time_0>},
    {"erlang", "system_time", native<system_time_1>},
    {"erlang", "time_offset", native<time_offset_0>},
    {"erlang", "time_offset", native<time_offset_1>},
    {"erlang", "timestamp", native<timestamp_0>},
    {"erts_internal", "perf_counter_unit", native<parts_per_second_0>},
    {"erts_internal", "time_unit", native<parts_per_second_0>},
    {"os", "perf_counter", native<perf_counter_0>},
    {"os", "system_time", native<os_system_time_0>},
    {"os", "system_time", native<os_system_time_1>},
    {"os", "timestamp", native<os_timestamp_0>},
};

}  // namespace

std::span<const NativeEntry> erlang_time_natives() { return kErlangTimeNatives; }

}  // namespace joist
