// Magic references by number, so that one that comes back as an external term or as text stands
// for the same object again, as in ERTS (erl_bif_unique.c keeps such a table, too).
//
// Only references that have left the VM's terms are in it: whoever writes one down calls keep().
// An entry holds no reference to its object. It goes with the object, whose destroy function
// calls forget(); Binary::used_bits, which buffers need and objects do not, says whether there is
// an entry.
#pragma once

#include <array>
#include <atomic>
#include <unordered_map>

#include "vm/base/sync.h"
#include "vm/term/boxed.h"

namespace joist {

class MagicTable {
 public:
  MagicTable() = default;
  ~MagicTable() = default;
  MagicTable(const MagicTable&) = delete;
  MagicTable& operator=(const MagicTable&) = delete;

  // find() knows the magic reference from now on.
  void keep(Term reference);
  // The object, with a reference for the caller; null: no such magic reference is kept.
  Binary* find(const RefNumbers& numbers);
  // The object is being destroyed. For every object that a magic reference may lead to, in the
  // table or not.
  static void forget(Binary* object) {
    if (__atomic_load_n(&object->used_bits, __ATOMIC_ACQUIRE) != 0) forget_entry(object);
  }
  size_t size() const { return size_.load(std::memory_order_relaxed); }

 private:
  struct Numbers {
    uint32_t low;
    uint32_t middle;
    uint32_t high;
    bool operator==(const Numbers&) const = default;
  };
  struct Hash {
    size_t operator()(const Numbers& numbers) const;
  };
  // What used_bits of an object points to. Elements of an unordered_map stay where they are.
  struct Entry {
    MagicTable* table;
    Numbers numbers;
    Binary* object;
  };
  struct alignas(kCacheLine) Shard {
    Mutex mutex;
    std::unordered_map<Numbers, Entry, Hash> entries JOIST_GUARDED_BY(mutex);
  };
  static constexpr size_t kShards = 16;

  static Numbers numbers_of(const RefNumbers& numbers) {
    return {numbers.number[0], numbers.number[1], numbers.number[2]};
  }
  Shard& shard_of(const Numbers& numbers) { return shards_[Hash()(numbers) % kShards]; }
  static void forget_entry(Binary* object);

  std::array<Shard, kShards> shards_;
  std::atomic<size_t> size_{0};
};

}  // namespace joist
