// Sending: send/2,3 and the operator as a function.
#include "bif/registry.h"
#include "vm/sched/deliver.h"
#include "vm/sched/dirty_call.h"
#include "vm/sched/online.h"

namespace joist {

namespace {

Term send_2(Process& p, Term receiver, Term message) {
  if (p.suspended != nullptr) return back_from_dirty(p);
  if (is_large_send(p, receiver, message)) return hand_to_dirty(p, {receiver, message});
  OnlineScope online(p);
  switch (send(p, receiver, message)) {
    case SendResult::kBadReceiver:
      return p.badarg();
    case SendResult::kBusy:
      return p.yield({receiver, message});
    default:
      return message;
  }
}

Term send_3(Process& p, Term receiver, Term message, Term options) {
  SendOptions how;
  const Term all_options = options;
  for (; options.is_list(); options = options.tail()) {
    if (options.head() == atoms::noconnect) {
      how.connects = false;
    } else if (options.head() == atoms::nosuspend) {
      how.when_busy = WhenBusy::kRefuse;
    } else if (options.head() == atoms::priority && p.runtime->otp_release >= 28) {
      how.is_priority = true;
    } else {
      return p.badarg(atoms::badopt);
    }
  }
  if (!options.is_nil()) return p.badarg(atoms::badopt);
  if (p.suspended != nullptr) return back_from_dirty(p);
  if (is_large_send(p, receiver, message)) {
    return hand_to_dirty(p, {receiver, message, all_options});
  }
  OnlineScope online(p);
  switch (send(p, receiver, message, how)) {
    case SendResult::kSent:
      return atoms::ok;
    case SendResult::kBusy:
      if (how.when_busy == WhenBusy::kRefuse) return atoms::nosuspend;
      return p.yield({receiver, message, all_options});
    case SendResult::kRemote:
      return how.connects ? atoms::ok : atoms::noconnect;
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
