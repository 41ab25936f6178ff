#include "vm/proc/process.h"

#include <cstdlib>
#include <utility>

#include "vm/code/code_table.h"
#include "vm/heap/builder.h"
#include "vm/heap/copy.h"
#include "vm/heap/gc.h"
#include "vm/os/clock.h"
#include "vm/os/memory_count.h"
#include "vm/os/microstates.h"
#include "vm/proc/process_extras.h"
#include "vm/proc/relations.h"

namespace joist {

namespace {

// System tasks are in a circle (vm/sched/system_task.cpp).
void release_circle(Signal* last) {
  if (last == nullptr) return;
  release_signals(std::exchange(last->next, nullptr));
}

}  // namespace

Process::~Process() {
  if (extras != nullptr) {
    release_circle(extras->put_off_tasks);
    release_circle(extras->left_tasks);
  }
  delete extras;
  if (relations != nullptr) {
    count_memory(MemoryUse::kProcesses, -static_cast<int64_t>(sizeof(Relations)));
    delete relations;
  }
  free(saved_);
  release_circle(system_tasks);
  release_signals(late_signals);
  release_signals(signals.close());
}

Process::Extras& Process::make_extras() {
  if (extras == nullptr) extras = new Extras;
  return *extras;
}

Relations& Process::make_relations() {
  if (relations == nullptr) {
    relations = new Relations;
    count_memory(MemoryUse::kProcesses, sizeof(Relations));
  }
  return *relations;
}

Term* Process::reserve_saved(uint32_t count) {
  if (count > kFewSaved && count > saved_capacity_) {
    auto* grown = static_cast<Term*>(realloc(saved_, count * sizeof(Term)));
    if (grown == nullptr) fatal("out of memory: registers of a process");
    saved_ = grown;
    saved_capacity_ = count;
  } else if (count <= kFewSaved && saved_ != nullptr) {
    free(saved_);
    saved_ = nullptr;
    saved_capacity_ = 0;
  }
  live = count;
  return saved_ == nullptr ? few_saved_ : saved_;
}

void Process::save_registers() {
  Term* to = reserve_saved(live);
  for (uint32_t i = 0; i < live; ++i) to[i] = registers->x[i];
}

void Process::load_registers() {
  const std::span<const Term> saved = saved_registers();
  for (size_t i = 0; i < saved.size(); ++i) registers->x[i] = saved[i];
}

void Process::adopt_message(Signal* message) {
  if (message->value_words() == 0) return release_signal(message);
  OffHeap* objects = message->off_heap;
  if (objects != nullptr) {
    OffHeap* last = objects;
    while (last->next != nullptr) last = last->next;
    last->next = heap.off_heap;
    heap.off_heap = objects;
    heap.off_heap_bytes += message->off_heap_bytes;
  }
  Fragment* fragment = message->as_fragment();
  fragment->next = heap.fragments;
  heap.fragments = fragment;
  heap.fragment_words += fragment->capacity;
}

// Compiled code may need a collection (for a guard) while registers hold parts of a message that
// is still in the queue. Those parts become the heap's, which moves them; the queue gets a copy,
// of which the same is true.
void Process::detach_current_message() {
  Signal* message = messages.current();
  if (message == nullptr || message->value_words() == 0) return;
  Signal* copy =
      message->detail == 0
          ? new_signal_of(message->kind, message->sender, message->value, runtime->literals)
          : new_message_with_token(message->sender, message->value, token_of_message(*message),
                                   runtime->literals);
  adopt_message(messages.replace_current(copy));
}

Term Process::error_tuple(Term tag, Term value) { return error(make_tuple(heap, {tag, value})); }

Term Process::trap(const ExportEntry* target, std::initializer_list<Term> arguments) {
  size_t count = 0;
  for (Term argument : arguments) registers->x[count++] = argument;
  return trap_to(target->target(), static_cast<uint32_t>(count));
}

Term Process::trap(Term module, Term function, std::initializer_list<Term> arguments) {
  const Mfa target{module, function, static_cast<uint32_t>(arguments.size())};
  return trap(runtime->code->export_entry(target), arguments);
}

Term Process::trap_to(const Cell* code, uint32_t argument_count) {
  outcome = NativeOutcome::kTrap;
  trap_code = code;
  live = argument_count;
  return Term::none();
}

Term Process::yield(std::initializer_list<Term> arguments) {
  size_t count = 0;
  for (Term argument : arguments) registers->x[count++] = argument;
  outcome = NativeOutcome::kYield;
  live = static_cast<uint32_t>(count);
  return Term::none();
}

Term Process::hibernate(std::initializer_list<Term> arguments) {
  yield(arguments);
  outcome = NativeOutcome::kHibernate;
  return Term::none();
}

Term Process::rest() {
  yield({});
  outcome = NativeOutcome::kRest;
  return Term::none();
}

Term Process::exit_now(Term reason) {
  outcome = NativeOutcome::kExit;
  run_outcome = RunOutcome::kExited;
  exited_by_exception = false;
  exit_reason = reason;
  return Term::none();
}

Term Process::not_supported(const char* what) {
  const std::optional<Term> name = make_atom(what);
  return error_tuple(atoms::not_supported, name ? *name : Term::nil());
}

void Process::report_heap_limit() {
  const size_t words = heap.young_words() + heap.old_words() + heap.fragment_words;
  if (runtime->heap_limit_reached != nullptr) runtime->heap_limit_reached(*this, words);
  if ((trace_flags & trace_flag::kGarbageCollection) != 0)
    runtime->trace->heap_limit_reached(*this);
}

// With those who want to know of it told.
bool Process::collect_told_gc(const RootSet& roots, size_t need, Collection kind) {
  TraceHook& trace = *runtime->trace;
  const auto tell = [&](bool major, bool starts, size_t words) {
    if ((trace_flags & trace_flag::kGarbageCollection) != 0) {
      trace.collecting(*this, major, starts, words);
    }
  };
  const bool major = heap.is_major(kind);
  const uint64_t majors = heap.full_collections;
  const uint64_t reclaimed = heap.words_reclaimed;
  const int64_t start = runtime->clock->monotonic_ns();
  tell(major, true, need);
  const bool collected = joist::collect_gc(heap, roots, need, kind);
  const size_t words = heap.words_reclaimed - reclaimed;
  if (!major && heap.full_collections != majors) {  // the minor collection did not do
    tell(false, false, 0);
    tell(true, true, need);
    tell(true, false, words);
  } else {
    tell(major, false, words);
  }
  trace.collected(*this, runtime->clock->monotonic_ns() - start);
  return collected;
}

// Collections of more words than this take about a millisecond.
constexpr size_t kLongCollectionWords = kStress ? 2048 : 256 * 1024;
// When every chance to collect is taken, most heaps stay small.
constexpr size_t kLongStressCollectionWords = 2048;

bool is_long_collection(const Process& p, Collection kind) {
  const size_t limit = p.registers->gc_stress ? kLongStressCollectionWords : kLongCollectionWords;
  return collection_words(p.heap, kind) >= limit;
}

bool leave_for_collection(Process& p, size_t need, uint32_t live) {
  if (p.registers->thread != ThreadKind::kScheduler || p.suspended != nullptr) return false;
  // The message that a receive is looking at is the heap's first, in the queue that is not the
  // dirty thread's.
  if (p.examines_message) return false;
  if ((p.trace_flags & trace_flag::kGarbageCollection) != 0) return false;
  const bool is_due = p.due_collection != DueCollection::kNone;
  if (!is_due && !is_long_collection(p, Collection::kMinor)) return false;
  if (static_cast<size_t>(p.heap.limit - p.heap.top) > need) return false;
  if (may_abandon_young_block(p.heap, need)) return false;
  if (!is_due) p.due_collection = DueCollection::kMinor;
  p.make_extras().due_words = need;
  p.live = live;
  p.run_outcome = RunOutcome::kYielded;
  return true;
}

bool Process::put_off_collection(size_t need, Collection kind) {
  if (registers->thread != ThreadKind::kScheduler) return false;
  // Those who trace it hear nothing from a dirty thread.
  if ((trace_flags & trace_flag::kGarbageCollection) != 0) return false;
  if (due_collection == DueCollection::kNone && !is_long_collection(*this, kind)) return false;
  // The dirty thread that collects has chances of its own to let pass.
  if (registers->gc_stress) registers->stress_pause = stress_pause(heap);
  const bool has_room = static_cast<size_t>(heap.limit - heap.top) > need;
  if (!has_room && !abandon_young_block(heap, need)) return false;
  if (kind != Collection::kMinor) {
    due_collection = DueCollection::kFull;
  } else if (due_collection == DueCollection::kNone) {
    due_collection = DueCollection::kMinor;
  }
  reductions = 0;
  return true;
}

bool Process::collect_due_gc() {
  const Collection kind =
      due_collection == DueCollection::kFull ? Collection::kFull : Collection::kMinor;
  const size_t need = extras == nullptr ? 0 : std::exchange(extras->due_words, 0);
  const bool alive = collect_now_gc(need, live, kind);
  if (!alive) {
    due_collection = DueCollection::kFailed;
  } else if (kind == Collection::kMinor) {  // because it wants to allocate
    prepare_free_words(heap);
  }
  return alive;
}

bool Process::collect_gc(size_t need, uint32_t live_registers, Collection kind) {
  if (suspended != nullptr) {  // the heap may be unfinished
    JOIST_CHECK(need == 0);
    return true;
  }
  if (kind != Collection::kHibernate && put_off_collection(need, kind)) return true;
  return collect_now_gc(need, live_registers, kind);
}

namespace {

// What max_heap_size leaves for the heap: messages count that wait there, as OTP has it, and
// binaries that are shared where the limit includes them.
size_t left_of_limit(const Process& p, size_t limit) {
  size_t left = limit;
  if (p.heap.options.max_includes_shared_binaries) {
    const size_t words = (p.heap.off_heap_bytes + p.heap.old_off_heap_bytes) / sizeof(Word);
    if (words >= left) return 1;
    left -= words;
  }
  if (!(p.flags.message_queue_data == atoms::on_heap)) return left;
  for (const Signal* message = p.messages.first(); message != nullptr; message = message->next) {
    const size_t words = message->kind == SignalKind::kMarker ? 0 : message->value_words();
    if (words >= left) return 1;
    left -= words;
  }
  return left;
}

void count_collection(SystemStatistics& statistics, uint64_t words_reclaimed) {
  statistics.collections.fetch_add(1, std::memory_order_relaxed);
  statistics.words_reclaimed.fetch_add(words_reclaimed, std::memory_order_relaxed);
}

}  // namespace

bool Process::collect_now_gc(size_t need, uint32_t live_registers, Collection kind) {
  const MicrostateScope scope(Microstate::kGc);
  due_collection = DueCollection::kNone;
  if (examines_message) detach_current_message();
  RootSet roots;
  roots.add({registers->x, live_registers});
  add_roots(roots);
  const bool is_told = (trace_flags & trace_flag::kGarbageCollection) != 0 ||
                       (runtime->trace != nullptr && runtime->trace->monitors_collections());
  const size_t limit = heap.options.max_heap_words;
  size_t left = 0;
  if (limit != 0) [[unlikely]]
    heap.options.max_heap_words = left = left_of_limit(*this, limit);
  const uint64_t reclaimed = heap.words_reclaimed;
  const bool collected =
      is_told ? collect_told_gc(roots, need, kind) : joist::collect_gc(heap, roots, need, kind);
  heap.options.max_heap_words = limit;
  count_collection(runtime->statistics, heap.words_reclaimed - reclaimed);
  if (collected) [[likely]] {
    if (heap.options.max_heap_words != 0 && !heap.options.kill_at_max_heap &&
        heap.young_words() + heap.old_words() > left) [[unlikely]] {
      report_heap_limit();
    }
    if (registers->gc_stress) {
      verify_heap(heap, roots);
      registers->stress_pause = stress_pause(heap);
    }
    return true;
  }
  if (heap.options.max_heap_words != 0) report_heap_limit();
  exit_now(heap.options.max_heap_words != 0 ? atoms::killed : atoms::system_limit);
  return false;
}

void Process::add_roots(RootSet& roots) {
  roots.add({&exception_reason, 1});
  roots.add({&exception_trace, 1});
  roots.add({&error_cause, 1});
  roots.add({&exception_arguments, 1});
  roots.add({&exception_info, 1});
  roots.add({&group_leader, 1});
  roots.add({&parent, 1});
  roots.add(host_roots);
  roots.add({&exit_reason, 1});
  if (extras != nullptr) {
    roots.add(extras->dictionary.roots());
    if (extras->trace != nullptr) roots.add({&extras->trace->token, 1});
  }
}

}  // namespace joist
