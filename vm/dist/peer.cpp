#include "vm/dist/peer.h"

#include <cstdlib>
#include <cstring>
#include <utility>

#include "vm/base/check.h"
#include "vm/codec/magic_table.h"
#include "vm/dist/flags.h"
#include "vm/dist/incoming.h"
#include "vm/dist/nodes.h"
#include "vm/dist/relations.h"
#include "vm/sched/deliver.h"
#include "vm/sched/port_monitor.h"
#include "vm/sched/schedulers.h"
#include "vm/sched/signal_handler.h"
#include "vm/term/atoms_net.h"

namespace joist {

namespace {

void destroy_handle(Binary* binary) {
  MagicTable::forget(binary);
  free(binary);
}

// What a handle refers to lies behind the record.
constexpr size_t kPointerBytes = sizeof(Peer*);

Binary* new_handle(Peer* peer) {
  auto* binary = static_cast<Binary*>(malloc(sizeof(Binary) + kPointerBytes));
  if (binary == nullptr) fatal("out of memory: a distribution handle");
  *binary = Binary{1, destroy_handle, 0, reinterpret_cast<uint8_t*>(binary + 1), kPointerBytes};
  memcpy(binary->bytes, static_cast<const void*>(&peer), kPointerBytes);
  return binary;
}

void on_peer_free(Process& receiver, Signal&) { --receiver.suspend_count; }

}  // namespace

struct Peer::Remains {
  bool was_up = false;
  bool is_hidden = false;
  std::set<Word> related;
  std::vector<Term> suspended;
  std::deque<Frame> frames;
  std::vector<OutgoingMessage> waiting;
};

Peer::Peer(Nodes& nodes, Term name)
    : nodes_(nodes),
      name_(name),
      handle_(new_handle(this)),
      handle_numbers_(nodes.runtime().uniques.next_ref()) {}

Peer::~Peer() { handle_->release(); }

Peer* Nodes::peer_of_handle(Term handle, uint32_t* connection) {
  if (!is_tuple(handle) || tuple_size(handle) != 2) return nullptr;
  const std::span<const Term> parts = tuple_elements(handle);
  if (!parts[0].is_small() || !is_kind(parts[1], Boxed::kMagicRef)) return nullptr;
  const Binary* binary = reinterpret_cast<OffHeap*>(parts[1].object())->binary;
  if (binary->destroy != destroy_handle) return nullptr;
  *connection = static_cast<uint32_t>(parts[0].small_value());
  Peer* peer;
  memcpy(static_cast<void*>(&peer), binary->bytes, kPointerBytes);
  return peer;
}

Term Nodes::make_handle(Allocator& heap, Peer& peer, uint32_t connection) {
  peer.handle()->retain();
  const Term reference = make_magic_ref(heap, peer.handle_numbers(), peer.handle());
  return make_tuple(heap, {Term::small(connection), reference});
}

Channel Peer::channel() {
  MutexLock lock(mutex_);
  switch (state_) {
    case State::kPending:
      return {Channel::State::kPending, connection_,
              dist_flags::while_pending(nodes_.runtime().otp_release)};
    case State::kUp:
      return {Channel::State::kUp, connection_, flags_};
    case State::kIdle:
    case State::kEnding:
      break;
  }
  return {};
}

Peer::Info Peer::info() {
  MutexLock lock(mutex_);
  const bool is_hidden = (flags_ & dist_flags::kPublished) == 0;
  // Until the controller has ended the node counts as connected.
  if (state_ == State::kUp || state_ == State::kEnding) {
    return {Channel::State::kUp, is_hidden, connection_, controller_, creation_};
  }
  const bool pending = state_ == State::kPending;
  return {pending ? Channel::State::kPending : Channel::State::kNone, is_hidden, connection_,
          controller_, creation_};
}

// --- connections ---

// Such numbers are small integers, and never 0.
uint32_t Peer::next_connection() const {
  constexpr uint32_t kMostConnections = (1u << 24) - 1;
  return connection_ == kMostConnections ? 1 : connection_ + 1;
}

bool Peer::begin(uint32_t* connection) {
  MutexLock lock(mutex_);
  const bool is_new = state_ == State::kIdle;
  if (is_new) {
    state_ = State::kPending;
    connection_ = next_connection();
  }
  *connection = state_ == State::kEnding ? next_connection() : connection_;
  return is_new;
}

bool Peer::abort(uint32_t scheduler, uint32_t connection) {
  Remains remains;
  {
    MutexLock lock(mutex_);
    if (connection_ != connection) return true;
    if (state_ != State::kPending) return state_ != State::kUp;
    reset(&remains);
  }
  settle(scheduler, remains, connection);
  return true;
}

Peer::Established Peer::establish(uint32_t scheduler, Term controller, uint64_t flags,
                                  uint32_t creation, uint32_t* connection) {
  std::vector<OutgoingMessage> refused;
  {
    MutexLock lock(mutex_);
    if (state_ == State::kEnding) return Established::kEnding;
    if (state_ == State::kUp) return Established::kNotPending;
    // net_kernel has got the number of this one while the one before was ending.
    if (state_ == State::kIdle) connection_ = next_connection();
    state_ = State::kUp;
    flags_ = flags;
    creation_ = creation;
    controller_ = controller;
    *connection = connection_;
    writer_ = std::make_unique<ChannelWriter>(flags);
    input_handler.store(controller.bits());
    received_ = sent_ = 0;
    notifies_ = port_is_busy_ = port_is_fed_ = false;
    queued_bytes_ = 0;
    for (OutgoingMessage& message : waiting_) {
      if (const OutgoingMessage* form = message.form_for(flags)) {
        add_frames(*form);
      } else {
        refused.push_back(std::move(message));
      }
    }
    waiting_.clear();
    update_busy();
  }
  {
    MutexLock lock(input_mutex_);
    reader_ = std::make_unique<ChannelReader>(flags);
    reader_connection_ = *connection;
  }
  const bool is_hidden = (flags & dist_flags::kPublished) == 0;
  nodes_.tell_watchers(scheduler, {true, name_, true, *connection, is_hidden, Term::none()});
  return Established::kDone;
}

void Peer::close(uint32_t scheduler, uint32_t connection) {
  Term controller = Term::none();
  {
    MutexLock lock(mutex_);
    if (connection_ != connection || state_ != State::kUp) return;
    state_ = State::kEnding;
    controller = controller_;
  }
  send_exit({nodes_.runtime(), scheduler, controller}, controller, atoms::kill);
}

void Peer::lost(uint32_t scheduler, uint32_t connection, Term reason) {
  Remains remains;
  {
    MutexLock lock(mutex_);
    if (connection_ != connection) return;
    if (state_ != State::kUp && state_ != State::kEnding) return;
    reset(&remains);
  }
  input_handler.store(0);
  settle(scheduler, remains, connection);
  const Term told = reason == atoms::normal ? Term(atoms::connection_closed) : reason;
  nodes_.tell_watchers(scheduler, {false, name_, true, connection, remains.is_hidden, told});
}

void Peer::reset(Remains* remains) {
  remains->was_up = state_ != State::kPending;
  remains->is_hidden = (flags_ & dist_flags::kPublished) == 0;
  remains->related.swap(related_);
  remains->suspended.swap(suspended_);
  remains->frames.swap(frames_);
  remains->waiting.swap(waiting_);
  state_ = State::kIdle;
  controller_ = Term::none();
  writer_.reset();
  queued_bytes_ = 0;
  is_busy_.store(false);
  named_.clear();
}

void Peer::settle(uint32_t scheduler, Remains& remains, uint32_t connection) {
  Runtime& runtime = nodes_.runtime();
  for (const Word pid : remains.related) {
    deliver(runtime, scheduler, Term::from_bits(pid), new_connection_lost(name_, connection));
  }
  for (const Term pid : remains.suspended) {
    Signal* signal = new_signal(SignalKind::kRequest, Term::none());
    signal->request = on_peer_free;
    deliver(runtime, scheduler, pid, signal);
  }
}

// --- who is told ---

bool Peer::join(Term process, uint32_t connection) {
  MutexLock lock(mutex_);
  if (connection_ != connection || (state_ != State::kPending && state_ != State::kUp)) {
    return false;
  }
  related_.insert(process.bits());
  return true;
}

void Peer::leave(Term process) {
  MutexLock lock(mutex_);
  related_.erase(process.bits());
}

void Peer::add_named(const RemoteReference& reference, Term process) {
  MutexLock lock(mutex_);
  named_.emplace(reference, process);
}

Term Peer::take_named(const RemoteReference& reference) {
  MutexLock lock(mutex_);
  const auto found = named_.find(reference);
  if (found == named_.end()) return Term::none();
  const Term process = found->second;
  named_.erase(found);
  return process;
}

// --- out ---

bool Peer::send(uint32_t scheduler, uint32_t connection, OutgoingMessage message) {
  {
    MutexLock lock(mutex_);
    if (connection_ != connection) return false;
    if (state_ == State::kPending) {
      queued_bytes_ += message.size;
      waiting_.push_back(std::move(message));
      update_busy();
      return true;
    }
    if (state_ != State::kUp) return false;
    // What was encoded while it was pending may ask for more than there is.
    const OutgoingMessage* form = message.form_for(flags_);
    if (form == nullptr) return true;
    add_frames(*form);
    update_busy();
  }
  tell_controller(scheduler);
  return true;
}

void Peer::add_frames(const OutgoingMessage& message) {
  writer_->write(message, [this](Frame frame) JOIST_NO_THREAD_SAFETY_ANALYSIS {
    queued_bytes_ += frame.size();
    frames_.push_back(std::move(frame));
  });
}

void Peer::update_busy() {
  is_busy_.store(queued_bytes_ >= nodes_.busy_limit(), std::memory_order_release);
}

void Peer::tell_controller(uint32_t scheduler) {
  Term controller = Term::none();
  uint32_t connection = 0;
  {
    MutexLock lock(mutex_);
    if (state_ != State::kUp || frames_.empty()) return;
    controller = controller_;
    connection = connection_;
    if (controller.is_local_pid() && !std::exchange(notifies_, false)) return;
  }
  if (controller.is_local_port()) return feed_port(scheduler, controller, connection);
  Signal* signal = new_signal(SignalKind::kMessage, Term::none());
  signal->value = atoms::dist_data;
  deliver(nodes_.runtime(), scheduler, controller, signal);
}

void Peer::suspend_sender(Process& sender) {
  Term controller = Term::none();
  {
    MutexLock lock(mutex_);
    if (!is_busy()) return;
    ++sender.suspend_count;
    suspended_.push_back(sender.pid);
    controller = controller_;
  }
  tell_of_busy_dist_port(sender, controller);
}

void Peer::resume_senders(uint32_t scheduler) {
  std::vector<Term> senders;
  {
    MutexLock lock(mutex_);
    if (is_busy()) return;
    senders.swap(suspended_);
  }
  for (const Term sender : senders) {
    Signal* signal = new_signal(SignalKind::kRequest, Term::none());
    signal->request = on_peer_free;
    deliver(nodes_.runtime(), scheduler, sender, signal);
  }
}

bool Peer::take_frame(uint32_t scheduler, uint32_t connection, Frame* frame) {
  {
    MutexLock lock(mutex_);
    if (connection_ != connection || state_ != State::kUp || frames_.empty()) return false;
    *frame = std::move(frames_.front());
    frames_.pop_front();
    queued_bytes_ -= frame->size();
    sent_.fetch_add(1, std::memory_order_relaxed);
    update_busy();
  }
  resume_senders(scheduler);
  return true;
}

bool Peer::notify_of_frames(uint32_t scheduler, uint32_t connection) {
  {
    MutexLock lock(mutex_);
    if (!is_current(connection)) return false;
    notifies_ = true;
  }
  tell_controller(scheduler);
  return true;
}

bool Peer::is_controller(Term process, uint32_t connection) {
  MutexLock lock(mutex_);
  return is_current(connection) && controller_ == process;
}

bool Peer::statistics(uint32_t connection, Statistics* result) {
  MutexLock lock(mutex_);
  if (!is_current(connection)) return false;
  *result = {received_.load(), sent_.load(), static_cast<int64_t>(queued_bytes_)};
  return true;
}

// --- in ---

bool Peer::receive(uint32_t scheduler, uint32_t connection, ByteSpan packet) {
  IncomingMessage message;
  const Channel found = channel();
  if (found.state != Channel::State::kUp || found.connection != connection) return true;
  received_.fetch_add(1, std::memory_order_relaxed);
  if (packet.empty()) return true;  // a tick
  MutexLock lock(input_mutex_);
  if (reader_ == nullptr || reader_connection_ != connection) return true;
  switch (reader_->read(packet, &message)) {
    case ChannelReader::Result::kMessage:
      return receive_message({nodes_, *this, found, scheduler}, message);
    case ChannelReader::Result::kPart:
      return true;
    case ChannelReader::Result::kMalformed:
      break;
  }
  return false;
}

}  // namespace joist
