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

void MessageQueue::insert_priority(Signal* message) {
  Signal* next = last_priority_ == nullptr ? first_ : last_priority_->next;
  message->previous = last_priority_;
  message->next = next;
  (last_priority_ == nullptr ? first_ : last_priority_->next) = message;
  (next == nullptr ? last_ : next->previous) = message;
  last_priority_ = message;
  ++length_;
  if (current_ == nullptr) {
    current_ = message;
  } else {
    looks_again_ = true;
  }
}

void MessageQueue::remove(Signal* message) {
  if (message == last_priority_) last_priority_ = message->previous;
  unlink(message);
  --length_;
  restart();
}

Signal* MessageQueue::remove_current() {
  Signal* message = current_;
  remove(message);
  return message;
}

Signal* MessageQueue::replace(Signal* message, Signal* replacement) {
  replacement->is_priority = message->is_priority;
  replacement->next = message->next;
  replacement->previous = message->previous;
  (message->previous == nullptr ? first_ : message->previous->next) = replacement;
  (message->next == nullptr ? last_ : message->next->previous) = replacement;
  if (current_ == message) current_ = replacement;
  if (last_priority_ == message) last_priority_ = replacement;
  return message;
}

}  // namespace joist
