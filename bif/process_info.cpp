// erlang:process_info/1,2. A process looks at itself directly; what it asks of others is a request,
// so that it is answered in order with the other signals it has sent.
#include "bif/process_info_items.h"
#include "bif/process_request.h"
#include "bif/registry.h"
#include "vm/heap/builder.h"
#include "vm/proc/process_table.h"
#include "vm/sched/signal_handler.h"

namespace joist {

namespace {

// registered_name is strange: the item alone, for a process without a name, is [], and in
// process_info/1 it is left out.
enum class Form : uint32_t { kItem, kList, kDefaults };

Term describe_items(const Described& d, Term items, Form form) {
  const bool has_name = !d.process.registered_name.get().is_none();
  if (form == Form::kItem) {
    return items == atoms::registered_name && !has_name ? Term::nil() : describe_process(d, items);
  }
  ListBuilder result(d.to);
  for (; items.is_list(); items = items.tail()) {
    const Term item = items.head();
    if (form == Form::kDefaults && item == atoms::registered_name && !has_name) continue;
    result.add(describe_process(d, item));
  }
  return result.finish();
}

bool is_aside(const Process& p) {
  return (p.state.load(std::memory_order_relaxed) & process_state::kAside) != 0;
}

// Whether a dirty native has nothing to do with it.
SignalKind request_kind(Term items) {
  if (!items.is_list()) return needs_heap(items) ? SignalKind::kRequest : SignalKind::kQuestion;
  for (; items.is_list(); items = items.tail()) {
    if (needs_heap(items.head())) return SignalKind::kRequest;
  }
  return SignalKind::kQuestion;
}

// {Ref, Items}; detail: their form.
void on_request(Process& receiver, Signal& signal) {
  if (receiver.is_exiting) return answer(receiver, signal, atoms::undefined);
  Allocator scratch;
  const Term items = request_arguments(signal)[1];
  answer(receiver, signal,
         describe_items({receiver, scratch, false, is_aside(receiver)}, items,
                        static_cast<Form>(signal.detail)));
}

Term process_info(Process& p, Term pid, Term items, Form form) {
  if (!pid.is_local_pid()) return p.badarg();
  if (!(pid == p.pid)) {
    return ask_process(p, pid, on_request, {items}, atoms::undefined, static_cast<uint32_t>(form),
                       request_kind(items));
  }
  // Signals that it has sent itself count.
  if (!p.signals.empty()) handle_signals(p);
  if (p.is_exiting) return p.ended_by_signal();
  return describe_items({p, p.heap, true, false}, items, form);
}

Term process_info_2(Process& p, Term pid, Term what) {
  if (what.is_atom() || is_tuple(what)) {
    return is_process_item(p, what) ? process_info(p, pid, what, Form::kItem) : p.badarg();
  }
  Term rest = what;
  for (; rest.is_list(); rest = rest.tail()) {
    if (!is_process_item(p, rest.head())) return p.badarg();
  }
  return rest.is_nil() ? process_info(p, pid, what, Form::kList) : p.badarg();
}

Term process_info_1(Process& p, Term pid) {
  return process_info(p, pid, default_process_items(p.heap), Form::kDefaults);
}

constexpr NativeEntry kProcessInfoNatives[] = {
    {"erlang", "process_info", native<process_info_1>},
    {"erlang", "process_info", native<process_info_2>},
};

}  // namespace

std::span<const NativeEntry> process_info_natives() { return kProcessInfoNatives; }

}  // namespace joist
