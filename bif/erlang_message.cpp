// Sending: send/2,3 and the operator as a function.
#include "bif/registry.h"
#include "vm/sched/deliver.h"

namespace joist {

namespace {

Term send_2(Process& p, Term receiver, Term message) {
  return send(p, receiver, message) == SendResult::kBadReceiver ? p.badarg() : message;
}

// What nosuspend and noconnect could refuse needs another node.
Term send_3(Process& p, Term receiver, Term message, Term options) {
  bool connects = true;
  for (; options.is_list(); options = options.tail()) {
    if (options.head() == atoms::noconnect) {
      connects = false;
    } else if (!(options.head() == atoms::nosuspend)) {
      return p.badarg(atoms::badopt);
    }
  }
  if (!options.is_nil()) return p.badarg(atoms::badopt);
  switch (send(p, receiver, message)) {
    case SendResult::kSent:
      return atoms::ok;
    case SendResult::kRemote:
      return connects ? atoms::ok : atoms::noconnect;
    case SendResult::kBadReceiver:
      break;
  }
  return p.badarg();
}

constexpr NativeEntry kMessageNatives[] = {
    {"erlang", "!", native<send_2>},
    {"erlang", "send", native<send_2>},
    {"erlang", "send", native<send_3>},
};

}  // namespace

std::span<const NativeEntry> message_natives() { return kMessageNatives; }

}  // namespace joist
