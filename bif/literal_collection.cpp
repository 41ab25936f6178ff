#include "bif/literal_collection.h"

#include "bif/registry.h"
#include "vm/heap/builder.h"
#include "vm/heap/copy.h"
#include "vm/heap/literal_gc.h"
#include "vm/heap/literal_scan.h"
#include "vm/heap/retired_literals.h"
#include "vm/proc/process_extras.h"
#include "vm/proc/receive_markers.h"
#include "vm/sched/deliver.h"
#include "vm/sched/dirty_call.h"
#include "vm/sched/request.h"
#include "vm/sched/system_task.h"

namespace joist {

namespace {

// --- what a process does that is asked: {Requester, {AreaId, How, Pid}, How} ---

void tell(Process& p, Term requester, Term id, Term result) {
  Allocator scratch;
  send_message(p, requester, make_tuple(scratch, {atoms::copy_literals, id, result}));
}

void tell(Process& p, const Signal& task, Term result) {
  const std::span<const Term> parts = request_arguments(task);
  tell(p, parts[0], parts[1], result);
}

void visit(LiteralScan& scan, const Signal& message) {
  scan.visit(reinterpret_cast<const Word*>(&message.value), 1);
  scan.visit(message.words, message.value_words());
}

bool refers(const LeavingLiterals& leaving, const Signal& message) {
  LiteralScan scan(leaving);
  visit(scan, message);
  return scan.found_any();
}

// Whether a turn is too short to look through the messages and to copy the literals in them.
bool has_long_queue(Process& p, const LeavingLiterals& leaving) {
  LiteralScan scan(leaving);
  size_t words = 0;
  for (const Signal* message = p.messages.first(); message != nullptr; message = message->next) {
    words += sizeof(Signal) / sizeof(Word) + message->value_words();
    if (words > kLargeTermWords) return true;
    visit(scan, *message);
    if (scan.words_found() > kLargeTermWords) return true;
  }
  return false;
}

RootSet roots_of(Process& p) {
  RootSet roots;
  roots.add({p.registers->x, p.live});
  p.add_roots(roots);
  return roots;
}

// The same for the heap.
bool has_long_heap(Process& p, const LeavingLiterals& leaving) {
  if (is_long_collection(p, Collection::kFull)) return true;
  LiteralScan scan(leaving);
  scan.visit(p.heap, roots_of(p));
  return scan.words_found() > kLargeTermWords;
}

// Messages that refer to leaving literals are copied, which copies these too. The receive goes on
// where it was.
void renew_messages(Process& p, const LeavingLiterals& leaving) {
  MessageQueue& messages = p.messages;
  if (p.examines_message) p.detach_current_message();
  const LiteralSpace* literals = p.runtime->literals;
  Signal* next;
  for (Signal* message = messages.first(); message != nullptr; message = next) {
    next = message->next;
    if (message->kind == SignalKind::kMarker) continue;
    p.charge(1 + static_cast<int64_t>(message->value_words() / 64));
    if (!refers(leaving, *message)) continue;
    Signal* copy = message->detail == 0
                       ? new_signal_of(message->kind, message->sender, message->value, literals)
                       : new_message_with_token(message->sender, message->value,
                                                token_of_message(*message), literals);
    copy->id = message->id;
    copy->kind = message->kind;
    release_signal(messages.replace(message, copy));
  }
}

// Of a process that ends only the reason stays.
bool renew_exit_reason(Process& p, const Signal& task) {
  p.exit_reason = copy_term(p.heap, p.exit_reason, p.runtime->literals);
  tell(p, task, atoms::ok);
  return true;
}

// A scheduler that has the messages meanwhile gets no more that refer to leaving literals.
bool renew_heap(Process& p, const Signal& task) {
  if (p.is_exiting) return renew_exit_reason(p, task);
  const LeavingLiterals* leaving = p.runtime->retired_literals->searched();
  const RootSet roots = roots_of(p);
  const bool is_first = request_arguments(task)[2] == must_atom("init");
  if (is_first) {
    LiteralScan scan(*leaving);
    scan.visit(p.heap, roots);
    p.charge(static_cast<int64_t>(collection_words(p.heap, Collection::kFull) / 64));
    // The collector allows few processes at a time what takes memory.
    tell(p, task, scan.found_any() ? must_atom("need_gc") : Term(atoms::ok));
    return true;
  }
  if (!copy_leaving_literals_gc(p.heap, roots, *leaving)) {
    tell(p, task, atoms::ok);
    const bool is_limited = p.heap.options.max_heap_words != 0;
    if (is_limited && p.runtime->heap_limit_reached != nullptr) {
      p.runtime->heap_limit_reached(p, p.heap.young_words() + p.heap.old_words());
    }
    p.exit_now(is_limited ? atoms::killed : atoms::system_limit);
    return false;
  }
  p.due_collection = DueCollection::kNone;
  p.charge(static_cast<int64_t>(p.heap.words_copied / 16));
  p.save_registers();  // before the literals can go
  tell(p, task, atoms::ok);
  return true;
}

bool renew_all(Process& p, const Signal& task) {
  if (!p.is_exiting) renew_messages(p, *p.runtime->retired_literals->searched());
  return renew_heap(p, task);
}

bool do_copy_literals(Process& p, const Signal& task) {
  const LeavingLiterals* leaving = p.runtime->retired_literals->searched();
  if (leaving == nullptr) {
    tell(p, task, atoms::ok);
    return true;
  }
  if (p.is_exiting) return renew_exit_reason(p, task);
  if (p.suspended != nullptr) {  // the heap may be unfinished: in a later turn
    add_system_task(p, do_copy_literals, Priority::kNormal, task.sender, task.value);
    return true;
  }
  if (has_long_queue(p, *leaving)) {
    leave_to_dirty(p, renew_all, task);
    return true;
  }
  renew_messages(p, *leaving);
  if (!has_long_heap(p, *leaving)) return renew_heap(p, task);
  leave_to_dirty(p, renew_heap, task);
  return true;
}

// In the rounds before the search an answer only says that an instruction has ended.
void on_copy_request(Process& p, Signal& signal) {
  if (p.runtime->retired_literals->searched() == nullptr) return tell(p, signal, atoms::ok);
  add_system_task(p, do_copy_literals, static_cast<Priority>(signal.detail), signal.sender,
                  signal.value);
}

// --- what the collector calls ---

Term send_copy_request_3(Process& p, Term pid, Term area, Term how) {
  if (!pid.is_local_pid() || !how.is_atom()) return p.badarg();
  if (!(p.pid == p.runtime->retired_literals->collector())) return p.badarg();
  const Term id = make_tuple(p.heap, {area, how, pid});
  const Term value = make_tuple(p.heap, {p.pid, id, how});
  const auto priority = static_cast<uint32_t>(Priority::kNormal);
  if (!send_request(p, pid, on_copy_request, value, priority, SignalKind::kRequest,
                    Priority::kNormal)) {
    tell(p, p.pid, id, atoms::ok);
  }
  return atoms::ok;
}

Term release_area_switch_0(Process& p) {
  if (p.suspended != nullptr) return back_from_dirty(p);
  RetiredLiterals& retired = *p.runtime->retired_literals;
  if (!(p.pid == retired.collector())) return p.badarg();
  if (on_scheduler(p) && retired.words_to_release() > kLargeTermWords) return hand_to_dirty(p, {});
  return boolean(retired.next_round());
}

constexpr NativeEntry kLiteralCollectionNatives[] = {
    {"erts_literal_area_collector", "release_area_switch", native<release_area_switch_0>},
    {"erts_literal_area_collector", "send_copy_request", native<send_copy_request_3>},
};

}  // namespace

void tell_literal_collector(Process& p) {
  RetiredLiterals& retired = *p.runtime->retired_literals;
  if (!retired.collector().is_local_pid() || !retired.take_news()) return;
  send_message(p, retired.collector(), atoms::copy_literals);
}

std::span<const NativeEntry> literal_collection_natives() { return kLiteralCollectionNatives; }

}  // namespace joist
