#include "vm/engine/crash_dump.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <string>

#include "bif/system_version.h"
#include "vm/base/fatal.h"
#include "vm/engine/dump/heap.h"
#include "vm/engine/dump/sections.h"
#include "vm/io/ports.h"
#include "vm/nif/interface.h"
#include "vm/os/environment.h"
#include "vm/os/exit.h"
#include "vm/os/file_descriptor.h"
#include "vm/os/thread.h"
#include "vm/proc/name_table.h"
#include "vm/sched/schedulers.h"
#include "vm/term/print.h"

namespace joist {

namespace {

constexpr int64_t kLookNs = 1'000'000;

std::optional<int64_t> number_of(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  int64_t value = 0;
  const char* end = text->data() + text->size();
  const auto [last, error] = std::from_chars(text->data(), end, value);
  return error == std::errc() && last == end ? std::optional(value) : std::nullopt;
}

// The heart is told that this may take a while. False: there is no heart.
bool tell_heart(const Runtime& runtime) {
  constexpr uint8_t kPreparingCrash = 8;
  const Term id = runtime.names->find(must_atom("heart_port"));
  if (!id.is_local_port()) return false;
  EpochReader reader(runtime.schedulers->epochs());
  reader.online();
  const PortThread thread = {Schedulers::kNone, &reader};
  Port* port = runtime.ports->find(id);
  if (port != nullptr && port->enter(thread)) {
    PortTask task;
    task.kind = PortTaskKind::kCommand;
    const ByteSpan byte(&kPreparingCrash, 1);
    task.data.append(byte);
    Allocator scratch;
    port->carry_out(task, scratch);
    port->leave();
  }
  reader.offline();
  return port != nullptr;
}

void dump_head(const Dump& dump, std::string_view slogan) {
  const time_t now = time(nullptr);
  char text[64];
  dump.out.print("=erl_crash_dump:0.5\n%s", ctime_r(&now, text));
  if (!slogan.empty()) {
    dump.out.text("Slogan: ");
    dump.out.text(slogan);
    dump.out.byte('\n');
  }
  dump.out.text("System version: ");
  dump.out.text(system_version_text(dump.runtime));
  dump.out.text("Taints: ");
  const std::vector<Term> taints = NativeInterface::current()->taints();
  for (size_t i = 0; i < taints.size(); ++i) {
    dump.out.text(i == 0 ? "" : ",");
    dump.out.text(atom_text(taints[i]));
  }
  dump.out.print("\nAtoms: %zu\nCalling Thread: ", atom_count());
  const uint32_t scheduler = dump.runtime.schedulers->this_scheduler();
  if (scheduler != Schedulers::kNone) {
    dump.out.print("scheduler:%u\n", scheduler + 1);
  } else {
    dump.out.print("%s\n", current_thread_name().c_str());
  }
}

void dump_all(const Dump& dump, std::string_view slogan) {
  dump_head(dump, slogan);
  dump_schedulers(dump);
  dump_system(dump);
  const std::vector<Process*> processes = all_processes(dump.runtime);
  for (Process* process : processes) fetch_messages(dump, *process);
  for (Process* process : processes) dump_process(dump, *process);
  dump_ports(dump);
  dump_tables(dump);
  dump_timers(dump);
  dump_nodes(dump);
  dump_modules(dump);
  dump_funs(dump);
  HeapDump heap(dump.runtime, dump.out);
  for (Process* process : processes) {
    if (dump.out.is_full()) return;
    dump_process_heap(dump, heap, *process);
  }
  dump_persistent_terms(dump, heap);
  dump.out.text("=literals\n");
  heap.literal_objects();
  heap.binaries();
  dump_atoms(dump);
  dump.out.text("=end\n");
}

// For whoever sits at the terminal: what most often is the reason.
void show_summary(const Runtime& runtime) {
  constexpr size_t kShown = 5;
  std::vector<Process*> processes = all_processes(runtime);
  const auto show = [&](const char* title, size_t (*value)(const Process&), bool with_none) {
    std::vector<std::pair<size_t, Process*>> ranked;
    for (Process* process : processes) {
      const size_t size = value(*process);
      if (size != 0 || with_none) ranked.emplace_back(size, process);
    }
    std::sort(ranked.begin(), ranked.end(),
              [](const auto& a, const auto& b) { return a.first > b.first; });
    if (!ranked.empty()) fprintf(stderr, "%s\r\n", title);
    for (size_t i = 0; i < std::min(kShown, ranked.size()); ++i) {
      const Process& p = *ranked[i].second;
      const Term name = p.registered_name.get();
      fprintf(
          stderr, "  %12zu  %s %s\r\n", ranked[i].first, term_text(p.pid).c_str(),
          name.is_none() ? term_text(p.initial_call.function).c_str() : term_text(name).c_str());
    }
  };
  fprintf(stderr, "\r\n%zu processes\r\n", processes.size());
  show("most memory, bytes:", process_bytes_of, true);
  show("longest message queues:", [](const Process& p) { return p.messages.length(); }, false);
}

}  // namespace

bool freeze_schedulers(Runtime& runtime, int64_t longest_ns) {
  Schedulers& schedulers = *runtime.schedulers;
  schedulers.freeze();
  const int64_t begin = schedulers.clock().monotonic_ns();
  Parker parker;
  while (!schedulers.all_stand_still()) {
    if (schedulers.clock().monotonic_ns() - begin > longest_ns) return false;
    parker.park(kLookNs);
  }
  return true;
}

// One thread writes a dump; another that fails meanwhile must not end the OS process.
bool CrashDump::may_begin() {
  pthread_t nobody{};
  if (writer_.compare_exchange_strong(nobody, pthread_self())) return true;
  if (pthread_equal(nobody, pthread_self()) != 0) return false;
  Parker parker;
  while (true) parker.park();
}

void CrashDump::write_file(const char* path, std::string_view slogan, int64_t limit) {
  const int descriptor = create_dump_file(path);
  if (descriptor < 0) return;
  Schedulers& schedulers = *runtime_.schedulers;
  const uint32_t scheduler = schedulers.this_scheduler();
  const Process* running =
      scheduler == Schedulers::kNone ? nullptr : schedulers.slot(scheduler).registers->process;
  bool is_whole = false;
  {
    DumpOutput out(descriptor, limit);
    dump_all({runtime_, out, running, true}, slogan);
    out.flush();
    is_whole = !out.is_full() || out.has_failed();
  }
  close_file(descriptor);
  if (!is_whole) return;
  fputs("done\r\n", stderr);
  if (is_terminal(2)) show_summary(runtime_);
}

void CrashDump::write_crash_dump(std::string_view slogan) {
  if (!may_begin()) return;
  freeze_schedulers(runtime_);
  write(slogan);
}

// Schedulers that have failed as well do not stand still, and keep locks that the dump may need.
void CrashDump::write_after_failure(std::string_view reason) {
  constexpr int kFailed = 1;
  constexpr int64_t kLongestNs = 1'000'000'000;
  if (!may_begin()) return;
  end_process_when_stuck(kFailed);
  if (lacks_resources(reason)) end_process_when_damaged(kFailed);
  freeze_schedulers(runtime_, kLongestNs);
  write(reason);
}

void CrashDump::write(std::string_view slogan) {
  const Environment& environment = *runtime_.environment;
  const std::optional<std::string> seconds_text = environment.get("ERL_CRASH_DUMP_SECONDS");
  const int64_t seconds = seconds_text ? atoll(seconds_text->c_str()) : -1;
  if (seconds == 0) return;
  if (seconds > 0) end_process_after(static_cast<unsigned>(seconds));
  if (tell_heart(runtime_) && !seconds_text) return;
  if (const auto nice = environment.get("ERL_CRASH_DUMP_NICE")) {
    constexpr int kMost = 39;
    lower_process_priority(std::min(atoi(nice->c_str()), kMost));
  }
  int64_t limit = INT64_MAX;
  if (const auto bytes = number_of(environment.get("ERL_CRASH_DUMP_BYTES")); bytes && *bytes >= 0) {
    if (*bytes == 0) return;
    limit = *bytes;
  }
  const std::string path = environment.get("ERL_CRASH_DUMP").value_or("erl_crash.dump");
  fprintf(stderr, "\r\nCrash dump is being written to: %s...", path.c_str());
  write_file(path.c_str(), slogan, limit);
}

std::string CrashDump::text_of(DumpPart part, Process& asking) {
  std::string text;
  DumpOutput out(text);
  const Dump dump{runtime_, out, &asking, false};
  switch (part) {
    case DumpPart::kProcesses:
      for (Process* process : all_processes(runtime_)) dump_process(dump, *process);
      dump_ports(dump);
      break;
    case DumpPart::kSystem:
      dump_system(dump);
      break;
    case DumpPart::kNodes:
      dump_nodes(dump);
      break;
  }
  out.flush();
  return text;
}

}  // namespace joist
