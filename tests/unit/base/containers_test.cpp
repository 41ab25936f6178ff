#include "vm/base/containers.h"

#include <catch2/catch.hpp>
#include <thread>
#include <vector>

using namespace joist;

namespace {

struct OtherTag {};
struct Item : ListNode<>, ListNode<OtherTag> {
  explicit Item(int item_value) : value(item_value) {}
  int value;
};

template <typename Tag>
std::vector<int> values(const List<Item, Tag>& list) {
  std::vector<int> result;
  for (Item* item = list.front(); item != nullptr; item = list.next(item)) {
    result.push_back(item->value);
  }
  return result;
}

struct Message {
  Message* next = nullptr;
  int producer = 0;
  int number = 0;
};

}  // namespace

TEST_CASE("List keeps order and unlinks from the middle") {
  Item a(1), b(2), c(3), d(4);
  List<Item> list;
  CHECK(list.front() == nullptr);
  list.push_back(&b);
  list.push_back(&d);
  list.push_front(&a);
  list.insert_before(&d, &c);
  CHECK(values(list) == std::vector<int>{1, 2, 3, 4});
  c.ListNode<>::unlink();
  CHECK(values(list) == std::vector<int>{1, 2, 4});
  CHECK(list.back() == &d);
  CHECK(list.pop_front() == &a);
  CHECK_FALSE(a.ListNode<>::linked());
  CHECK(values(list) == std::vector<int>{2, 4});
}

TEST_CASE("An element can be in one list for each tag") {
  Item a(1), b(2);
  List<Item> first;
  List<Item, OtherTag> second;
  first.push_back(&a);
  first.push_back(&b);
  second.push_front(&a);
  second.push_front(&b);
  a.ListNode<>::unlink();
  CHECK(values(first) == std::vector<int>{2});
  CHECK(values(second) == std::vector<int>{2, 1});
}

TEST_CASE("A destroyed list leaves its elements unlinked") {
  Item a(1);
  {
    List<Item> list;
    list.push_back(&a);
  }
  CHECK_FALSE(a.ListNode<>::linked());
}

TEST_CASE("MpscQueue hands out all elements oldest first and tells when it was empty") {
  Message first, second;
  MpscQueue<Message> queue;
  CHECK(queue.take_all() == nullptr);
  CHECK(queue.push(&first));
  CHECK_FALSE(queue.push(&second));
  Message* taken = queue.take_all();
  CHECK(taken == &first);
  CHECK(taken->next == &second);
  CHECK(second.next == nullptr);
  CHECK(queue.empty());
}

TEST_CASE("MpscQueue keeps each producer's order and loses nothing") {
  constexpr int kProducers = 4;
  constexpr int kMessages = 20000;
  std::vector<std::vector<Message>> messages(kProducers, std::vector<Message>(kMessages));
  MpscQueue<Message> queue;
  std::vector<std::thread> threads;
  for (int producer = 0; producer < kProducers; ++producer) {
    threads.emplace_back([&, producer] {
      for (int number = 0; number < kMessages; ++number) {
        Message& message = messages[producer][number];
        message.producer = producer;
        message.number = number;
        queue.push(&message);
      }
    });
  }
  std::vector<int> expected(kProducers, 0);
  bool in_order = true;
  for (int received = 0; received < kProducers * kMessages;) {
    for (Message* message = queue.take_all(); message != nullptr; message = message->next) {
      in_order = in_order && message->number == expected[message->producer];
      ++expected[message->producer];
      ++received;
    }
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(in_order);
  CHECK(expected == std::vector<int>(kProducers, kMessages));
  CHECK(queue.empty());
}
