// erlang:system_monitor/2: collections that take long, heaps that are large, turns and message
// queues that are long. For ports: vm/sched/port_monitor.h.
#include "vm/code/code_table.h"
#include "vm/heap/builder.h"
#include "vm/proc/process_extras.h"
#include "vm/proc/process_table.h"
#include "vm/sched/deliver.h"
#include "vm/trace/tracing.h"

namespace joist {

namespace {

constexpr int64_t kMillisecond = 1'000'000;

Term property(Allocator& heap, Term name, uint64_t value) {
  return make_tuple(heap, {name, make_unsigned(heap, value)});
}

// [{Name, Words}, ...] behind what is there already.
Term heap_info(Allocator& to, const Heap& h, ListBuilder& list) {
  list.add(property(to, atoms::old_heap_block_size, h.old_words()));
  list.add(property(to, atoms::heap_block_size, h.young_words()));
  list.add(property(to, atoms::mbuf_size, h.fragment_words));
  list.add(property(to, atoms::stack_size, h.stack_words()));
  list.add(property(to, atoms::old_heap_size, static_cast<size_t>(h.old_top - h.old_start)));
  list.add(property(to, atoms::heap_size, static_cast<size_t>(h.top - h.start)));
  return list.finish();
}

Term function_term(Allocator& heap, const CodeTable& code, const Cell* place) {
  const Module* module = place == nullptr ? nullptr : code.find_code(place);
  const FunctionRange* function = module == nullptr ? nullptr : module->function_at(place);
  if (function != nullptr) {
    return make_tuple(heap, {module->name, function->name, Term::small(function->arity)});
  }
  const ExportEntry* entry =
      place == nullptr || module != nullptr ? nullptr : code.find_stub(place);
  if (entry == nullptr) return atoms::undefined;
  return make_tuple(heap, {entry->mfa.module, entry->mfa.function, Term::small(entry->mfa.arity)});
}

}  // namespace

void Tracing::set_system_monitor(const SystemMonitor& monitor) {
  monitor_ = monitor;
  ++monitor_count_;
  long_gc_ns.store(monitor.long_gc_ms * kMillisecond);
  long_schedule_ns.store(monitor.long_schedule_ms * kMillisecond);
  large_heap_words.store(monitor.large_heap_words);
  monitors_queues.store(monitor.queue_high != 0);
}

void Tracing::tell_monitor(Process& p, Term what, Term info) {
  const Term to = monitor_.process;
  if (to.is_none() || to == p.pid) return;
  Allocator scratch;
  const Term message = make_tuple(scratch, {atoms::monitor, p.pid, what, info});
  deliver(p, to, new_signal_of(SignalKind::kMessage, p.pid, message, runtime_.literals));
}

void Tracing::collected(Process& p, int64_t ns) {
  const int64_t long_ns = long_gc_ns.load(std::memory_order_relaxed);
  if (long_ns != 0 && ns >= long_ns) {
    Allocator scratch;
    ListBuilder list(scratch);
    list.add(property(scratch, atoms::timeout, static_cast<uint64_t>(ns / kMillisecond)));
    tell_monitor(p, atoms::long_gc, heap_info(scratch, p.heap, list));
  }
  const uint64_t large = large_heap_words.load(std::memory_order_relaxed);
  if (large != 0 && p.heap.young_words() + p.heap.old_words() > large) {
    Allocator scratch;
    ListBuilder list(scratch);
    tell_monitor(p, atoms::large_heap, heap_info(scratch, p.heap, list));
  }
}

void Tracing::ran_long(Process& p, const void* in, int64_t ns) {
  Allocator scratch;
  const CodeTable& code = *p.runtime->code;
  ListBuilder list(scratch);
  list.add(property(scratch, atoms::timeout, static_cast<uint64_t>(ns / kMillisecond)));
  list.add(
      make_tuple(scratch, {atoms::in, function_term(scratch, code, static_cast<const Cell*>(in))}));
  list.add(make_tuple(scratch, {atoms::out, function_term(scratch, code, p.code_pointer)}));
  tell_monitor(p, atoms::long_schedule, list.finish());
}

void Tracing::look_at_queue(Process& p) {
  const auto length = static_cast<int64_t>(p.messages.length());
  const bool was_long = p.extras != nullptr && p.extras->long_queue_monitor == monitor_count_;
  if (was_long ? length > monitor_.queue_low : length < monitor_.queue_high) return;
  p.make_extras().long_queue_monitor = was_long ? 0 : monitor_count_;
  tell_monitor(p, atoms::long_message_queue, was_long ? atoms::false_ : atoms::true_);
}

}  // namespace joist
