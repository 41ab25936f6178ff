#include "vm/dist/nodes.h"

#include <algorithm>

#include "vm/dist/control.h"
#include "vm/dist/node_events.h"
#include "vm/heap/builder.h"
#include "vm/proc/name_table.h"
#include "vm/proc/process_extras.h"
#include "vm/sched/deliver.h"
#include "vm/sched/schedulers.h"
#include "vm/sched/signal_handler.h"
#include "vm/term/atoms_net.h"

namespace joist {

Nodes::~Nodes() = default;

// --- this node ---

bool Nodes::start(uint32_t scheduler, Term name, uint32_t creation, Term net_kernel) {
  Word nobody = kNobody;
  if (!net_kernel_.compare_exchange_strong(nobody, net_kernel.bits())) return false;
  set_local_node(intern_node(name, creation));
  tell_watchers(scheduler, {true, name, false, 0, false, Term::none()});
  return true;
}

Term Nodes::net_kernel() const {
  const Word pid = net_kernel_.load(std::memory_order_acquire);
  return pid == kNobody ? Term::none() : Term::from_bits(pid);
}

// net_kernel has ended, and with it all connections.
void Nodes::stop(uint32_t scheduler) {
  const Term name = local_node()->name;
  for (Peer* peer : all()) {
    const Peer::Info info = peer->info();
    if (info.state == Channel::State::kUp) {
      send_exit({runtime_, scheduler, info.controller}, info.controller, atoms::kill);
      peer->lost(scheduler, info.connection, atoms::net_kernel_terminated);
    } else if (info.state == Channel::State::kPending) {
      peer->abort(scheduler, info.connection);
    }
  }
  set_local_node(intern_node(atoms::nonode_nohost, 0));
  net_kernel_.store(kNobody, std::memory_order_release);
  tell_watchers(scheduler, {false, name, false, 0, false, atoms::net_kernel_terminated});
}

// --- others ---

Peer& Nodes::peer(Term name) {
  if (Peer* known = find(name)) return *known;
  WriteLock lock(peers_mutex_);
  std::unique_ptr<Peer>& peer = peers_[name.bits()];
  if (peer == nullptr) peer = std::make_unique<Peer>(*this, name);
  return *peer;
}

Peer* Nodes::find(Term name) {
  ReadLock lock(peers_mutex_);
  const auto found = peers_.find(name.bits());
  return found == peers_.end() ? nullptr : found->second.get();
}

std::vector<Peer*> Nodes::all() {
  ReadLock lock(peers_mutex_);
  std::vector<Peer*> peers;
  for (const auto& [name, peer] : peers_) peers.push_back(peer.get());
  return peers;
}

Channel Nodes::connect(Process& p, Peer& peer) {
  if (!is_alive() || peer.name() == local_node()->name) return {};
  const Channel channel = peer.channel();
  if (channel.exists()) return channel;
  uint32_t connection;
  if (!peer.begin(&connection)) return peer.channel();
  const Term net_kernel = runtime_.names->find(atoms::net_kernel);
  Allocator scratch;
  const Term request = make_tuple(
      scratch, {atoms::auto_connect, peer.name(), make_handle(scratch, peer, connection)});
  if (net_kernel.is_none() || !send_message(p, net_kernel, request)) {
    peer.abort(p.registers->scheduler, connection);
    return {};
  }
  return peer.channel();
}

// --- the end of processes ---

void Nodes::set_controller(Term process, Peer* peer) {
  MutexLock lock(controllers_mutex_);
  controllers_[process.bits()] = peer;
  controller_count_.store(controllers_.size(), std::memory_order_release);
}

Peer* Nodes::controlled_by(Term process) {
  if (controller_count_.load(std::memory_order_acquire) == 0) return nullptr;
  MutexLock lock(controllers_mutex_);
  const auto found = controllers_.find(process.bits());
  return found == controllers_.end() ? nullptr : found->second;
}

bool Nodes::leave(Process& p) {
  if (remote_nodes(*p.runtime) == nullptr) return true;
  Nodes& nodes = of(p);
  const uint32_t scheduler = p.registers->scheduler;
  if (p.extras != nullptr && !p.extras->node_monitors.empty()) nodes.unwatch_nodes(p.pid);
  if (Peer* peer = nodes.controlled_by(p.pid)) {
    {
      MutexLock lock(nodes.controllers_mutex_);
      nodes.controllers_.erase(p.pid.bits());
      nodes.controller_count_.store(nodes.controllers_.size());
    }
    // A supervised controller says so when it ends in order.
    Term reason = p.exit_reason;
    if (is_tuple(reason) && tuple_size(reason) == 2 &&
        tuple_elements(reason)[0] == atoms::shutdown) {
      reason = tuple_elements(reason)[1];
    }
    const Peer::Info info = peer->info();
    if (info.controller == p.pid) peer->lost(scheduler, info.connection, reason);
  }
  if (nodes.net_kernel_.load(std::memory_order_acquire) == p.pid.bits()) nodes.stop(scheduler);
  return true;
}

// --- net_kernel:monitor_nodes ---

void Nodes::watch_nodes(Term process) {
  MutexLock lock(watchers_mutex_);
  if (std::find(watchers_.begin(), watchers_.end(), process) == watchers_.end()) {
    watchers_.push_back(process);
  }
}

void Nodes::unwatch_nodes(Term process) {
  MutexLock lock(watchers_mutex_);
  std::erase(watchers_, process);
}

void Nodes::tell_watchers(uint32_t scheduler, const Event& event) {
  std::vector<Term> watchers;
  {
    MutexLock lock(watchers_mutex_);
    watchers = watchers_;
  }
  for (const Term watcher : watchers) {
    deliver(runtime_, scheduler, watcher, new_node_event(event, *runtime_.literals));
  }
}

// --- sending ---

SendResult Nodes::send(Process& sender, Term receiver, Term message, const SendOptions& options) {
  const bool by_name = is_tuple(receiver);
  const Term node = by_name ? tuple_elements(receiver)[1] : external_node(receiver)->name;
  // Of a former incarnation of this node nobody is left.
  if (node == local_node()->name) return SendResult::kSent;
  if (!is_alive()) return SendResult::kRemote;
  Peer& to = peer(node);
  const Channel channel = options.connects ? connect(sender, to) : to.channel();
  if (!channel.exists()) return SendResult::kRemote;
  if (to.is_busy()) {
    if (options.when_busy == WhenBusy::kSuspend) to.suspend_sender(sender);
    return SendResult::kBusy;
  }
  const Line line{*this, to, channel, sender.registers->scheduler};
  int64_t charge = 4;
  const Term whom = by_name ? tuple_elements(receiver)[0] : receiver;
  send_message(line, {sender.pid, whom, message, options.is_priority}, &charge);
  sender.charge(charge);
  return SendResult::kSent;
}

}  // namespace joist
