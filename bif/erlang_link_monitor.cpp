// Links, monitors, aliases, and exit/2.
#include "bif/registry.h"
#include "bif/spawn_options.h"
#include "vm/dist/relations.h"
#include "vm/heap/builder.h"
#include "vm/proc/name_table.h"
#include "vm/sched/deliver.h"
#include "vm/sched/dirty_call.h"
#include "vm/sched/online.h"
#include "vm/sched/signal_handler.h"
#include "vm/sched/time_offset.h"
#include "vm/term/compare.h"
#include "vm/term/node.h"

namespace joist {

namespace {

// --- links ---

// There is nobody to link to: an exit signal where exits are trapped, otherwise an error.
Term no_process_to_link(Process& p, Term pid, Term reason) {
  if (!p.trap_exit) return p.error(reason);
  send_to_self(p, make_tuple(p.heap, {atoms::EXIT, pid, reason}));
  return atoms::true_;
}

// Of a pid, port or reference that is no local one: whether it is of a former incarnation of this
// node.
bool is_of_this_node(Term term) { return external_node(term)->name == local_node()->name; }

Term make_link(Process& p, Term target, bool is_priority) {
  if ((p.trace_flags & trace_flag::kProcs) != 0 && (is_pid(target) || is_port(target))) {
    p.runtime->trace->about_process(p, atoms::link, target);
  }
  if (target == p.pid) return atoms::true_;
  if (target.is_local_pid() || target.is_local_port()) {
    return link_to(p, target, is_priority) ? Term(atoms::true_)
                                           : no_process_to_link(p, target, atoms::noproc);
  }
  if (!is_pid(target)) return p.badarg();
  if (is_of_this_node(target)) return no_process_to_link(p, target, atoms::noproc);
  link_remote(p, target, is_priority);
  return atoms::true_;
}
Term link_1(Process& p, Term target) { return make_link(p, target, false); }
Term link_2(Process& p, Term target, Term options) {
  bool is_priority = false;
  if (!parse_priority_option(options, &is_priority)) return p.badarg(atoms::badopt);
  return make_link(p, target, is_priority);
}

Term unlink_1(Process& p, Term target) {
  if (!is_pid(target) && !is_port(target)) return p.badarg();
  if ((p.trace_flags & trace_flag::kProcs) != 0) {
    p.runtime->trace->about_process(p, atoms::unlink, target);
  }
  if (is_kind(target, Boxed::kExternalPid)) {
    unlink_remote(p, target);
  } else if (!target.is_boxed()) {
    unlink_from(p, target);
  }
  return atoms::true_;
}

struct ExitOptions {
  bool is_priority = false;
  bool spares_itself = false;  // `normal` is no reason for the process itself to end, either
};

// A process that ends itself does so at once. Otherwise the signal waits for its turn, in which the
// process may trap exits no longer.
Term after_exit_to_itself(Process& p, Term reason) {
  if (p.trap_exit && !(reason == atoms::kill)) return atoms::true_;
  handle_signals(p);
  return p.is_exiting ? p.exit_now(p.exit_reason) : atoms::true_;
}

Term exit_itself(Process& p, Term reason) {
  send_exit(p, p.pid, reason);
  const Term result = after_exit_to_itself(p, reason);
  // As the reason of a signal `normal` would be ignored.
  return reason == atoms::normal && !p.trap_exit && !p.is_exiting ? p.exit_now(reason) : result;
}

// To whom an alias stands for, which OTP 28 brought.
Term exit_alias(Process& p, Term alias, Term reason, bool is_priority) {
  if (is_kind(alias, Boxed::kExternalRef)) {
    // Of a former incarnation of this node nobody is left.
    if (!is_of_this_node(alias)) exit_remote(p, alias, reason, is_priority);
    return atoms::true_;
  }
  send_exit_to_alias(p, alias, reason, is_priority);
  return alias_owner(alias) == p.pid ? after_exit_to_itself(p, reason) : atoms::true_;
}

bool is_own(const Process& p, Term target) {
  return target == p.pid || (is_ref(target) && alias_owner(target) == p.pid);
}

// `arguments`: the native's.
Term exit_with(Process& p, Term target, Term reason, const ExitOptions& options,
               std::initializer_list<Term> arguments) {
  if (p.suspended != nullptr) return back_from_dirty(p);
  if (on_scheduler(p) && !is_own(p, target) &&
      copy_size_up_to(reason, p.runtime->literals, kLargeTermWords) == kMoreWords) {
    return hand_to_dirty(p, arguments);
  }
  OnlineScope online(p);
  if (options.spares_itself && target == p.pid && reason == atoms::normal && !p.trap_exit) {
    return atoms::true_;
  }
  if (is_ref(target) && p.runtime->otp_release >= 28) {
    return exit_alias(p, target, reason, options.is_priority);
  }
  if (target.is_local_pid()) {
    if (target == p.pid) return exit_itself(p, reason);
    send_exit(p, target, reason);
    return atoms::true_;
  }
  if (target.is_local_port()) send_exit(p, target, reason);
  if (is_kind(target, Boxed::kExternalPid)) exit_remote(p, target, reason, options.is_priority);
  return is_pid(target) || is_port(target) ? Term(atoms::true_) : p.badarg();
}
template <bool kSparesItself>
Term exit_2(Process& p, Term target, Term reason) {
  return exit_with(p, target, reason, {false, kSparesItself}, {target, reason});
}
template <bool kSparesItself>
Term exit_3(Process& p, Term target, Term reason, Term list) {
  ExitOptions options = {false, kSparesItself};
  if (!parse_priority_option(list, &options.is_priority)) return p.badarg(atoms::badopt);
  return exit_with(p, target, reason, options, {target, reason, list});
}

// --- monitors ---

struct Target {
  bool valid = false;
  MonitorKind kind = MonitorKind::kProcess;
  Term owner = Term::none();  // pid or port, if there is one
  Term name = Term::none();
  Term node = Term::none();  // of another node: that
};

Target find_by_name(const Process& p, MonitorKind kind, Term name) {
  return {true, kind, p.runtime->names->find(name), name};
}

Target find_target(const Process& p, MonitorKind kind, Term item) {
  const bool wants_pid = kind == MonitorKind::kProcess;
  if (item.is_atom()) return find_by_name(p, kind, item);
  if (wants_pid ? item.is_local_pid() : item.is_local_port()) return {true, kind, item};
  if (wants_pid ? is_pid(item) : is_port(item)) {
    return {wants_pid || is_of_this_node(item), kind, item, Term::none(), node_of(item)->name};
  }
  if (!is_tuple(item) || tuple_size(item) != 2) return {};
  const std::span<const Term> address = tuple_elements(item);
  if (!address[0].is_atom() || !address[1].is_atom()) return {};
  if (address[1] == local_node()->name) return find_by_name(p, kind, address[0]);
  return {wants_pid, kind, Term::none(), address[0], address[1]};
}

// {'DOWN', Ref, Type, Item, Reason} at once.
void report_down(Process& p, Term reference, Term type, Term item, Term reason,
                 const MonitorOptions& options) {
  const Term tag = options.tag.is_none() ? Term(atoms::DOWN) : options.tag;
  send_to_self(p, make_tuple(p.heap, {tag, reference, type, item, reason}));
}

// As a Monitor keeps it.
Signal* tag_of(const Process& p, const MonitorOptions& options) {
  if (options.tag.is_none()) return nullptr;
  return new_signal_of(SignalKind::kMarker, p.pid, options.tag, nullptr);
}

Term monitor_3(Process& p, Term type, Term item, Term list) {
  MonitorOptions options;
  if (!parse_monitor_options(list, &options)) return p.badarg(atoms::badopt);
  if (type == atoms::time_offset) {
    if (!(item == atoms::clock_service)) return p.badarg();
    const Term reference = new_monitor_reference(p, options);
    Monitor& monitor = p.make_relations().monitors[reference_id(reference)];
    monitor.kind = MonitorKind::kTimeOffset;
    monitor.tag = tag_of(p, options);
    watch_time_offset(p, reference_id(reference));
    return reference;
  }
  if (!(type == atoms::process) && !(type == atoms::port)) return p.badarg(atoms::badtype);
  const auto kind = type == atoms::process ? MonitorKind::kProcess : MonitorKind::kPort;
  const Target target = find_target(p, kind, item);
  if (!target.valid) return p.badarg();
  // Nobody sees oneself go down; an alias does not come with that either.
  if (target.owner == p.pid) return make_ref(p.heap, p.runtime->uniques.next_ref());
  const Term reference = new_monitor_reference(p, options);
  // Nobody of a former incarnation of this node is there.
  if (target.node == local_node()->name) {
    report_down(p, reference, type, item, atoms::noproc, options);
    return reference;
  }
  Signal* tag = tag_of(p, options);
  if (target.node.is_none()) {
    monitor_target(p, reference_id(reference), kind, target.owner, target.name, tag,
                   options.is_priority);
  } else {
    monitor_remote(p, reference_id(reference), kind, target.owner, target.name, target.node, tag,
                   options.is_priority);
  }
  return reference;
}

Term monitor_2(Process& p, Term type, Term item) { return monitor_3(p, type, item, Term::nil()); }

bool is_own_reference(Term term) {
  return is_kind(term, Boxed::kRef) || is_kind(term, Boxed::kMagicRef);
}

// Takes the message of a monitor that has fired already out of the queue.
void flush_down_message(Process& p, Term reference) {
  for (Signal* message = p.messages.first(); message != nullptr; message = message->next) {
    if (message->kind == SignalKind::kMarker || !is_tuple(message->value)) continue;
    const std::span<const Term> elements = tuple_elements(message->value);
    p.charge(1);
    if (elements.size() != 5 || !exact_equal(elements[1], reference)) continue;
    p.messages.remove(message);
    return release_signal(message);
  }
}

Term demonitor_2(Process& p, Term reference, Term options) {
  bool flush = false;
  bool info = false;
  for (; options.is_list(); options = options.tail()) {
    flush |= options.head() == atoms::flush;
    info |= options.head() == atoms::info;
    if (!(options.head() == atoms::flush) && !(options.head() == atoms::info)) {
      return p.badarg();
    }
  }
  if (!options.is_nil()) return p.badarg();
  if (!is_ref(reference)) return p.badarg();
  if (!is_own_reference(reference)) {
    return is_of_this_node(reference) ? boolean(!info) : p.badarg();
  }
  const bool found = demonitor(p, reference_id(reference));
  if (flush && !found) flush_down_message(p, reference);
  return boolean(found || !info);
}

Term demonitor_1(Process& p, Term reference) { return demonitor_2(p, reference, Term::nil()); }

// --- aliases ---

Term alias_1(Process& p, Term options) {
  bool takes_priority = false;
  AliasMode mode = AliasMode::kExplicit;
  for (; options.is_list(); options = options.tail()) {
    if (options.head() == atoms::reply) {
      mode = AliasMode::kReply;
    } else if (options.head() == atoms::explicit_unalias) {
      mode = AliasMode::kExplicit;
    } else if (options.head() == atoms::priority && p.runtime->otp_release >= 28) {
      takes_priority = true;
    } else {
      return p.badarg();
    }
  }
  if (!options.is_nil()) return p.badarg();
  const Term alias = new_monitor_reference(p, {true, mode});
  p.relations->aliases[reference_id(alias)].takes_priority = takes_priority;
  return alias;
}

Term unalias_1(Process& p, Term alias) {
  if (!is_ref(alias)) return p.badarg();
  const bool own = alias_owner(alias) == p.pid && p.relations != nullptr;
  return boolean(own && p.relations->aliases.erase(reference_id(alias)) != 0);
}

constexpr NativeEntry kLinkMonitorNatives[] = {
    {"erlang", "link", native<link_1>},
    {"erlang", "unlink", native<unlink_1>},
    {"erlang", "link", native<link_2>},
    {"erlang", "exit", native<exit_2<false>>},
    {"erlang", "exit", native<exit_3<false>>},
    {"erlang", "exit_signal", native<exit_2<true>>},
    {"erlang", "exit_signal", native<exit_3<true>>},
    {"erlang", "monitor", native<monitor_2>},
    {"erlang", "monitor", native<monitor_3>},
    {"erlang", "demonitor", native<demonitor_1>},
    {"erlang", "demonitor", native<demonitor_2>},
    {"erlang", "alias", native<alias_1>},
    {"erlang", "unalias", native<unalias_1>},
};

}  // namespace

std::span<const NativeEntry> link_monitor_natives() { return kLinkMonitorNatives; }

}  // namespace joist
