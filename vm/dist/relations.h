// Links, monitors and their kin with processes of other nodes. What a process does itself is called
// by natives in its thread; what comes from another node reaches it as a request signal
// (vm/sched/request.h) that these functions make.
//
// A process that has relations over a connection has joined it (Peer::join), so that it is told
// when the connection is lost; a relation to a connection that has been lost ends at once.
#pragma once

#include "vm/dist/control.h"
#include "vm/proc/relations.h"

namespace joist {

// --- what a process does ---
// All take a pid of another node, and ask for a connection if there is none.
void link_remote(Process& p, Term pid, bool is_priority = false);
void unlink_remote(Process& p, Term pid);
// A pid or an alias.
void exit_remote(Process& p, Term target, Term reason, bool is_priority);
void lead_remote(Process& p, Term leader, Term pid);
// Monitors the process, or whoever has a name on that node; `name` or `pid` is none().
void monitor_remote(Process& p, uint64_t id, MonitorKind kind, Term pid, Term name, Term node,
                    Signal* tag, bool is_priority = false);
// False: there is no connection, and none is to be expected.
bool monitor_node(Process& p, Peer& peer);
void demonitor_node(Process& p, Term node);

struct SpawnCall {
  Term node;
  Term function;  // {Module, Function, Arity}
  Term arguments;
  Term options;
  SpawnRequest request;
};
// Sends a spawn request, whose reply comes for `id`. The atom says what is wrong; ok: nothing.
Term spawn_remote(Process& p, uint64_t id, const SpawnCall& call);
// False: no such request is waiting for its reply.
bool abandon_spawn(Process& p, uint64_t id);

// --- what comes from another node ---
// The process is told of it; false: there is no such process.
struct RemoteNews {
  const Line& line;
  Term to;
};
bool tell_of_link(const RemoteNews& news, Term from);
// id 0: the old protocol, without acknowledgement.
bool tell_of_unlink(const RemoteNews& news, Term from, Term id);
bool tell_of_unlink_ack(const RemoteNews& news, Term from, Term id);
bool tell_of_monitor(const RemoteNews& news, Term watcher, Term reference, Term name);
bool tell_of_demonitor(const RemoteNews& news, Term reference);
bool tell_of_group_leader(const RemoteNews& news, Term leader);
bool tell_of_spawn(const RemoteNews& news, Term request, Term flags, Term result);
Signal* new_connection_lost(Term node, uint32_t connection);

// A new process, which nobody knows yet, is linked to or watched by its parent.
void adopt_parent(Process& child, const Line& line, Term parent, bool link, Term watch_reference);

}  // namespace joist
