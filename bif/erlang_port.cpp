// What processes ask of ports (https://www.erlang.org/doc/man/erlang#port_command-2 and its kin;
// erts/emulator/beam/erl_bif_port.c). erlang:port_command/2,3 and the like call natives of
// erts_internal, which return the result or a reference with which it comes. Their errors are
// atoms that the callers turn into exceptions.
#include "bif/registry.h"
#include "vm/heap/arith.h"
#include "vm/heap/builder.h"
#include "vm/io/ports.h"
#include "vm/proc/name_table.h"
#include "vm/sched/external_options.h"
#include "vm/sched/signal_handler.h"

namespace joist {

namespace {

// A port by identifier or name, closed or not; null: there is none.
Port* find_any_port(const Process& p, Term port_or_name) {
  Term id = port_or_name;
  if (id.is_atom()) id = p.runtime->names->find(id);
  return id.is_local_port() ? p.runtime->ports->find(id) : nullptr;
}

// The same, but only if it is open.
Port* find_port(const Process& p, Term port_or_name) {
  Port* port = find_any_port(p, port_or_name);
  return port != nullptr && port->is_open() ? port : nullptr;
}

// Signals that the port has sent meanwhile come before the result: an exit signal among them ends
// the caller in this call.
Term finish(Process& p, Term result) {
  if (!p.signals.empty()) handle_signals(p);
  return p.is_exiting ? p.ended_by_signal() : result;
}

Term call_port(Process& p, Port& port, std::unique_ptr<PortTask> task) {
  return finish(p, p.runtime->ports->call(p, port, std::move(task)));
}

std::unique_ptr<PortTask> new_task(PortTaskKind kind, Term argument = Term::none()) {
  auto task = std::make_unique<PortTask>();
  task->kind = kind;
  task->argument = argument;
  return task;
}

// --- commands ---

struct CommandOptions {
  bool force = false;
  bool nosuspend = false;
};

bool parse_command_options(Term list, CommandOptions* options) {
  for (; list.is_list(); list = list.tail()) {
    if (list.head() == atoms::force) {
      options->force = true;
    } else if (list.head() == atoms::nosuspend) {
      options->nosuspend = true;
    } else {
      return false;
    }
  }
  return list.is_nil();
}

Term port_command_3(Process& p, Term port_or_name, Term data, Term list) {
  CommandOptions options;
  if (!parse_command_options(list, &options)) return atoms::badopt;
  Port* port = find_port(p, port_or_name);
  if (port == nullptr) return finish(p, atoms::badarg);
  if (options.force && !port->driver_info().takes_force) return finish(p, atoms::notsup);
  if (port->is_busy() && !options.force) {
    if (options.nosuspend) return finish(p, atoms::false_);
    port->suspend_sender(p);
    return p.yield({port_or_name, data, list});
  }
  std::optional<OutputData> output = OutputData::of_iodata(data);
  if (!output) return call_port(p, *port, new_task(PortTaskKind::kBadCommand));
  p.charge(static_cast<int64_t>(output->size() / 64) + 1);
  std::unique_ptr<PortTask> task = new_task(PortTaskKind::kCommand);
  task->data = std::move(*output);
  task->refused_if_busy = options.nosuspend && !options.force;
  return call_port(p, *port, std::move(task));
}

// --- operations of the driver ---

bool read_operation(Term operation, uint32_t* number) {
  if (!operation.is_small() || operation.small_value() < 0) return false;
  *number = static_cast<uint32_t>(operation.small_value());
  return operation.small_value() <= UINT32_MAX;
}

Term port_control_3(Process& p, Term port_or_name, Term operation, Term data) {
  Port* port = find_port(p, port_or_name);
  std::unique_ptr<PortTask> task = new_task(PortTaskKind::kControl);
  if (port == nullptr || !read_operation(operation, &task->operation)) {
    return finish(p, atoms::badarg);
  }
  std::optional<OutputData> bytes = OutputData::of_iodata(data);
  if (!bytes) return finish(p, atoms::badarg);
  task->data = std::move(*bytes);
  return call_port(p, *port, std::move(task));
}

Term port_call_3(Process& p, Term port_or_name, Term operation, Term data) {
  Port* port = find_port(p, port_or_name);
  std::unique_ptr<PortTask> task = new_task(PortTaskKind::kCall);
  if (port == nullptr || !read_operation(operation, &task->operation)) {
    return finish(p, atoms::badarg);
  }
  const EncodeOptions options = encode_options(*p.runtime);
  const std::optional<size_t> size = external_size(data, options);
  if (!size) return finish(p, atoms::badarg);
  std::vector<uint8_t> bytes(*size);
  encode_external(data, options, bytes.data());
  p.charge(static_cast<int64_t>(*size / 64) + 1);
  task->data.append(bytes);
  return call_port(p, *port, std::move(task));
}

// --- owner and end ---

Term port_close_1(Process& p, Term port_or_name) {
  Port* port = find_port(p, port_or_name);
  if (port == nullptr) return finish(p, atoms::badarg);
  return call_port(p, *port, new_task(PortTaskKind::kClose));
}

Term port_connect_2(Process& p, Term port_or_name, Term pid) {
  Port* port = find_port(p, port_or_name);
  if (port == nullptr) return finish(p, atoms::badarg);
  const Term owner = pid.is_local_pid() ? pid : Term(Term::nil());
  return call_port(p, *port, new_task(PortTaskKind::kConnect, owner));
}

// --- information ---

Term port_info(Process& p, Term port_or_name, Term item, Term bad_port) {
  if (!port_or_name.is_atom() && !port_or_name.is_local_port()) return finish(p, bad_port);
  Port* port = find_any_port(p, port_or_name);
  if (port == nullptr) return finish(p, atoms::undefined);
  return call_port(p, *port, new_task(PortTaskKind::kInfo, item));
}

Term port_info_1(Process& p, Term port_or_name) {
  return port_info(p, port_or_name, Term::none(), atoms::badarg);
}

Term port_info_2(Process& p, Term port_or_name, Term item) {
  // Only atoms are items; the port answers to all that is no item alike.
  return port_info(p, port_or_name, item.is_atom() ? item : Term(Term::nil()), atoms::badtype);
}

Term ports_0(Process& p) {
  ListBuilder list(p.heap);
  for (const Term port : p.runtime->ports->table().snapshot()) {
    list.add(port);
    p.charge(1);
  }
  return list.finish();
}

// --- data kept with a port ---

Term port_set_data_2(Process& p, Term port_or_name, Term data) {
  Port* port = find_port(p, port_or_name);
  if (port == nullptr) return p.badarg();
  port->set_data(new_signal_of(SignalKind::kMarker, p.pid, data, nullptr));
  return atoms::true_;
}

Term port_get_data_1(Process& p, Term port_or_name) {
  Port* port = find_port(p, port_or_name);
  return port == nullptr ? p.badarg() : port->data(p.heap, p.runtime->literals);
}

constexpr NativeEntry kPortNatives[] = {
    {"erlang", "port_get_data", native<port_get_data_1>},
    {"erlang", "port_set_data", native<port_set_data_2>},
    {"erlang", "ports", native<ports_0>},
    {"erts_internal", "port_call", native<port_call_3>},
    {"erts_internal", "port_close", native<port_close_1>},
    {"erts_internal", "port_command", native<port_command_3>},
    {"erts_internal", "port_connect", native<port_connect_2>},
    {"erts_internal", "port_control", native<port_control_3>},
    {"erts_internal", "port_info", native<port_info_1>},
    {"erts_internal", "port_info", native<port_info_2>},
};

}  // namespace

std::span<const NativeEntry> erlang_port_natives() { return kPortNatives; }

}  // namespace joist
