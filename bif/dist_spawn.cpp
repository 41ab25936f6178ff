#include "bif/dist_spawn.h"

#include <cstdlib>
#include <string>
#include <vector>

#include "bif/registry.h"
#include "bif/spawn_options.h"
#include "vm/dist/relations.h"
#include "vm/heap/builder.h"
#include "vm/heap/copy.h"
#include "vm/sched/deliver.h"
#include "vm/sched/schedulers.h"
#include "vm/sched/signal_handler.h"
#include "vm/term/atoms_net.h"
#include "vm/term/rules.h"

namespace joist {

// --- for another node ---

namespace {

// Whether the new process waits for the message dist_spawn_init behind its arguments, by which it
// knows that those have come whole: since erts-14.1.1, and in patches of 13.2 (OTP-18790).
bool waits_for_second_message(const Runtime& runtime) {
  const std::string& text = runtime.settings.erts_version;
  if (text.empty()) return runtime.otp_release >= 27;
  std::vector<int> version;
  for (const char* at = text.c_str(); *at != '\0'; at += *at == '.' ? 1 : 0) {
    char* end;
    version.push_back(static_cast<int>(strtol(at, &end, 10)));
    if (end == at) break;
    at = end;
  }
  const std::vector<int> in_25 = {13, 2, 2, 4};
  const std::vector<int> in_26 = {14, 1, 1};
  return version[0] == in_25[0] ? version >= in_25 : version >= in_26;
}

}  // namespace

bool spawn_for_node(Nodes& nodes, const RemoteSpawn& request) {
  Runtime& runtime = nodes.runtime();
  const auto refuse = [&](Term reason) {
    send_spawn_reply(request.line, request.request, request.parent, 0, reason);
    return true;
  };
  SpawnOptions options = default_spawn_options(runtime);
  const SpawnOptionError wrong = parse_spawn_options(runtime, request.options, false, &options);
  if (wrong == SpawnOptionError::kBadList) return false;
  if (wrong == SpawnOptionError::kBadOption) return refuse(atoms::badopt);
  Allocator scratch;
  const Term first_argument = make_cons(scratch, request.function, Term::nil());
  const Ancestor ancestor = {request.parent, request.group_leader, 0};
  Process* child =
      make_child(runtime, ancestor, {atoms::erts_internal, must_atom("dist_spawn_init"), 1},
                 first_argument, options);
  if (child == nullptr) return refuse(atoms::system_limit);
  const std::span<const Term> function = tuple_elements(request.function);
  child->initial_call = {function[0], function[1],
                         static_cast<uint32_t>(function[2].small_value())};
  // Nobody else has its pid yet: this is the first message.
  child->messages.append(
      new_signal_of(SignalKind::kMessage, Term::none(), request.arguments, runtime.literals));
  if (waits_for_second_message(runtime)) {
    child->messages.append(
        new_signal_of(SignalKind::kMessage, Term::none(), must_atom("dist_spawn_init"), nullptr));
  }
  adopt_parent(*child, request.line, request.parent, options.link,
               options.monitor ? request.request : Term::none());
  const uint32_t flags =
      (options.link ? kSpawnedLinked : 0) | (options.monitor ? kSpawnedMonitored : 0);
  send_spawn_reply(request.line, request.request, request.parent, flags, child->pid);
  runtime.schedulers->enqueue(*child, request.line.scheduler);
  return true;
}

namespace {

// --- on another node ---

struct RemoteOptions {
  SpawnOptions known;             // those that are this node's affair
  Term passed_on = Term::none();  // the others
  bool is_list = true;
  bool is_sound = true;
};

// True: the option is not passed on.
bool take_option(Term option, RemoteOptions* options) {
  SpawnOptions& known = options->known;
  if (option == atoms::link) known.link = true;
  if (option == atoms::monitor) {
    known.monitor = true;
    known.monitor_options = {};
  }
  if (!is_tuple(option) || tuple_size(option) != 2) return false;
  const std::span<const Term> pair = tuple_elements(option);
  if (pair[0] == atoms::monitor) {
    known.monitor = true;
    options->is_sound &= parse_monitor_options(pair[1], &known.monitor_options);
    return true;
  }
  if (pair[0] == atoms::link && term_rules().otp_release >= 28) {
    known.link = true;
    options->is_sound &= parse_priority_option(pair[1], &known.is_priority_link);
    return true;
  }
  if (pair[0] == atoms::reply_tag) {
    known.reply_tag = pair[1];
    return true;
  }
  if (!(pair[0] == atoms::reply)) return false;
  options->is_sound &= parse_reply_option(pair[1], &known);
  return true;
}

RemoteOptions parse_remote_options(Process& p, Term list) {
  RemoteOptions options;
  std::vector<Term> passed_on;
  bool replaced_monitor = false;
  bool replaced_link = false;
  for (; list.is_list(); list = list.tail()) {
    const Term option = list.head();
    if (!take_option(option, &options)) {
      passed_on.push_back(option);
    } else if (tuple_elements(option)[0] == atoms::monitor && !replaced_monitor) {
      replaced_monitor = true;
      passed_on.push_back(atoms::monitor);
    } else if (tuple_elements(option)[0] == atoms::link && !replaced_link) {
      replaced_link = true;
      passed_on.push_back(atoms::link);
    }
  }
  options.is_list = list.is_nil();
  options.passed_on = make_list(p.heap, passed_on);
  return options;
}

Signal* holder_of(Process& p, Term term) {
  return new_signal_of(SignalKind::kMarker, p.pid, term, nullptr);
}

SpawnRequest request_of(Process& p, const SpawnOptions& options) {
  SpawnRequest request;
  request.link = options.link;
  request.monitor = options.monitor;
  request.is_priority_link = options.is_priority_link;
  request.is_priority_monitor = options.monitor_options.is_priority;
  request.reply_on_success = options.reply_on_success;
  request.reply_on_error = options.reply_on_error;
  if (!(options.reply_tag == atoms::spawn_reply)) {
    request.reply_tag = holder_of(p, options.reply_tag);
  }
  const Term tag = options.monitor_options.tag;
  if (!tag.is_none()) request.monitor_tag = holder_of(p, tag);
  return request;
}

// {Module, Function, Arity} of {Module, Function, Arguments}; none(): no such.
Term function_name(Process& p, Term function, Term* arguments) {
  if (!is_tuple(function) || tuple_size(function) != 3) return Term::none();
  const std::span<const Term> parts = tuple_elements(function);
  if (!parts[0].is_atom() || !parts[1].is_atom()) return Term::none();
  int64_t arity = 0;
  Term rest = *arguments = parts[2];
  for (; rest.is_list(); rest = rest.tail()) ++arity;
  p.charge(arity / 16);
  if (!rest.is_nil()) return Term::none();
  return make_tuple(p.heap, {parts[0], parts[1], Term::small(arity)});
}

// Type spawn_request: the request's reference; spawn_opt: {Reference, IsMonitored}. badarg is
// raised by erlang:spawn_opt/5 and spawn_request/5.
Term dist_spawn_request_4(Process& p, Term node, Term function, Term list, Term type) {
  if (!node.is_atom() || node == local_node()->name) return atoms::badarg;
  SpawnCall call;
  call.node = node;
  call.function = function_name(p, function, &call.arguments);
  if (call.function.is_none()) return atoms::badarg;
  const RemoteOptions options = parse_remote_options(p, list);
  const bool is_request = type == atoms::spawn_request;
  if (!options.is_list || (!options.is_sound && !is_request)) return atoms::badarg;
  call.options = options.passed_on;
  const SpawnOptions& known = options.known;
  const Term reference =
      new_monitor_reference(p, options.is_sound ? known.monitor_options : MonitorOptions());
  Term wrong = atoms::badopt;
  if (options.is_sound) {
    call.request = request_of(p, known);
    wrong = spawn_remote(p, reference_id(reference), call);
  }
  if (!(wrong == atoms::ok) && known.reply_on_error) {
    send_to_self(p, make_tuple(p.heap, {known.reply_tag, reference, atoms::error, wrong}));
  }
  return is_request ? reference : make_tuple(p.heap, {reference, boolean(known.monitor)});
}

constexpr NativeEntry kDistSpawnNatives[] = {
    {"erts_internal", "dist_spawn_request", native<dist_spawn_request_4>},
};

}  // namespace

std::span<const NativeEntry> dist_spawn_natives() { return kDistSpawnNatives; }

}  // namespace joist
