#include "vm/engine/os_signals.h"

#include <csignal>
#include <cstdio>
#include <string>

#include "vm/heap/builder.h"
#include "vm/os/exit.h"
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

// One answer from the terminal; 'a' when there is nobody to give one.
char ask_what_to_do() {
  std::fputs(
      "\nBREAK: (a)bort (A)bort with dump (c)ontinue (p)roc info (i)nfo\n"
      "       (l)oaded (v)ersion (k)ill (D)b-tables (d)istribution\n",
      stdout);
  std::fflush(stdout);
  char answer[64];
  if (std::fgets(answer, sizeof answer, stdin) == nullptr) return 'a';
  return answer[0];
}

void show_break_menu(const Runtime& runtime) {
  while (true) {
    switch (ask_what_to_do()) {
      case 'a':
        exit_now(0, false);
      case 'A':
        std::fputs("Crash dump is not supported yet\n", stderr);
        exit_now(1, false);
      case 'c':
        return;
      case 'v':
        std::printf("Erlang (SMP,ASYNC_THREADS) (BEAM) emulator version %s\n",
                    runtime.settings.erts_version.c_str());
        break;
      default:
        std::puts("This part of the menu is not supported yet.");
    }
  }
}

void wait_for_signals(const Runtime& runtime) {
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

Result<void> start_os_signals(const Runtime& runtime, char break_mode) {
  JOIST_TRY(open_signal_pipe());
  Thread thread = JOIST_TRY(Thread::start("signals", [&runtime] { wait_for_signals(runtime); }));
  thread.detach();
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

}  // namespace joist
