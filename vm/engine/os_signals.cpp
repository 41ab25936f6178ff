#include "vm/engine/os_signals.h"

#include <csignal>

#include "vm/engine/break_menu.h"
#include "vm/heap/builder.h"
#include "vm/os/signals.h"
#include "vm/os/thread.h"
#include "vm/proc/name_table.h"
#include "vm/sched/deliver.h"
#include "vm/sched/schedulers.h"
#include "vm/term/atom.h"

namespace joist {

namespace {

// {notify, Signal}
void tell_signal_server(const Runtime& runtime, EpochReader& reader, int number) {
  reader.online();
  const Term server = runtime.names->find(atoms::erl_signal_server);
  if (server.is_local_pid()) {
    Allocator scratch;
    const Term message = make_tuple(scratch, {atoms::notify, must_atom(os_signal_name(number))});
    deliver(runtime, Schedulers::kNone, server,
            new_signal_of(SignalKind::kMessage, server, message, nullptr));
  }
  reader.offline();
}

void wait_for_signals(Runtime& runtime) {
  EpochReader reader(runtime.schedulers->epochs());
  while (const std::optional<int> number = next_os_signal()) {
    if (*number == SIGINT) {
      show_break_menu(runtime);
    } else {
      tell_signal_server(runtime, reader, *number);
    }
  }
}

}  // namespace

Result<void> catch_os_signals(char break_mode) {
  JOIST_TRY(open_signal_pipe());
  set_os_signal(SIGPIPE, SignalAction::kIgnore);
  for (const int number : {SIGTERM, SIGUSR1}) set_os_signal(number, SignalAction::kHandle);
  if (break_mode == 'i') {
    set_os_signal(SIGINT, SignalAction::kIgnore);
  } else if (break_mode != 'd') {
    set_os_signal(SIGINT, SignalAction::kHandle);
    set_os_signal(SIGQUIT, SignalAction::kHandle);
  }
  return {};
}

Result<void> start_os_signals(Runtime& runtime) {
  Thread thread = JOIST_TRY(Thread::start("signals", [&runtime] { wait_for_signals(runtime); }));
  thread.detach();
  return {};
}

}  // namespace joist
