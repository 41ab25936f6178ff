// A process' relations with processes of other nodes: the same as those with local ones
// (vm/proc/relations.h), but that each also hangs on a connection. When that is lost, the process
// is told, and all that came with it ends as if the other side had ended with `noconnection`.
//
// Both vm/dist, which makes and undoes them, and vm/sched, which handles the signals, use these.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <vector>

#include "vm/heap/builder.h"
#include "vm/proc/signal.h"
#include "vm/term/node.h"

namespace joist {

// Pids and references of other nodes as keys that need no heap.
struct RemotePid {
  const Node* node = nullptr;
  uint64_t number = 0;
  uint64_t serial = 0;
  friend auto operator<=>(const RemotePid&, const RemotePid&) = default;

  static RemotePid of(Term external) {
    const PidNumbers numbers = pid_numbers(external);
    return {external_node(external), numbers.number, numbers.serial};
  }
  Term term(Allocator& heap) const { return make_external_pid(heap, node, number, serial); }
};

struct RemoteReference {
  const Node* node = nullptr;
  uint32_t count = 0;
  std::array<uint32_t, 5> number{};
  friend auto operator<=>(const RemoteReference&, const RemoteReference&) = default;

  static RemoteReference of(Term external) {
    const RefNumbers& numbers = ref_numbers(external);
    RemoteReference result{external_node(external), numbers.count, {}};
    for (uint32_t i = 0; i < numbers.count; ++i) result.number[i] = numbers.number[i];
    return result;
  }
  Term term(Allocator& heap) const {
    RefNumbers numbers{count, {number[0], number[1], number[2], number[3], number[4]}};
    return make_external_ref(heap, node, numbers);
  }
};

struct RemoteLink {
  uint64_t unlinking = 0;  // as Link::unlinking
  uint32_t connection = 0;
  bool is_priority = false;
};

// What a monitor of this process watches; the rest of it is in Relations::monitors.
struct RemoteTarget {
  RemotePid pid;             // no node: it was asked by name,
  Term name = Term::none();  // which this is
  Term node = Term::none();
  uint32_t connection = 0;
};

struct RemoteWatcher {
  RemotePid process;
  Term name = Term::none();
  uint32_t connection = 0;
};

// A spawn_request whose reply has not come.
struct SpawnRequest {
  Term node = Term::none();
  uint32_t connection = 0;
  bool link = false;
  bool monitor = false;
  bool reply_on_success = true;
  bool reply_on_error = true;
  bool is_priority_link = false;
  bool is_priority_monitor = false;
  bool abandoned = false;
  Signal* reply_tag = nullptr;    // holds the term; null: 'spawn_reply'
  Signal* monitor_tag = nullptr;  // likewise; null: 'DOWN'
};

// monitor_node/2: as often as it was called while there was this connection.
struct NodeMonitor {
  Term node = Term::none();
  uint32_t connection = 0;
  uint32_t count = 0;
};

struct RemoteRelations {
  std::map<RemotePid, RemoteLink> links;
  std::map<uint64_t, RemoteTarget> monitors;  // by reference_id
  std::map<RemoteReference, RemoteWatcher> watchers;
  std::map<uint64_t, SpawnRequest> spawns;  // by reference_id
  std::vector<NodeMonitor> nodes;
  // The connections, by the bits of the node's name, that know of this process.
  std::map<Word, uint32_t> joined;
  bool is_ending = false;  // its relations have ended with it: nothing is to be added

  ~RemoteRelations() {
    for (auto& [id, spawn] : spawns) {
      if (spawn.reply_tag != nullptr) release_signal(spawn.reply_tag);
      if (spawn.monitor_tag != nullptr) release_signal(spawn.monitor_tag);
    }
  }
};

}  // namespace joist
