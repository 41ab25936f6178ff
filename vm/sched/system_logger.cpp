#include "vm/sched/system_logger.h"

#include <cstdio>
#include <string>

#include "vm/heap/builder.h"
#include "vm/heap/map_build.h"
#include "vm/proc/name_table.h"
#include "vm/proc/process_table.h"
#include "vm/proc/time.h"
#include "vm/sched/deliver.h"
#include "vm/term/node.h"
#include "vm/term/print.h"

namespace joist {

namespace {

bool node_is_alive() { return !(local_node()->name == atoms::nonode_nohost); }

Term make_time(Allocator& to, const Runtime& runtime) {
  return make_integer(to, runtime.time->clock().wall_ns() / 1000);
}

Term make_origin(Allocator& to, Term level) {
  const Term pairs[] = {atoms::emulator, atoms::true_, atoms::tag, level};
  return make_map(to, pairs);
}

Term make_metadata(Allocator& to, const Process& p, Term level) {
  const Term pairs[] = {
      atoms::error_logger, make_origin(to, level),   atoms::gl, p.group_leader, atoms::pid, p.pid,
      atoms::time,         make_time(to, *p.runtime)};
  return make_map(to, pairs);
}

Term make_text_arguments(Allocator& to, std::string_view text) {
  return make_cons(to, make_string(to, text), Term::nil());
}

void print_message(Term message) {
  const std::string text =
      "(no logger present) unexpected logger message: " + term_text(message) + "\r\n";
  fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace

Term heap_sizes(Allocator& to, const Heap& h) {
  const struct {
    Term name;
    size_t words;
  } values[] = {
      {atoms::old_heap_block_size, h.old_words()},
      {atoms::heap_block_size, h.young_words()},
      {atoms::mbuf_size, h.fragment_words},
      {atoms::recent_size, static_cast<size_t>(h.high_water - h.start)},
      {atoms::stack_size, h.stack_words()},
      {atoms::old_heap_size, static_cast<size_t>(h.old_top - h.old_start)},
      {atoms::heap_size, static_cast<size_t>(h.top - h.start)},
      {atoms::bin_vheap_size, h.off_heap_bytes / sizeof(Word)},
      {atoms::bin_vheap_block_size, h.off_heap_limit / sizeof(Word)},
      {atoms::bin_old_vheap_size, h.old_off_heap_bytes / sizeof(Word)},
      {atoms::bin_old_vheap_block_size, h.old_off_heap_limit / sizeof(Word)},
  };
  ListBuilder list(to);
  for (const auto& value : values) {
    list.add(make_tuple(to, {value.name, make_unsigned(to, value.words)}));
  }
  return list.finish();
}

// none(): nobody, and the report is dropped; a name: nobody has it.
Term SystemLogger::receiver(const Runtime& runtime) {
  Term to = target();
  if (to.is_local_pid()) {
    if (runtime.processes->find(to) != nullptr) return to;
    // Its process has ended: as it was at first.
    to = atoms::logger;
    exchange_target(to);
  }
  if (to == atoms::undefined) return Term::none();
  const Term owner = runtime.names->find(to);
  return owner.is_local_pid() ? owner : to;
}

void SystemLogger::report(Process& p, Term level, std::string_view format, Term arguments) {
  const Term to = receiver(*p.runtime);
  if (to.is_none()) return;
  // One that is named reports nothing of itself to itself.
  if (to == p.pid && !(target() == p.pid)) return;
  Allocator scratch;
  const Term message = make_tuple(scratch, {atoms::log, level, make_string(scratch, format),
                                            arguments, make_metadata(scratch, p, level)});
  if (to.is_local_pid()) {
    send_message(p, to, message);
    return;
  }
  print_message(message);
}

void SystemLogger::report_error(Process& p, std::string_view text) {
  Allocator scratch;
  report_error(p, "~s~n", make_text_arguments(scratch, text));
}

void SystemLogger::report_error(const Runtime& runtime, uint32_t scheduler, std::string_view text) {
  const Term to = receiver(runtime);
  if (to.is_none()) return;
  Allocator scratch;
  const Term metadata[] = {atoms::error_logger, make_origin(scratch, atoms::error), atoms::time,
                           make_time(scratch, runtime)};
  const Term message =
      make_tuple(scratch, {atoms::log, atoms::error, make_string(scratch, "~s~n"),
                           make_text_arguments(scratch, text), make_map(scratch, metadata)});
  if (!to.is_local_pid()) return print_message(message);
  deliver(runtime, scheduler, to,
          new_signal_of(SignalKind::kMessage, Term::nil(), message, runtime.literals));
}

void report_crash(Process& p) {
  Term reason = p.exception_reason;
  Allocator scratch;
  if (p.exception_class == ExceptionClass::kExit) return;
  reason = make_tuple(scratch, {reason, p.exception_trace});
  const Term with_node[] = {p.pid, local_node()->name, reason};
  const Term without[] = {p.pid, reason};
  if (node_is_alive()) {
    p.runtime->logger->report_error(p, "Error in process ~p on node ~p with exit value:~n~p~n",
                                    make_list(scratch, with_node));
  } else {
    p.runtime->logger->report_error(p, "Error in process ~p with exit value:~n~p~n",
                                    make_list(scratch, without));
  }
}

void report_full_heap(Process& p, size_t words) {
  const HeapOptions& options = p.heap.options;
  if (!options.log_at_max_heap) return;
  Allocator scratch;
  ListBuilder arguments(scratch);
  arguments.add(p.pid);
  if (node_is_alive()) arguments.add(local_node()->name);
  arguments.add(make_unsigned(scratch, options.max_heap_words));
  arguments.add(make_unsigned(scratch, words));
  arguments.add(boolean(options.kill_at_max_heap));
  arguments.add(atoms::true_);
  arguments.add(make_unsigned(scratch, p.messages.length()));
  arguments.add(heap_sizes(scratch, p.heap));
  std::string format = "     Process:            ~p ";
  if (node_is_alive()) format += "on node ~p";
  format +=
      "~n     Context:            maximum heap size reached~n"
      "     Max Heap Size:      ~p~n"
      "     Total Heap Size:    ~p~n"
      "     Kill:               ~p~n"
      "     Error Logger:       ~p~n"
      "     Message Queue Len:  ~p~n"
      "     GC Info:            ~p~n";
  p.runtime->logger->report_error(p, format, arguments.finish());
}

}  // namespace joist
