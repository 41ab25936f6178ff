#include "vm/base/epoch.h"

#include <catch2/catch.hpp>
#include <thread>

namespace joist {
namespace {

void count_destroyed(void* counter) { ++*static_cast<std::atomic<int>*>(counter); }

TEST_CASE("An object is freed once every reader has been quiescent") {
  EpochDomain domain;
  EpochReader writer(domain);
  EpochReader reader(domain);
  std::atomic<int> destroyed{0};
  writer.online();
  reader.online();
  writer.retire(&destroyed, count_destroyed);
  writer.quiescent();  // closes the batch
  writer.quiescent();
  CHECK(destroyed == 0);
  reader.quiescent();
  CHECK(destroyed == 0);
  writer.quiescent();
  CHECK(destroyed == 1);
}

TEST_CASE("A reader that is offline holds nobody up") {
  EpochDomain domain;
  EpochReader writer(domain);
  EpochReader sleeper(domain);
  std::atomic<int> destroyed{0};
  writer.online();
  sleeper.online();
  sleeper.offline();
  writer.retire(&destroyed, count_destroyed);
  for (int i = 0; i < 3; ++i) writer.quiescent();
  CHECK(destroyed == 1);
}

TEST_CASE("What is still deferred at the end is freed with the domain") {
  std::atomic<int> destroyed{0};
  {
    EpochDomain domain;
    EpochReader writer(domain);
    writer.online();
    writer.retire(&destroyed, count_destroyed);
  }
  CHECK(destroyed == 1);
}

struct Shared {
  std::atomic<bool> alive{true};
};

TEST_CASE("Readers never see what was freed") {
  EpochDomain domain;
  std::atomic<Shared*> current{new Shared};
  std::atomic<bool> stop{false};
  std::atomic<bool> saw_dead{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      EpochReader reader(domain);
      reader.online();
      while (!stop) {
        if (!current.load(std::memory_order_acquire)->alive) saw_dead = true;
        reader.quiescent();
      }
      reader.offline();
    });
  }
  {
    EpochReader writer(domain);
    writer.online();
    for (int i = 0; i < 20'000; ++i) {
      Shared* old = current.exchange(new Shared, std::memory_order_acq_rel);
      writer.retire(old, [](void* object) {
        static_cast<Shared*>(object)->alive = false;
        delete static_cast<Shared*>(object);
      });
      writer.quiescent();
    }
    stop = true;
    writer.offline();
  }
  for (std::thread& thread : readers) thread.join();
  CHECK(!saw_dead);
  delete current.load();
}

}  // namespace
}  // namespace joist
