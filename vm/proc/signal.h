// Signals: all that one process does to another, a message being one kind. A sender makes a
// Signal, pushes it onto the receiver's queue and never touches it again.
//
// A signal is one piece of memory that begins like a heap fragment, so that the receiver's heap
// can adopt it when the message is taken out of the queue: nothing is copied a second time.
//
//   +------+----------+------+--------+----------------------------+-------------------------+
//   | next | capacity | used | filler | kind, sender, value, ...   | words of value          |
//   +------+----------+------+--------+----------------------------+-------------------------+
//   '-------- Fragment ------'        '--- what the filler hides --'
//
// The terms in `words` refer to nothing outside but literals and off-heap binaries, so a signal
// needs no root while it travels or waits.
#pragma once

#include <atomic>
#include <cstddef>

#include "vm/heap/allocator.h"
#include "vm/heap/literals.h"

namespace joist {

class Process;

enum class SignalKind : uint8_t {
  kMessage,
  kAliasMessage,  // a message to the alias `id`
  kExit,          // exit/2: value is the reason; id: of the alias that it was sent to, or 0
  kLinkExit,      // a linked process is gone: value is the reason
  kLink,
  kUnlink,     // id: to be told in the acknowledgement
  kUnlinkAck,  // id: of the unlink
  kMonitor,    // id: of the monitor's reference; value: the name it was asked by, or none
  kDemonitor,  // id
  kDown,       // id; value: the reason; has kDownWords more words for the message
  kRequest,    // request(receiver, *this) runs on behalf of the receiver: vm/sched/request.h
  kQuestion,   // the same, and it only looks, at nothing that a dirty native may be changing
  kMarker,     // only within a message queue: where a receive may begin
};

struct Signal {
  // The receiver handles the request and keeps nothing of the signal.
  using Request = void (*)(Process& receiver, Signal& signal);

  Fragment* fragment_next;
  size_t capacity;
  size_t used;
  Word filler;

  Signal* next;
  Signal* previous;  // in a message queue
  OffHeap* off_heap;
  size_t off_heap_bytes;
  Term sender;  // local pid or port; none: the VM
  Term value;
  union {
    uint64_t id;
    Request request;
  };
  uint32_t detail;  // of a request: its own affair
  SignalKind kind;
  // What becomes of it goes before the ordinary messages. Of an alias message or an exit signal:
  // if the receiver's alias allows it.
  bool is_priority;
  Word words[];

  Fragment* as_fragment() { return reinterpret_cast<Fragment*>(this); }
  size_t value_words() const { return used - kHiddenWords; }
  // Words of a fragment that the fields between filler and `words` take, filler included.
  static constexpr size_t kHiddenWords = 9;
};
static_assert(offsetof(Signal, fragment_next) == offsetof(Fragment, next) &&
              offsetof(Signal, capacity) == offsetof(Fragment, capacity) &&
              offsetof(Signal, used) == offsetof(Fragment, used) &&
              offsetof(Signal, filler) == sizeof(Fragment) &&
              offsetof(Signal, words) == sizeof(Fragment) + Signal::kHiddenWords * sizeof(Word));

// With room for `words` words that the caller fills; value is none, id 0. Fatal when memory is
// exhausted.
Signal* new_signal(SignalKind kind, Term sender, size_t words = 0);
// The same with a copy of `value`, and room for `extra_words` behind it.
Signal* new_signal_of(SignalKind kind, Term sender, Term value, const LiteralSpace* literals,
                      size_t extra_words = 0);
// A message whose `detail` is not 0 carries a sequential trace token, at that word (from 1).
inline Term token_of_message(const Signal& message) {
  return message.detail == 0 ? Term(Term::nil())
                             : Term::boxed(const_cast<Word*>(message.words) + message.detail - 1);
}
Signal* new_message_with_token(Term sender, Term value, Term token, const LiteralSpace* literals);
void release_signal(Signal* signal);
// A whole chain.
void release_signals(Signal* first);

// Builds terms in the words of a signal, from word `from` on. What it holds off-heap becomes the
// signal's when the builder goes.
class SignalBuilder : public Allocator {
 public:
  explicit SignalBuilder(Signal& signal, size_t from = 0);
  ~SignalBuilder();

 private:
  Signal& signal_;
};

// The number that a reference made by this VM is known by.
uint64_t reference_id(Term reference);
RefNumbers reference_numbers(uint64_t id);
// A reference that is an alias carries the process it stands for in the two words behind its
// numbers, where nothing else looks.
void set_alias_owner(RefNumbers& numbers, Term pid);
// none(): not one of this VM's aliases.
Term alias_owner(Term reference);

// Where senders put signals: many producers, one consumer that takes all at once. Lock-free: a
// stack whose consumer turns it round, so that the signals of one sender stay in order. Once
// closed it takes nothing more: its process is gone.
class SignalQueue {
 public:
  enum class Push : uint8_t {
    kFirst,   // the queue was empty: the receiver must be told
    kAdded,   // it has been told already
    kClosed,  // refused; the signal is still the caller's
  };
  Push push(Signal* signal);
  bool is_closed() const { return newest_.load(std::memory_order_acquire) == closed_mark(); }
  bool empty() const { return newest_.load(std::memory_order_acquire) == nullptr; }
  // All signals, oldest first. Consumer only.
  Signal* take_all();
  // The same, and closes the queue.
  Signal* close();
  // Takes signals again.
  void reopen() { newest_.store(nullptr, std::memory_order_release); }

 private:
  static Signal* closed_mark() { return reinterpret_cast<Signal*>(1); }
  static Signal* oldest_first(Signal* newest);
  std::atomic<Signal*> newest_{nullptr};
};

}  // namespace joist
