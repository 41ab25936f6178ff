#include "vm/sched/exit.h"

#include <utility>

#include "vm/base/config.h"
#include "vm/heap/builder.h"
#include "vm/heap/copy.h"
#include "vm/proc/name_table.h"
#include "vm/proc/process_extras.h"
#include "vm/proc/process_table.h"
#include "vm/proc/relations.h"
#include "vm/sched/message_timers.h"
#include "vm/sched/remote_nodes.h"
#include "vm/sched/schedulers.h"
#include "vm/sched/signal_chain.h"
#include "vm/sched/signal_handler.h"
#include "vm/sched/stand_in.h"
#include "vm/sched/suspend.h"
#include "vm/sched/system_task.h"
#include "vm/sched/timers.h"

namespace joist {

namespace {

// When its tables are gone: whoever finds the name free finds theirs free.
bool release_name(Process& p) {
  const Term name = p.registered_name.close();
  if (name.is_none()) return true;
  p.runtime->names->remove(name, p.pid);
  if ((p.trace_flags & trace_flag::kProcs) != 0) {
    p.runtime->trace->about_process(p, atoms::unregister, name);
  }
  return true;
}

// Whose native has ended before its stand-in has told everybody of the end.
bool await_stand_in(Process& p) { return !end_is_being_told(p); }

bool unblock_schedulers(Process& p) {
  Schedulers& schedulers = *p.runtime->schedulers;
  if (schedulers.only_one()) schedulers.unblock_all(p.pid);
  return true;
}

bool stop_timers(Process& p) {
  stop_receive_timer(p);
  return true;
}

// What a native that yielded would have gone on with.
bool drop_job(Process& p) {
  p.suspended.reset();
  return true;
}

bool run_upper_stages(Process& p) {
  const std::span<const ExitStage> stages = p.runtime->exit_stages;
  for (; p.exit_step < stages.size(); ++p.exit_step) {
    if (!stages[p.exit_step](p)) return false;
  }
  return true;
}

// The end goes on when nobody can ask the process any more to copy literals that are released
// (bif/literal_collection.h): the reason is told without any.
bool own_reason(Process& p) {
  const LiteralSpace* literals = p.runtime->literals;
  const Term reason = p.exit_reason;
  if (!reason.is_pointer()) return true;
  if (copy_size(reason, nullptr) == copy_size(reason, literals)) return true;  // there is none
  p.exit_reason = copy_term(p.heap, reason, nullptr);
  return true;
}

// What has been asked of it while it was there.
bool run_last_tasks(Process& p) {
  if (p.extras != nullptr) put_off_collections(p, false);
  take_left_tasks_back(p);
  run_system_tasks_gc(p);
  return true;
}

// From here on no signal can be pushed. What ends a monitor has its effect; the rest of what came
// before is answered last, when those who were related already have been told: they hear the reason
// first, and only then that there is no such process. Who has unlinked tells an exit of the link
// from one of a later link by itself.
bool close_signals(Process& p) {
  SignalChain late;
  Signal* signal = p.signals.close();
  while (signal != nullptr) {
    Signal* next = std::exchange(signal->next, nullptr);
    if (signal->kind == SignalKind::kDemonitor) {
      if (p.relations != nullptr) p.relations->watchers.erase(signal->id);
      release_signal(signal);
    } else {
      late.add(signal);
    }
    signal = next;
  }
  append_late_signals(p, late.first());
  return true;
}

// Before anybody hears of its end, those related to it or who monitors it when it takes no signals
// any more: they do not find it then.
bool leave_table(Process& p) {
  if (is_stand_in(p)) return true;
  p.runtime->processes->remove(p);
  return true;
}

// What they would bring has nobody to go to.
bool drop_message_timers(Process& p) {
  MessageTimers* timers = p.runtime->message_timers;
  return timers == nullptr || timers->drop_all(p);
}

bool answer_late_signals(Process& p) {
  while (p.late_signals != nullptr) {
    if (p.out_of_budget()) return false;
    Signal* signal = p.late_signals;
    p.late_signals = signal->next;
    refuse_signal(p, signal);
    p.charge(1);
  }
  return true;
}

// Handles and drops one relation after the other, as far as the reductions allow.
template <typename Map, typename End>
bool end_each(Process& p, Map Relations::* relations, End end) {
  if (p.relations == nullptr) return true;
  Map& map = p.relations->*relations;
  while (!map.empty()) {
    if (p.out_of_budget()) return false;
    const auto [key, value] = *map.begin();
    end(key, value);
    map.erase(key);
    p.charge(1);
  }
  return true;
}

bool send_link_exits(Process& p) {
  return end_each(p, &Relations::links, [&p](uint64_t other, const Link& link) {
    if (link.unlinking == 0) send_link_exit(p, Term::from_bits(other), p.exit_reason);
  });
}

bool drop_monitors(Process& p) {
  return end_each(p, &Relations::monitors, [&p](uint64_t id, const Monitor&) { demonitor(p, id); });
}

bool tell_watchers(Process& p) {
  return end_each(p, &Relations::watchers, [&p](uint64_t id, const Watcher& watcher) {
    send_down(p, watcher.process, id, p.exit_reason);
  });
}

bool is_telling(bool (*stage)(Process&)) {
  return stage == own_reason || stage == send_link_exits || stage == tell_watchers;
}

bool end_remote_relations(Process& p) {
  if (p.relations == nullptr || p.relations->remote == nullptr) return true;
  return remote_nodes(*p.runtime)->end_relations(p);
}

bool end_standing_in(Process& p) {
  if (is_stand_in(p)) hand_back(p);
  return true;
}

using Stage = bool (*)(Process& p);
constexpr Stage kStages[] = {
    drop_job,         await_stand_in,       stop_timers,     unblock_schedulers,
    run_upper_stages, release_name,         own_reason,      run_last_tasks,
    leave_table,      close_signals,        send_link_exits, drop_monitors,
    tell_watchers,    end_remote_relations, end_standing_in, answer_late_signals,
    end_suspensions,  drop_message_timers};

}  // namespace

Term final_exit_reason(Process& p) {
  if (!p.exited_by_exception) return p.exit_reason;
  p.exited_by_exception = false;
  p.exit_reason = p.exception_reason;
  if (p.exception_class != ExceptionClass::kExit) {
    p.exit_reason = make_tuple(p.heap, {p.exception_reason, p.exception_trace});
  }
  return p.exit_reason;
}

bool is_long_to_tell(const Process& p) {
  if (p.exit_stage >= std::size(kStages) || !is_telling(kStages[p.exit_stage])) return false;
  if (!p.exit_reason.is_pointer()) return false;
  if (kStages[p.exit_stage] != own_reason) {
    if (p.relations == nullptr) return false;
    if (p.relations->links.empty() && p.relations->watchers.empty()) return false;
  }
  return !p.runtime->schedulers->only_one() &&
         copy_size_up_to(p.exit_reason, p.runtime->literals, kLargeTermWords) == kMoreWords;
}

void tell_end(Process& p) {
  while (is_telling(kStages[p.exit_stage])) {
    p.reductions = kReductionsPerSlice;
    if (kStages[p.exit_stage](p)) ++p.exit_stage;
  }
}

bool continue_exit(Process& p) {
  if (p.exit_stage == 0 && !p.is_exit_told) {
    p.is_exit_told = true;
    if ((p.trace_flags & trace_flag::kProcs) != 0) {
      p.runtime->trace->about_process(p, atoms::exit, p.exit_reason);
    }
  }
  p.is_exiting = true;
  while (p.exit_stage < std::size(kStages)) {
    if (is_long_to_tell(p) || !kStages[p.exit_stage](p)) return false;
    ++p.exit_stage;
  }
  if ((p.trace_flags & trace_flag::kExiting) != 0) p.runtime->trace->out_exited(p);
  return true;
}

}  // namespace joist
