// What the signals that have arrived do to their receiver. Called by whoever runs it: when its
// turn begins, and when a receive comes to the end of its messages.
#pragma once

#include "vm/proc/process.h"
#include "vm/proc/relations.h"

namespace joist {

// Takes all signals: messages go to the message queue, the rest is carried out. A fatal exit
// signal sets is_exiting and exit_reason, and ends the slice; no code of the process may run then.
void handle_signals(Process& process);

// The same on behalf of a process for which a dirty thread runs a native (vm/engine/dirty.h): what
// needs the heap, and what its sender sends after that, is kept for later.
void handle_signals_aside(Process& process);

// Puts a chain of signals behind those of Process::late_signals.
void append_late_signals(Process& process, Signal* chain);

// What becomes of a signal that reached a process which has ended: its sender is told so, where
// that is due. Releases it.
void refuse_signal(Process& process, Signal* signal);

// --- how relations are made and undone by the process itself ---
// False: no such process or port.
bool link_to(Process& process, Term pid, bool is_priority = false);
void unlink_from(Process& process, Term pid);
// Monitors `target` (none: nobody has `name`) under the reference with that id.
void monitor_target(Process& process, uint64_t id, MonitorKind kind, Term target, Term name,
                    Signal* tag, bool is_priority = false);
// False: there is no such monitor.
// An alias that came with it ends here, too.
bool demonitor(Process& process, uint64_t id);

// Signals that come from another node, whose sender is a pid of it, or an atom for what was
// monitored by name. They bring their sender along in their own words, and room for the message
// they may become. `reason` is copied.
Signal* new_exit_of_other_node(SignalKind kind, Term sender, Term reason,
                               const LiteralSpace* literals);
Signal* new_down_of_other_node(uint64_t id, Term sender, Term reason, const LiteralSpace* literals);
// Both of which a process may also handle at once on its own behalf.
void handle_own_signal(Process& process, Signal* signal);

// Tells a watcher, or the other end of a link, that the process has ended.
void send_down(Process& process, Term watcher, uint64_t id, Term reason);
void send_link_exit(Process& process, Term pid, Term reason);

// The same on behalf of a port, or whatever else is no process.
struct SignalSource {
  const Runtime& runtime;
  uint32_t scheduler;  // whose thread calls, or Schedulers::kNone
  Term sender;
};
bool send_down(const SignalSource& source, Term watcher, uint64_t id, Term reason);
bool send_link_exit(const SignalSource& source, Term pid, Term reason);
bool send_exit(const SignalSource& source, Term pid, Term reason);

// Sends the exit signal of exit/2. False: no such process or port.
bool send_exit(Process& sender, Term pid, Term reason);
// The same to whom an alias of this node stands for.
bool send_exit_to_alias(Process& sender, Term alias, Term reason, bool is_priority);

// {'DOWN', ...} or {'EXIT', ...} and their like: a message that the process sends to itself.
void send_to_self(Process& process, Term message);

}  // namespace joist
