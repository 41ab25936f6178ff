// What spawn_opt/4 and spawn_request/4 take as options
// (https://www.erlang.org/doc/man/erlang#spawn_opt-4).
#pragma once

#include "vm/proc/process.h"
#include "vm/proc/relations.h"
#include "vm/sched/dirty_call.h"

namespace joist {

struct MonitorOptions {
  bool alias = false;
  AliasMode alias_mode = AliasMode::kExplicit;
  Term tag = Term::none();  // none: 'DOWN'
  bool is_priority = false;
};
// Reads monitor/3's option list. False: not one.
bool parse_monitor_options(Term list, MonitorOptions* options);
// A reference for a monitor with those options, or for an alias alone: an alias already, if they
// ask for one.
Term new_monitor_reference(Process& p, const MonitorOptions& options);
// Reads link/2's option list, or any that knows but `priority`. False: not one.
bool parse_priority_option(Term list, bool* is_priority);

inline constexpr uint32_t kAnyScheduler = UINT32_MAX;

struct SpawnOptions {
  HeapOptions heap;
  uint32_t scheduler = kAnyScheduler;  // the only one to run it
  Priority priority = Priority::kNormal;
  Term message_queue_data = atoms::on_heap;
  bool link = false;
  bool is_priority_link = false;
  bool monitor = false;
  MonitorOptions monitor_options;
  bool async_dist = false;
  // spawn_request only
  Term reply_tag = atoms::spawn_reply;
  bool reply_on_success = true;
  bool reply_on_error = true;
};

// Those of a process that asks for nothing in particular.
SpawnOptions default_spawn_options(const Runtime& runtime);
inline SpawnOptions default_spawn_options(const Process& p) {
  return default_spawn_options(*p.runtime);
}

enum class SpawnOptionError : uint8_t { kNone, kBadList, kBadOption };
// `request`: with the options that only spawn_request/5 has.
SpawnOptionError parse_spawn_options(const Runtime& runtime, Term list, bool request,
                                     SpawnOptions* options);
// The value of {reply, _}. False: not one.
bool parse_reply_option(Term value, SpawnOptions* options);

// Whom a process descends from.
struct Ancestor {
  Term pid;  // local, or of another node
  Term group_leader;
  uint32_t scheduler;
};
// A process that is in the process table, does not run yet and is not related to anybody. nullptr:
// too many processes, or no memory. `copy`: of the arguments, for the child to take over; null:
// there is none yet.
Process* make_child(Runtime& runtime, const Ancestor& ancestor, const Mfa& function, Term arguments,
                    const SpawnOptions& options, OwnedSignal copy = nullptr);

// The same as a child of the process.
struct Spawned {
  Process* process = nullptr;  // null: error tells why
  Term error = Term::none();
  Term monitor = Term::none();  // reference
};
// `arguments` is a proper list of function.arity elements.
Spawned make_process(Process& parent, const Mfa& function, Term arguments,
                     const SpawnOptions& options, OwnedSignal copy = nullptr);
void start_spawned(Process& parent, Process& child);

// A scheduler's number from 1 on, or 0 for any; counted from 0 in *bound_to. False: there is none.
bool parse_scheduler(const Runtime& runtime, Term value, uint32_t* bound_to);

bool parse_priority(Term value, Priority* priority);
Term priority_atom(Priority priority);

}  // namespace joist
