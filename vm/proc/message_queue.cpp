#include "vm/proc/message_queue.h"

namespace joist {

MessageQueue::~MessageQueue() { release_signals(first_); }

void MessageQueue::link_last(Signal* signal) {
  signal->next = nullptr;
  signal->previous = last_;
  (last_ == nullptr ? first_ : last_->next) = signal;
  last_ = signal;
}

void MessageQueue::unlink(Signal* signal) {
  (signal->previous == nullptr ? first_ : signal->previous->next) = signal->next;
  (signal->next == nullptr ? last_ : signal->next->previous) = signal->previous;
}

void MessageQueue::remove(Signal* message) {
  unlink(message);
  --length_;
  restart();
}

Signal* MessageQueue::remove_current() {
  Signal* message = current_;
  remove(message);
  return message;
}

Signal* MessageQueue::replace_current(Signal* replacement) {
  Signal* message = current_;
  replacement->next = message->next;
  replacement->previous = message->previous;
  (message->previous == nullptr ? first_ : message->previous->next) = replacement;
  (message->next == nullptr ? last_ : message->next->previous) = replacement;
  current_ = replacement;
  return message;
}

}  // namespace joist
