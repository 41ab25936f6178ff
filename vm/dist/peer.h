// Another node as this one knows it: whether there is a connection, and all that belongs to the
// connection. A peer is made when its name is first used and lives as long as the VM.
//
//              connect(), new_connection/1            create_dist_channel/3
//     kIdle ------------------------------> kPending -----------------------> kUp
//       ^                                       |                              | close()
//       +-------- abort_pending_connection/2 ---+                              v
//       +------------------- the controller has ended ---------------------- kEnding
//
// Each trip has a number, the connection. What belongs to an earlier one comes too late and has
// no effect, so nobody needs to be stopped when a connection ends.
//
// Messages are encoded by their senders, wait here, and leave through the controller: a process
// asks for them (dist_ctrl_get_data/1), to a port they are given. While the connection is pending
// they wait for it. More than the busy limit of them stop senders of messages.
//
// No lock of this is held while a process or port is told something.
#pragma once

#include <deque>
#include <set>

#include "vm/base/sync.h"
#include "vm/dist/packet.h"
#include "vm/io/distribution_sink.h"
#include "vm/proc/remote_relations.h"

namespace joist {

class Nodes;
class Process;

// A connection as one finds it; what is sent later must name it.
struct Channel {
  enum class State : uint8_t { kNone, kPending, kUp };
  State state = State::kNone;
  uint32_t connection = 0;
  uint64_t flags = 0;  // what may be used of the protocol

  bool exists() const { return state != State::kNone; }
  bool has(uint64_t flag) const { return (flags & flag) != 0; }
};

class Peer {
 public:
  Peer(Nodes& nodes, Term name);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  Term name() const { return name_; }
  Channel channel() JOIST_EXCLUDES(mutex_);

  // --- connections ---
  // The number of the connection that there is, of a new, pending one, or, while one ends, of the
  // next; true: it is new.
  bool begin(uint32_t* connection) JOIST_EXCLUDES(mutex_);
  // True: it is not up. Everybody whose relations waited for it is told.
  bool abort(uint32_t scheduler, uint32_t connection) JOIST_EXCLUDES(mutex_);
  // kEnding: once more when the controller of the former connection has ended.
  enum class Established : uint8_t { kDone, kNotPending, kEnding };
  Established establish(uint32_t scheduler, Term controller, uint64_t flags, uint32_t creation,
                        uint32_t* connection) JOIST_EXCLUDES(mutex_);
  // The port that is the controller hands over what comes in. False: it is gone.
  bool attach_port(uint32_t scheduler, uint32_t connection) JOIST_EXCLUDES(mutex_);
  // What has waited for the connection leaves.
  void start_sending(uint32_t scheduler) JOIST_EXCLUDES(mutex_) { tell_controller(scheduler); }
  // Ends it, by ending its controller.
  void close(uint32_t scheduler, uint32_t connection) JOIST_EXCLUDES(mutex_);
  // The controller has ended.
  void lost(uint32_t scheduler, uint32_t connection, Term reason) JOIST_EXCLUDES(mutex_);

  // --- who is told when a connection is lost ---
  // False: it is lost already.
  bool join(Term process, uint32_t connection) JOIST_EXCLUDES(mutex_);
  void leave(Term process) JOIST_EXCLUDES(mutex_);
  // Processes of this node that were monitored by name.
  void add_named(const RemoteReference& reference, Term process) JOIST_EXCLUDES(mutex_);
  Term take_named(const RemoteReference& reference) JOIST_EXCLUDES(mutex_);

  // --- out ---
  // False: there is no such connection any more.
  bool send(uint32_t scheduler, uint32_t connection, OutgoingMessage message)
      JOIST_EXCLUDES(mutex_);
  bool is_busy() const { return is_busy_.load(std::memory_order_acquire); }
  // Puts the process, which is the caller's and yields now, to sleep until it is not busy.
  void suspend_sender(Process& sender) JOIST_EXCLUDES(mutex_);

  // --- the controller, if it is a process ---
  // A frame that is to be sent; false: there is none.
  bool take_frame(uint32_t scheduler, uint32_t connection, Frame* frame) JOIST_EXCLUDES(mutex_);
  // A message dist_data comes once there are frames. False: no such connection.
  bool notify_of_frames(uint32_t scheduler, uint32_t connection) JOIST_EXCLUDES(mutex_);
  bool is_controller(Term process, uint32_t connection) JOIST_EXCLUDES(mutex_);
  // Who hands over what comes in.
  std::atomic<Word> input_handler{0};
  std::atomic<bool> wants_size{false};  // dist_ctrl_set_opt(_, get_size, true)

  // --- in ---
  // False: it makes no sense; the connection has to end.
  bool receive(uint32_t scheduler, uint32_t connection, ByteSpan packet)
      JOIST_EXCLUDES(input_mutex_);

  struct Statistics {
    int64_t received;
    int64_t sent;
    int64_t pending;
  };
  // False: no such connection.
  bool statistics(uint32_t connection, Statistics* result) JOIST_EXCLUDES(mutex_);

  struct Info {
    Channel::State state;
    bool is_hidden;
    uint32_t connection;
    Term controller;
    uint32_t creation;
  };
  Info info() JOIST_EXCLUDES(mutex_);

  // What a distribution handle refers to (vm/dist/nodes.h).
  Binary* handle() { return handle_; }
  const RefNumbers& handle_numbers() const { return handle_numbers_; }

 private:
  friend class Nodes;
  enum class State : uint8_t { kIdle, kPending, kUp, kEnding };
  class Sink;
  // What a lost connection leaves to be done without the lock.
  struct Remains;

  bool is_current(uint32_t connection) const JOIST_REQUIRES(mutex_) {
    return connection_ == connection && state_ != State::kIdle;
  }
  uint32_t next_connection() const JOIST_REQUIRES(mutex_);
  void add_frames(const OutgoingMessage& message) JOIST_REQUIRES(mutex_);
  void update_busy() JOIST_REQUIRES(mutex_);
  void reset(Remains* remains) JOIST_REQUIRES(mutex_);
  void settle(uint32_t scheduler, Remains& remains, uint32_t connection);
  void tell_controller(uint32_t scheduler) JOIST_EXCLUDES(mutex_);
  void feed_port(uint32_t scheduler, Term port, uint32_t connection) JOIST_EXCLUDES(mutex_);
  void resume_senders(uint32_t scheduler) JOIST_EXCLUDES(mutex_);

  Nodes& nodes_;
  const Term name_;
  Binary* const handle_;  // this has one reference; tables may keep others
  RefNumbers handle_numbers_{};

  Mutex mutex_;
  State state_ JOIST_GUARDED_BY(mutex_) = State::kIdle;
  uint32_t connection_ JOIST_GUARDED_BY(mutex_) = 0;
  uint64_t flags_ JOIST_GUARDED_BY(mutex_) = 0;
  uint32_t creation_ JOIST_GUARDED_BY(mutex_) = 0;  // of its latest incarnation
  Term controller_ JOIST_GUARDED_BY(mutex_) = Term::none();
  std::vector<OutgoingMessage> waiting_ JOIST_GUARDED_BY(mutex_);  // until it is up
  std::unique_ptr<ChannelWriter> writer_ JOIST_GUARDED_BY(mutex_);
  std::deque<Frame> frames_ JOIST_GUARDED_BY(mutex_);
  size_t queued_bytes_ JOIST_GUARDED_BY(mutex_) = 0;
  bool notifies_ JOIST_GUARDED_BY(mutex_) = false;
  bool port_is_busy_ JOIST_GUARDED_BY(mutex_) = false;
  bool port_is_fed_ JOIST_GUARDED_BY(mutex_) = false;  // by somebody, right now
  std::vector<Term> suspended_ JOIST_GUARDED_BY(mutex_);
  std::set<Word> related_ JOIST_GUARDED_BY(mutex_);
  std::map<RemoteReference, Term> named_ JOIST_GUARDED_BY(mutex_);
  std::atomic<bool> is_busy_{false};
  std::atomic<int64_t> sent_{0};

  Mutex input_mutex_;
  std::unique_ptr<ChannelReader> reader_ JOIST_GUARDED_BY(input_mutex_);
  uint32_t reader_connection_ JOIST_GUARDED_BY(input_mutex_) = 0;
  std::atomic<int64_t> received_{0};
};

}  // namespace joist
