// erts_debug:set_internal_state/2 (bif/internal_state.h).
#include <algorithm>
#include <string>

#include "bif/ets_access.h"
#include "bif/internal_state.h"
#include "bif/registry.h"
#include "vm/heap/copy.h"
#include "vm/io/ports.h"
#include "vm/os/clock.h"
#include "vm/os/thread.h"
#include "vm/proc/process_extras.h"
#include "vm/proc/process_table.h"
#include "vm/sched/deliver.h"
#include "vm/sched/request.h"
#include "vm/sched/schedulers.h"
#include "vm/sched/system_flags.h"
#include "vm/sched/system_logger.h"
#include "vm/sched/system_task.h"
#include "vm/term/atoms_emulator.h"
#include "vm/term/print.h"

namespace joist {

namespace {

constexpr int64_t kNsPerMs = 1'000'000;

bool is_boolean(Term term) { return term == atoms::true_ || term == atoms::false_; }

// Keeps the thread from doing anything else.
void sleep_ms(Clock& clock, int64_t ms) {
  Parker parker;
  const int64_t end = clock.monotonic_ns() + ms * kNsPerMs;
  for (int64_t left = ms * kNsPerMs; left > 0; left = end - clock.monotonic_ns()) parker.park(left);
}

// --- the switch itself ---

void warn(Process& p) {
  Allocator scratch;
  const std::string text = "Process " + term_text(p.pid) +
                           " enabled access to the emulator internal state.\n"
                           "NOTE: This is an erts internal test feature and should *only* be "
                           "used by OTP test-suites.\n";
  p.runtime->logger->report(p, atoms::warning, "~s~n",
                            make_cons(scratch, make_string(scratch, text), Term::nil()));
}

Term set_available(Process& p, Term value) {
  if (!is_boolean(value)) return p.badarg();
  const bool before = system_flags(p)->internal_state.exchange(value == atoms::true_);
  if (value == atoms::true_) warn(p);
  return boolean(before);
}

// --- the caller ---

Term set_reds_left(Process& p, Term value) {
  if (!value.is_small()) return p.badarg();
  const int64_t wanted = value.small_value();
  if (wanted >= 0 && wanted <= kReductionsPerSlice) p.reductions = wanted;
  return atoms::true_;
}

// Whatever process is named, as in ERTS: the caller's.
Term force_gc(Process& p, Term pid) {
  if (!pid.is_local_pid() || p.runtime->processes->find(pid) == nullptr) return atoms::false_;
  p.heap.request(Collection::kMinor);
  return atoms::true_;
}

// Whether collections that others ask for are done or wait. Those that have waited are done at the
// end of the slice, which is now.
Term set_gc_state(Process& p, Term value) {
  if (!is_boolean(value)) return p.badarg();
  const bool before = p.extras != nullptr && p.extras->puts_off_collections;
  put_off_collections(p, value == atoms::false_);
  if (p.system_tasks != nullptr) p.charge(p.reductions);
  return boolean(!before);
}

Term fill_heap(Process& p, Term value) {
  const auto left = static_cast<size_t>(p.heap.limit - p.heap.top);
  if (left > 2) p.heap.give_back(p.heap.alloc(left - 1), left - 1);
  if (value == atoms::true_) p.heap.request(Collection::kFull);
  return atoms::ok;
}

// A copy that lies outside the heap's own block.
Term make_fragment(Process& p, Term term) {
  Allocator apart;
  const Term copy = copy_term(apart, term, p.runtime->literals);
  p.heap.adopt(apart);
  return copy;
}

// The pids that new processes get.
Term set_next_pid(Process& p, Term value) {
  if (!value.is_small() || value.small_value() < 0) return p.badarg();
  ProcessTable& table = *p.runtime->processes;
  table.set_next_number(static_cast<uint64_t>(value.small_value()));
  return make_unsigned(p.heap, table.next_number());
}

// The identifiers that new ports get.
Term set_next_port(Process& p, Term value) {
  if (!value.is_small() || value.small_value() < 0) return p.badarg();
  Ports& ports = *p.runtime->ports;
  ports.set_next_number(static_cast<Word>(value.small_value()));
  return make_unsigned(p.heap, ports.table().next_number());
}

// --- time ---

// While it waits for the others to stop, and then until its time is over.
struct Blocking final : SuspendedNative {};

Term block(Process& p, Term value) {
  if (!value.is_small()) return p.badarg();
  if (value.small_value() <= 0) return atoms::true_;
  Schedulers& schedulers = *p.runtime->schedulers;
  auto blocking = p.resume<Blocking>();
  if (blocking == nullptr) {
    schedulers.block(p.pid, Schedulers::kAllSchedulers, p.registers->scheduler);
    blocking = std::make_unique<Blocking>();
  }
  if (!schedulers.may_run(p.registers->scheduler) ||
      !schedulers.others_stopped(p.registers->scheduler)) {
    return p.suspend(std::move(blocking), {must_atom("block"), value});
  }
  sleep_ms(*p.runtime->clock, value.small_value());
  schedulers.unblock(p.pid, Schedulers::kAllSchedulers);
  return atoms::true_;
}

Term sleep(Process& p, Term value) {
  if (!value.is_small()) return p.badarg();
  sleep_ms(*p.runtime->clock, value.small_value());
  return atoms::true_;
}

void on_sleep(Process& receiver, Signal& signal) {
  sleep_ms(*receiver.runtime->clock, signal.detail);
}

// {Pid, Milliseconds}: the process stays with that signal for so long.
Term sleep_in_signal(Process& p, Term value) {
  if (!is_tuple(value) || tuple_size(value) != 2) return p.badarg();
  const std::span<const Term> parts = tuple_elements(value);
  if (!parts[0].is_local_pid() || !parts[1].is_small()) return p.badarg();
  const auto ms = static_cast<uint32_t>(std::clamp<int64_t>(parts[1].small_value(), 0, INT32_MAX));
  return boolean(send_request(p, parts[0], on_sleep, make_tuple(p.heap, {parts[0]}), ms));
}

// Milliseconds: a timer whose end starts one of no time, whose end starts another, whose end is
// told.
struct TimerChain : Timer {
  const Runtime* runtime = nullptr;
  Term receiver = Term::none();
  int left = 3;
};

void on_chain_expiry(Timer& timer, Schedulers& schedulers, uint32_t scheduler) {
  auto& chain = static_cast<TimerChain&>(timer);
  if (--chain.left > 0) {
    Timers& timers = schedulers.slot(scheduler).timers;
    return timers.start(chain, schedulers.clock().monotonic_ns(), 0);
  }
  const Term message = must_atom("multizero_timeout_in_timeout_done");
  deliver(*chain.runtime, scheduler, chain.receiver,
          new_signal_of(SignalKind::kMessage, Term::none(), message, nullptr));
  delete &chain;
}

Term chain_timers(Process& p, Term value) {
  if (!value.is_small()) return p.badarg();
  auto* chain = new TimerChain;
  chain->runtime = p.runtime;
  chain->receiver = p.pid;
  chain->expired = on_chain_expiry;
  const auto ms = static_cast<uint64_t>(std::max<int64_t>(value.small_value(), 0));
  Schedulers& schedulers = *p.runtime->schedulers;
  schedulers.slot(p.registers->scheduler)
      .timers.start(*chain, schedulers.clock().monotonic_ns(), ms);
  return atoms::ok;
}

// What is to be freed once all threads have moved on has been freed when the marker has: here at
// once, by threads that sleep within a millisecond (vm/engine/scheduler.cpp).
struct Settling final : SuspendedNative {
  std::shared_ptr<std::atomic<bool>> passed = std::make_shared<std::atomic<bool>>(false);
  int64_t earliest_ns = 0;
};
constexpr int64_t kSettleNs = kNsPerMs;

void mark_passed(void* memory) {
  auto* passed = static_cast<std::shared_ptr<std::atomic<bool>>*>(memory);
  (*passed)->store(true);
  delete passed;
}

Term wait_for(Process& p, Term what) {
  const std::string_view name = text_of(what);
  if (name != "deallocations" && name != "timer_cancellations" && name != "aux_work" &&
      name != "thread_progress") {
    return p.badarg();
  }
  auto settling = p.resume<Settling>();
  const int64_t now = p.runtime->clock->monotonic_ns();
  if (settling == nullptr) {
    settling = std::make_unique<Settling>();
    settling->earliest_ns = name == "thread_progress" ? now : now + kSettleNs;
    p.registers->reader->retire(new std::shared_ptr(settling->passed), mark_passed);
  }
  if (settling->passed->load() && now >= settling->earliest_ns) return atoms::ok;
  return p.suspend(std::move(settling), {must_atom("wait"), what});
}

// --- how much natives do before they let others run ---

// The number of steps; default: as many as a slice allows. Both answer with what holds.
template <SliceKind kKind>
Term set_step_limit(Process& p, Term value) {
  constexpr int64_t kUsual = int64_t{kReductionsPerSlice} * 10;
  int64_t limit = kNoStepLimit;
  if (value.is_small() && value.small_value() >= 0) {
    limit = std::max<int64_t>(value.small_value(), 1);
  } else if (text_of(value) != "default") {
    return p.badarg();
  }
  system_flags(p)->step_limits[static_cast<size_t>(kKind)].store(limit);
  return Term::small(limit == kNoStepLimit ? kUsual : value.small_value());
}

// --- making things ---

// {Reference, Address} of an object that is nothing.
Term make_thing(Process& p, Term what) {
  if (text_of(what) != "magic_ref") return p.badarg();
  const Term reference = Magic<TestObject>::make(p, 0);
  const auto address = reinterpret_cast<uintptr_t>(Magic<TestObject>::binary(reference));
  return make_tuple(p.heap, {reference, make_unsigned(p.heap, address)});
}

// An off-heap binary of so many zeros; false: no memory.
Term make_zeros(Process& p, Term size) {
  if (!size.is_small() || size.small_value() < 0) return p.badarg();
  const auto bytes = static_cast<size_t>(size.small_value());
  Binary* binary = new_binary(bytes);
  if (binary == nullptr) return atoms::false_;
  std::fill_n(binary->bytes, bytes, uint8_t{0});
  return make_bits_of(p.heap, binary, bytes * 8);
}

// Whether senders to the process do not wait for each other. They never do here, but only a queue
// off the heap has these buffers in ERTS.
Term proc_sig_buffers(Process& p, Term value) {
  if (!is_boolean(value)) return p.badarg();
  return boolean(value == atoms::true_ && p.flags.message_queue_data == atoms::off_heap);
}

// --- tables ---

// The table, if it is an ordered set that is written to concurrently; null: not.
OrderedStore* splitting_table(TableUse& table) {
  if (!table) return nullptr;
  OrderedStore* ordered = table->ordered();
  return ordered != nullptr && ordered->has_fine_locks() ? ordered : nullptr;
}

// {Name, Count}: so many other names that fall into the same part of the table of names.
Term colliding_names(Process& p, Term value) {
  if (!is_tuple(value) || tuple_size(value) != 2) return p.badarg();
  const Term name = tuple_elements(value)[0];
  const Term wanted = tuple_elements(value)[1];
  if (!name.is_atom() || !wanted.is_small() || wanted.small_value() < 0) return p.badarg();
  ListBuilder names(p.heap);
  int64_t left = wanted.small_value();
  for (uint32_t i = 0; i < atom_count() && left > 0; ++i) {
    const Term other = Term::atom(i);
    if (other == name || !EtsTables::names_collide(name, other)) continue;
    names.add(other);
    --left;
  }
  return names.finish();
}

// {Table, Switch}: on when it is true.
Term force_split(Process& p, Term value) {
  if (!is_tuple(value) || tuple_size(value) != 2) return p.badarg();
  TableUse table(p, tuple_elements(value)[0], kEtsInfo);
  OrderedStore* ordered = splitting_table(table);
  if (ordered == nullptr) return p.badarg();
  ordered->split_eagerly(tuple_elements(value)[1] == atoms::true_);
  return atoms::ok;
}

// Nothing splits or joins leaves at random, so it can only be switched off.
Term random_split_join(Process& p, Term value) {
  if (!is_tuple(value) || tuple_size(value) != 2) return p.badarg();
  TableUse table(p, tuple_elements(value)[0], kEtsInfo);
  if (splitting_table(table) == nullptr) return p.badarg();
  if (tuple_elements(value)[1] == atoms::true_) return p.not_supported("internal state");
  return atoms::ok;
}

// What only an ERTS built for debugging does.
Term no_such_build(Process&, Term) { return atoms::notsup; }

constexpr struct {
  std::string_view name;
  Term (*set)(Process& p, Term value);
} kSetters[] = {
    {"binary", make_zeros},
    {"binary_loop_limit", set_step_limit<SliceKind::kBinary>},
    {"block", block},
    {"block_scheduler", sleep},
    {"colliding_names", colliding_names},
    {"ets_debug_random_split_join", random_split_join},
    {"ets_force_split", force_split},
    {"ets_force_trap", no_such_build},
    {"fill_heap", fill_heap},
    {"force_gc", force_gc},
    {"gc_state", set_gc_state},
    {"make", make_thing},
    {"mbuf", make_fragment},
    {"multizero_timeout_in_timeout", chain_timers},
    {"next_pid", set_next_pid},
    {"next_port", set_next_port},
    {"proc_sig_block", sleep_in_signal},
    {"proc_sig_buffers", proc_sig_buffers},
    {"re_loop_limit", set_step_limit<SliceKind::kRegex>},
    {"reds_left", set_reds_left},
    {"sleep", sleep},
    {"unicode_loop_limit", set_step_limit<SliceKind::kUnicode>},
    {"wait", wait_for},
};

Term set_internal_state_2(Process& p, Term what, Term value) {
  if (what == atoms::available_internal_state) return set_available(p, value);
  if (!internal_state_available(p)) return Term::none();
  if (!what.is_atom()) return p.badarg();
  for (const auto& setter : kSetters) {
    if (setter.name == atom_text(what)) return setter.set(p, value);
  }
  return p.not_supported("internal state");
}

constexpr NativeEntry kInternalStateSetNatives[] = {
    {"erts_debug", "set_internal_state", native<set_internal_state_2>},
};

}  // namespace

std::span<const NativeEntry> internal_state_set_natives() { return kInternalStateSetNatives; }

}  // namespace joist
