#include "vm/dist/node_events.h"

#include "vm/heap/map_build.h"
#include "vm/proc/process_extras.h"
#include "vm/sched/request.h"
#include "vm/term/atoms_net.h"

namespace joist {

namespace {

// {nodeup | nodedown, Node, visible | hidden, Connection, Reason}
struct EventTerms {
  Term what, node, type, connection, reason;
};

bool is_wanted(uint32_t options, Term type) {
  using namespace node_monitor;
  const bool hidden = type == atoms::hidden;
  if (hidden) return (options & kHidden) != 0;
  return (options & (kVisible | kHidden)) == 0 || (options & kVisible) != 0;
}

Term event_info(Allocator& heap, uint32_t options, const EventTerms& event) {
  using namespace node_monitor;
  std::vector<Term> pairs;
  if ((options & kConnectionId) != 0) {
    pairs.insert(pairs.end(), {atoms::connection_id, event.connection});
  }
  if (event.what == atoms::nodedown && (options & kReason) != 0) {
    pairs.insert(pairs.end(), {atoms::nodedown_reason, event.reason});
  }
  if ((options & (kVisible | kHidden)) != 0) {
    pairs.insert(pairs.end(), {atoms::node_type, event.type});
  }
  if ((options & kInfoMap) != 0) return make_map(heap, std::span<const Term>(pairs));
  ListBuilder list(heap);
  for (size_t i = 0; i < pairs.size(); i += 2) {
    list.add(make_tuple(heap, {pairs[i], pairs[i + 1]}));
  }
  return list.finish();
}

void on_node_event(Process& p, Signal& signal) {
  if (p.extras == nullptr || p.is_exiting) return;
  const std::span<const Term> parts = request_arguments(signal);
  const EventTerms event = {parts[0], parts[1], parts[2], parts[3], parts[4]};
  for (const auto& [options, count] : p.extras->node_monitors) {
    if (!is_wanted(options, event.type)) continue;
    Allocator scratch;
    Term message;
    if (options == 0) {
      message = make_tuple(scratch, {event.what, event.node});
    } else {
      const Term info = event_info(scratch, options, event);
      message = make_tuple(scratch, {event.what, event.node, info});
    }
    for (uint32_t i = 0; i < count; ++i) {
      p.messages.append(
          new_signal_of(SignalKind::kMessage, Term::none(), message, p.runtime->literals));
    }
  }
}

}  // namespace

Signal* new_node_event(const Nodes::Event& event, const LiteralSpace& literals) {
  Allocator scratch;
  const Term connection =
      event.has_connection ? Term::small(event.connection) : Term(atoms::undefined);
  const Term reason = event.reason.is_none() ? Term::nil() : event.reason;
  const Term value =
      make_tuple(scratch, {event.is_up ? atoms::nodeup : atoms::nodedown, event.node,
                           event.is_hidden ? atoms::hidden : atoms::visible, connection, reason});
  Signal* signal = new_signal_of(SignalKind::kRequest, Term::none(), value, &literals);
  signal->request = on_node_event;
  return signal;
}

}  // namespace joist
