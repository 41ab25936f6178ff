// A process that is ended while a dirty thread runs a native for it. Others hear of its end at once
// although the native goes on, with the heap, the arguments and the registers. What the native has
// nothing to do with is given to a stand-in, a record under the same pid that is in no table and
// runs no code: the name, the tables, the links and monitors. The stand-in goes through the stages
// of an end (exit.cpp) as any process does, while the process itself is `is_exiting`, refuses what
// is sent to it, and goes through these stages when the native is over, with nothing to tell.
#pragma once

#include "vm/proc/process.h"

namespace joist {

namespace process_state {
inline constexpr uint32_t kStandIn = 8192;
// Of the process: it has ended, its native has not. For the literals' sake it stays in the table.
inline constexpr uint32_t kEndedAside = 16384;
// The stand-in has not told everybody yet: nobody hears meanwhile that there is no such process.
inline constexpr uint32_t kEndIsTold = 32768;
}  // namespace process_state

// False: the end waits for that of the native.
bool may_end_aside(const Process& process);
// null: no memory. The caller, which looks after the process' signals, gives it the relations and
// the reason.
Process* make_stand_in(Process& process);
// From here on the process has ended.
void start_stand_in(Process& process, Process& stand_in);

inline bool is_stand_in(const Process& p) {
  return (p.state.load(std::memory_order_relaxed) & process_state::kStandIn) != 0;
}
inline bool has_ended_aside(const Process& p) {
  return (p.state.load(std::memory_order_acquire) & process_state::kEndedAside) != 0;
}
inline bool end_is_being_told(const Process& p) {
  return (p.state.load(std::memory_order_acquire) & process_state::kEndIsTold) != 0;
}

// By the stand-in, which has told everybody.
void hand_back(Process& stand_in);

}  // namespace joist
