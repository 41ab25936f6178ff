#include "vm/engine/break_menu.h"

#include <csignal>
#include <cstdio>
#include <string>

#include "vm/engine/crash_dump.h"
#include "vm/engine/dump/sections.h"
#include "vm/heap/builder.h"
#include "vm/io/ports.h"
#include "vm/os/exit.h"
#include "vm/os/signals.h"
#include "vm/os/tty.h"
#include "vm/proc/process_table.h"
#include "vm/sched/deliver.h"
#include "vm/sched/schedulers.h"
#include "vm/sched/system_logger.h"

namespace joist {

namespace {

constexpr const char* kMenu =
    "BREAK: (a)bort (A)bort with dump (c)ontinue (p)roc info (i)nfo\n"
    "       (l)oaded (v)ersion (k)ill (D)b-tables (d)istribution\n";

// While the menu is there the terminal takes lines and shows them, whatever a shell has made of it.
class LineInput {
 public:
  LineInput() : is_terminal_(modes_.load(kStandardInput) == 0) {
    if (!is_terminal_) return;
    TerminalModes lines = modes_;
    lines.change({.lines = true, .echo = true, .signals = {}});
    lines.apply(kStandardInput);
  }
  ~LineInput() {
    if (is_terminal_) modes_.apply(kStandardInput);
  }
  LineInput(const LineInput&) = delete;
  LineInput& operator=(const LineInput&) = delete;

 private:
  static constexpr int kStandardInput = 0;
  TerminalModes modes_;
  bool is_terminal_;
};

[[noreturn]] void leave(const Runtime& runtime) {
  runtime.ports->release_terminal();
  exit_now(0, true);
}

[[noreturn]] void leave_with_dump(const Runtime& runtime) {
  runtime.ports->release_terminal();
  std::fputs("Crash dump requested by user", stderr);
  if (CrashDumper* dumper = runtime.logger->crash_dumper()) {
    dumper->write_crash_dump("Crash dump requested by user");
  }
  abort_now();
}

// A second Ctrl-C ends the system, as the end of the input does.
char next_key(const Runtime& runtime) {
  std::fflush(stdout);
  const std::optional<char> key = read_key_unless(SIGINT);
  if (!key) leave(runtime);
  return *key;
}

void kill(const Runtime& runtime, const Process& victim) {
  const Term init = Term::local_pid(0);
  deliver(runtime, Schedulers::kNone, victim.pid,
          new_signal_of(SignalKind::kExit, init, atoms::kill, runtime.literals));
}

// The newest first, one after the other.
void choose_victims(const Dump& dump) {
  dump.out.text("\n\nProcess Information\n\n");
  dump.out.text("--------------------------------------------------\n");
  const std::vector<Process*> processes = all_processes(dump.runtime);
  for (size_t i = processes.size(); i-- > 0;) {
    dump_process(dump, *processes[i]);
    dump.out.text("(k)ill (n)ext (r)eturn:\n");
    dump.out.flush();
    char key;
    do {
      key = next_key(dump.runtime);
    } while (key == '\n');
    if (key == 'k') kill(dump.runtime, *processes[i]);
    if (key != 'k' && key != 'n') return;
  }
}

// True: that was a part of the menu, and the system goes on.
bool answer(const Dump& dump, char key) {
  switch (key) {
    case 'q':
    case 'a':
    case '*':
      leave(dump.runtime);
    case 'A':
      leave_with_dump(dump.runtime);
    case 'c':
    case 'm':
      return true;
    case 'p':
      for (Process* process : all_processes(dump.runtime)) dump_process(dump, *process);
      dump_ports(dump);
      return true;
    case 'o':
      dump_ports(dump);
      return true;
    case 'i':
      dump_system(dump);
      return true;
    case 'l':
      dump_modules(dump);
      return true;
    case 'v':
      dump.out.print("Erlang (BEAM) emulator version %s\n",
                     dump.runtime.settings.erts_version.c_str());
      return true;
    case 'd':
      dump_nodes(dump);
      return true;
    case 'D':
      dump_tables(dump);
      return true;
    case 'k':
      choose_victims(dump);
      return true;
    case '\n':
      return false;
    default:
      dump.out.print("Invalid option '%c'. Please enter one of the following:\n%s", key, kMenu);
      return false;
  }
}

}  // namespace

void show_break_menu(Runtime& runtime) {
  const LineInput input;
  std::printf("\n%s", kMenu);
  std::fflush(stdout);
  freeze_schedulers(runtime);
  runtime.ports->stand_still();
  {
    constexpr int kStandardOutput = 1;
    DumpOutput out(kStandardOutput);
    const Dump dump = {runtime, out, nullptr, false};
    while (!answer(dump, next_key(runtime))) out.flush();
  }
  runtime.ports->go_on();
  runtime.schedulers->thaw();
}

}  // namespace joist
