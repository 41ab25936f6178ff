// Messages: sending, and the receive loop that compiled code spells out.
//
//   loop:    loop_rec wait, x0      the message under the receive's hand, or on to wait
//            ... matching ...
//            remove_message         it matched: out of the queue
//   next:    loop_rec_end loop      it did not: the following one
//   wait:    wait loop              or wait_timeout loop, Time and behind it timeout
#include "vm/code/code_table.h"
#include "vm/exec/dispatch.h"
#include "vm/exec/support.h"
#include "vm/proc/process_extras.h"
#include "vm/sched/deliver.h"
#include "vm/sched/signal_handler.h"
#include "vm/sched/timers.h"

namespace joist {
namespace {

constexpr int64_t kLongestTimeout = 0xffffffff;

// The process sleeps until something comes, and goes on at `target` then.
Flow wait_at(State& s, const Cell* target) {
  s.pc = target;
  s.save();
  Process& p = s.process();
  p.live = 0;
  p.run_outcome = RunOutcome::kWaiting;
  // The messages that a loop has taken and dropped count, also if it makes nothing itself.
  if (p.heap.wants_collection()) p.collect_gc(0, 0);
  return Flow::kLeave;
}

Flow end_by_signal(Process& p) {
  p.run_outcome = RunOutcome::kExited;
  return Flow::kLeave;
}

// What is too large to be sent here is left to the native, which has it done by a dirty thread; and
// what a busy port keeps waiting, as whoever looks at the process sees it in the native then.
// save() was done.
Flow call_send(State& s, const Cell* next) {
  static constexpr Mfa kSend = {atoms::erlang, atoms::send, 2};
  const ExportEntry* entry = s.process().runtime->code->export_entry(kSend);
  s.load();
  *--s.sp = return_word(next);
  s.pc = entry->target();
  return Flow::kJump;
}

struct op_send : FastOp {
  JOIST_INLINE Flow run(State& s, const Cell* next) {
    s.save();
    Process& p = s.process();
    const Term receiver = s.x0;
    const Term message = s.x1;
    p.charge(1);
    constexpr uint32_t kTraced = trace_flag::kSend | trace_flag::kToken;
    if (!receiver.is_local_pid() || (p.trace_flags & kTraced) != 0) {
      if (is_large_send(p, receiver, message)) return call_send(s, next);
      const SendOptions options = {.when_busy = WhenBusy::kRefuse};
      const SendResult result = send(p, receiver, message, options);
      if (result == SendResult::kBusy) return call_send(s, next);
      if (result == SendResult::kBadReceiver) {
        p.badarg();
        static constexpr Mfa kSend = {atoms::erlang, atoms::send, 2};
        blame_native(p, kSend, s.r->x);
        return Flow::kRaise;
      }
    } else if (!try_send_message(p, receiver, message)) {
      return call_send(s, next);
    }
    s.load();
    s.x0 = message;
    return Flow::kNext;
  }
};

struct op_loop_rec : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto, auto destination) {
    Process& p = s.process();
    const Signal* message = p.messages.current();
    if (message == nullptr) return Flow::kSlow;
    p.examines_message = true;
    destination.set(s, message->value);
    return Flow::kNext;
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto, auto destination) {
    Process& p = s.process();
    if (p.signals.empty()) return Flow::kFail;
    s.save();
    handle_signals(p);
    if (p.is_exiting) return end_by_signal(p);
    s.load();
    const Signal* message = p.messages.current();
    if (message == nullptr) return Flow::kFail;
    p.examines_message = true;
    destination.set(s, message->value);
    return Flow::kNext;
  }
};

struct op_loop_rec_end : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto label) {
    Process& p = s.process();
    p.examines_message = false;
    p.messages.advance();
    s.pc = jump_target(s.pc, label.field);
    return --s.reductions > 0 ? Flow::kJump : Flow::kSlow;
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto) { return yield_at(s, s.pc, 0); }
};

struct op_remove_message : FastOp {
  JOIST_INLINE void run(State& s, const Cell*) {
    Process& p = s.process();
    p.heap.top = s.hp;
    p.examines_message = false;
    Signal* message = p.messages.remove_current();
    if ((p.trace_flags & trace_flag::kToken) != 0 || message->detail != 0) [[unlikely]] {
      s.save();
      p.runtime->trace->taken(p, *message);
      s.load();
    }
    p.adopt_message(message);
    stop_receive_timer(p);
  }
};

struct op_wait : FastOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto label) {
    return wait_at(s, jump_target(s.pc, label.field));
  }
};

struct op_wait_timeout : FastOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto label, auto time) {
    Process& p = s.process();
    if ((p.state.load(std::memory_order_relaxed) & process_state::kTimedOut) != 0) {
      return Flow::kNext;
    }
    if (!p.receive_timer_active) {
      const Term timeout = time.get(s);
      if (timeout == Term::small(0)) return Flow::kNext;
      if (timeout == atoms::infinity) {
        wait_without_timer(p);
        return wait_at(s, jump_target(s.pc, label.field));
      }
      s.save();
      if (!timeout.is_small() || timeout.small_value() < 0 ||
          timeout.small_value() > kLongestTimeout) {
        p.messages.restart();
        p.error(atoms::timeout_value);
        return Flow::kRaise;
      }
      start_receive_timer(p, static_cast<uint64_t>(timeout.small_value()));
    }
    return wait_at(s, jump_target(s.pc, label.field));
  }
};

// A timeout is traced like a message, from clock_service.
[[gnu::noinline]] void trace_timeout(Process& p) {
  Signal* signal = new_signal(SignalKind::kMessage, atoms::clock_service);
  signal->value = atoms::timeout;
  p.runtime->trace->received(p, *signal);
  release_signal(signal);
}

struct op_timeout : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell*) {
    Process& p = s.process();
    stop_receive_timer(p);
    p.messages.restart();
    return (p.trace_flags & trace_flag::kReceive) == 0 ? Flow::kNext : Flow::kSlow;
  }
  JOIST_INLINE Flow slow(State& s, const Cell*) {
    s.save();
    trace_timeout(s.process());
    s.load();
    return Flow::kNext;
  }
};

// --- markers ---

struct op_recv_marker_reserve : FastOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto destination) {
    s.save();
    Process& p = s.process();
    // What has arrived lies before the marker.
    if (!p.signals.empty()) handle_signals(p);
    if (p.is_exiting) return end_by_signal(p);
    const size_t marker = p.make_extras().receive_markers.reserve(p.messages);
    s.load();
    destination.set(s, Term::small(static_cast<int64_t>(marker)));
    return Flow::kNext;
  }
};

struct op_recv_marker_bind : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto marker, auto reference) {
    const Term number = marker.get(s);
    const Term bound = reference.get(s);
    if (!number.is_small() || !is_ref(bound)) return;
    s.process().extras->receive_markers.bind(static_cast<size_t>(number.small_value()),
                                             reference_id(bound));
  }
};

struct op_recv_marker_clear : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto marker) {
    Process& p = s.process();
    const Term which = marker.get(s);
    if (p.extras == nullptr) return;
    ReceiveMarkers& markers = p.extras->receive_markers;
    if (which.is_small()) {
      markers.clear(p.messages, static_cast<size_t>(which.small_value()));
    } else if (is_ref(which)) {
      markers.clear_bound(p.messages, reference_id(which));
    }
  }
};

struct op_recv_marker_use : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto reference) {
    Process& p = s.process();
    const Term bound = reference.get(s);
    if (p.extras == nullptr || !is_ref(bound)) return;
    p.extras->receive_markers.use(p.messages, reference_id(bound));
  }
};

}  // namespace

void fill_receive(HandlerTable& table) {
#define JOIST_OP_GROUP_receive JOIST_FILL
#include "vm/exec/fill_group.h"
}

}  // namespace joist
