// Stores under many threads at once. Each thread has a heap of its own, as a process has.
#include <atomic>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "vm/ets/table.h"
#include "vm/heap/builder.h"
#include "vm/term/print.h"

using namespace joist;

namespace {

constexpr uint32_t kAll = ets_rights::kOwner;

EtsTable* make_table(EtsType type, bool concurrent) {
  EtsOptions options;
  options.type = type;
  options.protection = EtsProtection::kPublic;
  if (concurrent) options.write_concurrency = EtsWriteConcurrency::kOn;
  return EtsTable::create(atoms::ok, options, Term::local_pid(1), {3, {1, 2, 3, 0, 0}});
}

Term number(int64_t value) { return Term::small(value); }

// A key that is a term of its own.
Term pair_key(Allocator& heap, int64_t n) {
  return joist::make_tuple(heap, {atoms::id, number(n)});
}

bool put(EtsTable& table, Term tuple) {
  EtsObject* row = new_object(tuple);
  const StoreAnswer answer = table.store().insert(row, false, {table.rights, kAll});
  if (answer != StoreAnswer::kOk) free_object(row);
  return answer == StoreAnswer::kOk;
}

Term get(EtsTable& table, Allocator& heap, Term key) {
  Term rows = Term::nil();
  table.store().lookup(key, {table.rights, kAll}, heap, &rows);
  return rows;
}

// Adds one to the second element.
class Increment final : public RowUpdater {
 public:
  EtsObject* update(EtsObject& row) override {
    row.words[2] = number(row.element(2).small_value() + 1).bits();
    return &row;
  }
};

class RowCounter final : public RowVisitor {
 public:
  RowAction visit(EtsObject& row, EtsObject**) override {
    rows += 1;
    sum += row.element(2).small_value();
    return RowAction::kKeep;
  }
  bool wants_more() override { return true; }
  int64_t rows = 0;
  int64_t sum = 0;
};

void count_rows(EtsTable& table, RowCounter& counter) {
  const StoreGate gate{table.rights, kAll};
  if (table.hash() != nullptr) {
    uint64_t position = 0;
    table.hash()->scan(&position, false, gate, counter);
  } else {
    Allocator heap;
    Term last = Term::none();
    table.ordered()->scan({Term::none()}, false, gate, counter, heap, &last);
  }
}

void run_threads(int count, void (*body)(EtsTable&, int), EtsTable& table) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back(body, std::ref(table), i);
  for (std::thread& thread : threads) thread.join();
}

constexpr int kThreads = 4;
constexpr int kRounds = 4000;

struct Shape {
  EtsType type;
  bool concurrent;
};
constexpr Shape kShapes[] = {{EtsType::kSet, false},
                             {EtsType::kSet, true},
                             {EtsType::kOrderedSet, false},
                             {EtsType::kOrderedSet, true}};

}  // namespace

TEST_CASE("threads that change rows of their own keys find what they wrote last") {
  for (const Shape shape : kShapes) {
    EtsTable* table = make_table(shape.type, shape.concurrent);
    run_threads(
        kThreads,
        [](EtsTable& shared, int thread) {
          uint64_t random = static_cast<uint64_t>(thread) + 1;
          std::vector<int64_t> expected(200, -1);
          for (int round = 0; round < kRounds; ++round) {
            Allocator heap;
            random = random * 6364136223846793005 + 1442695040888963407;
            const auto slot = static_cast<size_t>(random >> 33) % expected.size();
            const Term key = pair_key(heap, thread + kThreads * static_cast<int64_t>(slot));
            const std::string found = term_text(get(shared, heap, key));
            const std::string wanted =
                expected[slot] < 0
                    ? "[]"
                    : "[{" + term_text(key) + "," + std::to_string(expected[slot]) + "}]";
            if (found != wanted) FAIL("found " + found + ", wanted " + wanted);
            if ((random >> 60 & 3) == 0) {
              shared.store().erase(key, {shared.rights, kAll}, heap, nullptr);
              expected[slot] = -1;
            } else {
              put(shared, joist::make_tuple(heap, {key, number(round)}));
              expected[slot] = round;
            }
          }
        },
        *table);
    RowCounter counter;
    count_rows(*table, counter);
    CHECK(counter.rows == static_cast<int64_t>(table->store().size()));
    table->release();
  }
}

TEST_CASE("no increment of a shared counter is lost, while others add and delete rows") {
  for (const Shape shape : kShapes) {
    EtsTable* table = make_table(shape.type, shape.concurrent);
    Allocator heap;
    for (int64_t key = 0; key < 8; ++key) {
      put(*table, joist::make_tuple(heap, {number(key), number(0)}));
    }
    run_threads(
        kThreads,
        [](EtsTable& shared, int thread) {
          for (int round = 0; round < kRounds; ++round) {
            Allocator own;
            Increment increment;
            shared.store().update(number(round % 8), {shared.rights, kAll}, increment);
            const Term key = number(100 + round % 300 * kThreads + thread);
            if (round % 600 < 300) {
              put(shared, joist::make_tuple(own, {key, number(0)}));
            } else {
              shared.store().erase(key, {shared.rights, kAll}, own, nullptr);
            }
          }
        },
        *table);
    RowCounter counter;
    count_rows(*table, counter);
    CHECK(counter.sum == kThreads * kRounds);
    CHECK(counter.rows == static_cast<int64_t>(table->store().size()));
    table->release();
  }
}

TEST_CASE("a closed gate stops threads, and rows are freed in steps") {
  for (const Shape shape : kShapes) {
    EtsTable* table = make_table(shape.type, shape.concurrent);
    std::thread writer([table] {
      for (int64_t key = 0;; ++key) {
        Allocator heap;
        if (!put(*table, joist::make_tuple(heap, {pair_key(heap, key), number(1)}))) return;
      }
    });
    while (table->store().size() < 2000) cpu_relax();
    table->rights.store(ets_rights::kDeleted);
    table->store().pass_through();
    int steps = 0;
    for (int64_t budget = 100; !table->store().clear(&budget); budget = 100) ++steps;
    writer.join();
    CHECK(steps > 10);
    CHECK(table->store().size() == 0);
    table->release();
  }
}

TEST_CASE("a walk by key over a fixed table meets every row once while others change it") {
  EtsTable* table = make_table(EtsType::kSet, true);
  Allocator heap;
  constexpr int64_t kRows = 3000;
  for (int64_t key = 0; key < kRows; ++key) {
    put(*table, joist::make_tuple(heap, {number(key), number(0)}));
  }
  table->fix_count.fetch_add(1);
  std::thread changer([table] {
    Allocator own;
    const StoreGate gate{table->rights, kAll};
    for (int64_t key = 0; key < kRows; key += 3)
      table->store().erase(number(key), gate, own, nullptr);
    for (int64_t key = kRows; key < 3 * kRows; ++key) {
      put(*table, joist::make_tuple(own, {number(key), number(0)}));
    }
  });
  std::vector<int> met(3 * kRows, 0);
  Term key = number(0);
  StoreAnswer answer =
      table->store().step(KeyStep::kFirst, key, false, {table->rights, kAll}, heap, &key);
  while (answer == StoreAnswer::kOk) {
    ++met[static_cast<size_t>(key.small_value())];
    answer = table->store().step(KeyStep::kNext, key, false, {table->rights, kAll}, heap, &key);
  }
  changer.join();
  CHECK(answer == StoreAnswer::kEnd);
  for (int64_t i = 0; i < 3 * kRows; ++i) {
    const int times = met[static_cast<size_t>(i)];
    const bool stays = i < kRows && i % 3 != 0;
    if (times > 1 || (stays && times != 1)) FAIL("row " << i << " was met " << times << " times");
  }
  table->fix_count.fetch_sub(1);
  int64_t budget = 100;
  CHECK_FALSE(table->hash()->sweep(&budget));
  CHECK(budget > -2000);
  budget = INT64_MAX;
  CHECK(table->hash()->sweep(&budget));
  CHECK(table->store().size() == static_cast<size_t>(3 * kRows - kRows / 3));
  table->release();
}
