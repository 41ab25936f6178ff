// Containers whose nodes live inside their elements: no allocation, an element knows its place.
// None of them owns its elements.
#pragma once

#include <atomic>
#include <cstddef>

#include "vm/base/check.h"

namespace joist {

// Doubly linked list. An element derives from ListNode<Tag> and is in at most one list per tag.
//
//     struct Timer : ListNode<> { … };
//     List<Timer> timers;
//
// Not thread-safe. The head is a node of the ring, so unlinking needs no list and no branch:
//
//     head <-> first <-> … <-> last <-> head
struct DefaultListTag {};

template <typename Tag = DefaultListTag>
class ListNode {
 public:
  ListNode() = default;
  ~ListNode() { JOIST_ASSERT(!linked()); }
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;

  bool linked() const { return next_ != nullptr; }

  void unlink() {
    JOIST_ASSERT(linked());
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = previous_ = nullptr;
  }

 private:
  template <typename T, typename U>
  friend class List;

  void link_before(ListNode* position) {
    JOIST_ASSERT(!linked());
    next_ = position;
    previous_ = position->previous_;
    previous_->next_ = this;
    position->previous_ = this;
  }

  ListNode* next_ = nullptr;
  ListNode* previous_ = nullptr;
};

template <typename T, typename Tag = DefaultListTag>
class List {
  using Node = ListNode<Tag>;

 public:
  List() { head_.next_ = head_.previous_ = &head_; }
  // Elements outlive the list as unlinked ones.
  ~List() {
    while (!empty()) pop_front();
    head_.next_ = head_.previous_ = nullptr;
  }
  List(const List&) = delete;
  List& operator=(const List&) = delete;

  bool empty() const { return head_.next_ == &head_; }
  T* front() const { return element(head_.next_); }
  T* back() const { return element(head_.previous_); }
  // The element after `item`, or null at the end.
  T* next(const T* item) const { return element(static_cast<const Node*>(item)->next_); }

  void push_front(T* item) { static_cast<Node*>(item)->link_before(head_.next_); }
  void push_back(T* item) { static_cast<Node*>(item)->link_before(&head_); }
  void insert_before(T* position, T* item) { static_cast<Node*>(item)->link_before(position); }

  T* pop_front() {
    T* item = front();
    if (item != nullptr) static_cast<Node*>(item)->unlink();
    return item;
  }

 private:
  T* element(Node* node) const { return node == &head_ ? nullptr : static_cast<T*>(node); }

  Node head_;
};

// Queue with many producers and one consumer that takes everything at once. Lock-free; an element
// has a member `T* next` (or another, named by kNext) which belongs to the queue while queued.
//
// Producers push onto a stack by one compare-and-swap (release); the consumer swaps the stack out
// (acquire) and turns it round, so elements of one producer come out in the order it pushed them.
template <typename T, T* T::* kNext = &T::next>
class MpscQueue {
 public:
  MpscQueue() = default;
  MpscQueue(const MpscQueue&) = delete;
  MpscQueue& operator=(const MpscQueue&) = delete;

  // True if the queue was empty: the producer who made it non-empty wakes the consumer.
  bool push(T* item) {
    T* old = newest_.load(std::memory_order_relaxed);
    do {
      item->*kNext = old;
    } while (!newest_.compare_exchange_weak(old, item, std::memory_order_release,
                                            std::memory_order_relaxed));
    return old == nullptr;
  }

  bool empty() const { return newest_.load(std::memory_order_acquire) == nullptr; }

  // All elements, oldest first, chained by kNext and ended by null. Consumer only.
  T* take_all() {
    if (newest_.load(std::memory_order_relaxed) == nullptr) return nullptr;
    T* item = newest_.exchange(nullptr, std::memory_order_acquire);
    T* oldest = nullptr;
    while (item != nullptr) {
      T* older = item->*kNext;
      item->*kNext = oldest;
      oldest = item;
      item = older;
    }
    return oldest;
  }

 private:
  std::atomic<T*> newest_{nullptr};
};

}  // namespace joist
