// Who wants to know of whose end: links, monitors and aliases. Each process keeps its own half;
// the halves are made and undone by signals (vm/sched/signal_handler.h). Few processes have any,
// so the record is made when first needed.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>

#include "vm/os/memory_count.h"
#include "vm/proc/remote_relations.h"
#include "vm/proc/signal.h"

namespace joist {

// A link that this process has. While `unlinking` is not 0 it is gone for this process, and the
// other end has not acknowledged the unlink with that id yet: exits of that end are ignored.
struct Link {
  uint64_t unlinking = 0;
  bool is_priority = false;  // its exit message is a priority message
};

enum class MonitorKind : uint8_t { kProcess, kPort, kTimeOffset, kNode };

// How an alias ends, besides by unalias/1.
enum class AliasMode : uint8_t {
  kExplicit,
  kDemonitor,  // with the monitor: demonitor/1 or its DOWN message
  kReply,      // as kDemonitor, and with the first message sent to it
};
struct Alias {
  AliasMode mode = AliasMode::kExplicit;
  bool takes_priority = false;  // messages and exits sent to it may be priority messages
};

// A monitor that this process has set on another.
struct Monitor {
  MonitorKind kind = MonitorKind::kProcess;
  Term target = Term::none();  // local pid or port; none: there was no such process
  Term name = Term::none();    // the registered name it was asked by
  Term node = Term::none();    // of a process of another node: that (see RemoteTarget)
  Signal* tag = nullptr;       // holds the term to use instead of 'DOWN'; null: 'DOWN'
  bool is_priority = false;    // its message is a priority message
};

// The other half: who watches this process.
struct Watcher {
  Term process = Term::none();
  Term name = Term::none();
};

template <typename T, typename Order = std::less<>>
using RelationMap = std::map<uint64_t, T, Order,
                             CountedAllocator<std::pair<const uint64_t, T>, MemoryUse::kProcesses>>;

// Ports come before processes: who hears that the controller of a connection has ended finds the
// connection ended, too, and may make a new one.
struct PortsFirst {
  bool operator()(uint64_t a, uint64_t b) const {
    const bool a_is_port = Term::from_bits(a).is_local_port();
    return a_is_port == Term::from_bits(b).is_local_port() ? a < b : a_is_port;
  }
};

// That this process has suspended another (erlang:suspend_process/2).
struct Suspension {
  uint64_t count = 1;
  bool active = false;  // the other process is known to have stopped
};

// Who has suspended whom: so rare that processes with a mere link do not pay for its room.
struct Suspensions {
  RelationMap<Suspension> suspending;  // by the bits of the other's pid
  std::set<Word> suspenders;           // bits of the pids of those who suspend this process
};

struct Relations {
  RelationMap<Link, PortsFirst> links;  // by the bits of the other end's pid or port
  RelationMap<Monitor> monitors;        // by reference_id
  RelationMap<Watcher> watchers;        // by reference_id
  RelationMap<Alias> aliases;           // by reference_id
  uint64_t next_unlink = 1;
  std::unique_ptr<RemoteRelations> remote;   // null: none yet
  std::unique_ptr<Suspensions> suspensions;  // null: none yet

  RemoteRelations& make_remote() {
    if (remote == nullptr) remote = std::make_unique<RemoteRelations>();
    return *remote;
  }

  Suspensions& make_suspensions() {
    if (suspensions == nullptr) suspensions = std::make_unique<Suspensions>();
    return *suspensions;
  }

  ~Relations() {
    for (auto& [id, monitor] : monitors) {
      if (monitor.tag != nullptr) release_signal(monitor.tag);
    }
  }
};

}  // namespace joist
