// All that this VM knows of other nodes, and whether it is a node itself.
//
// It is one from erlang:setnode/2 on until the process named net_kernel, which has called that,
// ends. Connections are net_kernel's affair, which does the handshakes: it is asked for one with
// {auto_connect, Node, Handle}, and installs a process or port as the controller of the connection.
//
// A distribution handle is {Connection, Reference}: the reference stands for the peer.
#pragma once

#include "vm/dist/peer.h"
#include "vm/sched/remote_nodes.h"

namespace joist {

// What net_kernel:monitor_nodes/2 asks for, as bits.
namespace node_monitor {
inline constexpr uint32_t kInfoMap = 1;
inline constexpr uint32_t kConnectionId = 2;
inline constexpr uint32_t kVisible = 4;
inline constexpr uint32_t kHidden = 8;
inline constexpr uint32_t kReason = 16;
}  // namespace node_monitor

class Nodes;

// A connection, for whoever works on it.
struct Line {
  Nodes& nodes;
  Peer& peer;
  Channel channel;
  uint32_t scheduler;  // whose thread works, or Schedulers::kNone
};

// A process that another node asks for; the terms are the caller's.
struct RemoteSpawn {
  const Line& line;
  Term request;  // reference
  Term parent;
  Term group_leader;
  Term function;  // {Module, Function, Arity}
  Term options;
  Term arguments;
};

class Nodes final : public RemoteNodes {
 public:
  // Natives start processes: `spawn` is theirs. False: the message makes no sense.
  using Spawner = bool (*)(Nodes& nodes, const RemoteSpawn& spawn);
  // More bytes than `busy_limit` that wait for a node stop those who send to it.
  Nodes(Runtime& runtime, Spawner spawner, size_t busy_limit)
      : runtime_(runtime), spawner_(spawner), busy_limit_(busy_limit) {}
  ~Nodes() override;

  static Nodes& of(const Process& p) { return *static_cast<Nodes*>(remote_nodes(*p.runtime)); }
  Runtime& runtime() { return runtime_; }
  size_t busy_limit() const { return busy_limit_; }
  bool spawn(const RemoteSpawn& request) { return spawner_(*this, request); }

  // --- this node ---
  bool is_alive() const { return net_kernel_.load(std::memory_order_acquire) != kNobody; }
  // False: it has a name already.
  bool start(uint32_t scheduler, Term name, uint32_t creation, Term net_kernel);
  Term net_kernel() const;

  // --- others ---
  Peer& peer(Term name) JOIST_EXCLUDES(peers_mutex_);
  // null: its name was never used.
  Peer* find(Term name) JOIST_EXCLUDES(peers_mutex_);
  std::vector<Peer*> all() JOIST_EXCLUDES(peers_mutex_);
  static Peer* peer_of_handle(Term handle, uint32_t* connection);
  static Term make_handle(Allocator& heap, Peer& peer, uint32_t connection);
  // The connection to that node, which net_kernel is asked to make if there is none. None: this
  // is no node, or the name is its own, or the connection just ends.
  Channel connect(Process& p, Peer& peer);

  // --- the end of processes: net_kernel, controllers, who monitors nodes ---
  // An exit stage (vm/proc/runtime.h).
  static bool leave(Process& p);
  void set_controller(Term process, Peer* peer) JOIST_EXCLUDES(controllers_mutex_);
  Peer* controlled_by(Term process) JOIST_EXCLUDES(controllers_mutex_);

  // --- net_kernel:monitor_nodes ---
  void watch_nodes(Term process) JOIST_EXCLUDES(watchers_mutex_);
  void unwatch_nodes(Term process) JOIST_EXCLUDES(watchers_mutex_);
  struct Event {
    bool is_up;
    Term node;
    bool has_connection;
    uint32_t connection;
    bool is_hidden;
    Term reason;
  };
  void tell_watchers(uint32_t scheduler, const Event& event) JOIST_EXCLUDES(watchers_mutex_);

  // --- RemoteNodes ---
  SendResult send(Process& sender, Term receiver, Term message,
                  const SendOptions& options) override;
  void demonitor(Process& process, uint64_t id) override;
  bool end_relations(Process& process) override;

 private:
  static constexpr Word kNobody = 0;
  void stop(uint32_t scheduler);

  Runtime& runtime_;
  const Spawner spawner_;
  const size_t busy_limit_;
  std::atomic<Word> net_kernel_{kNobody};

  RwMutex peers_mutex_;
  std::map<Word, std::unique_ptr<Peer>> peers_ JOIST_GUARDED_BY(peers_mutex_);

  Mutex controllers_mutex_;
  std::map<Word, Peer*> controllers_ JOIST_GUARDED_BY(controllers_mutex_);
  std::atomic<size_t> controller_count_{0};

  Mutex watchers_mutex_;
  std::vector<Term> watchers_ JOIST_GUARDED_BY(watchers_mutex_);
};

}  // namespace joist
