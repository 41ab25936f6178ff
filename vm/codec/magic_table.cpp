#include "vm/codec/magic_table.h"

namespace joist {

namespace {

// Takes a reference unless the last one is gone, which makes the object's destruction certain.
bool try_retain(Binary* object) {
  int64_t count = __atomic_load_n(&object->reference_count, __ATOMIC_RELAXED);
  while (count > 0) {
    if (__atomic_compare_exchange_n(&object->reference_count, &count, count + 1, true,
                                    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
      return true;
    }
  }
  return false;
}

}  // namespace

size_t MagicTable::Hash::operator()(const Numbers& numbers) const {
  constexpr uint64_t kOdd = 0x9E3779B97F4A7C15;
  const uint64_t all =
      (uint64_t{numbers.high} << 50 | uint64_t{numbers.middle} << 18) ^ numbers.low;
  return (all * kOdd) >> 32;
}

void MagicTable::keep(Term reference) {
  Binary* object = reinterpret_cast<OffHeap*>(reference.object())->binary;
  if (__atomic_load_n(&object->used_bits, __ATOMIC_ACQUIRE) != 0) return;
  const Numbers numbers = numbers_of(ref_numbers(reference));
  Shard& shard = shard_of(numbers);
  MutexLock lock(shard.mutex);
  auto [place, is_new] = shard.entries.try_emplace(numbers, Entry{this, numbers, object});
  if (!is_new) return;
  __atomic_store_n(&object->used_bits, reinterpret_cast<size_t>(&place->second), __ATOMIC_RELEASE);
  size_.fetch_add(1, std::memory_order_release);
}

Binary* MagicTable::find(const RefNumbers& numbers) {
  // Most systems never write one down, and all decode references.
  if (size_.load(std::memory_order_acquire) == 0) return nullptr;
  const Numbers wanted = numbers_of(numbers);
  Shard& shard = shard_of(wanted);
  MutexLock lock(shard.mutex);
  const auto found = shard.entries.find(wanted);
  // Under the mutex: forget() waits for it, so the object's memory is still there.
  if (found == shard.entries.end() || !try_retain(found->second.object)) return nullptr;
  return found->second.object;
}

void MagicTable::forget_entry(Binary* object) {
  const Entry entry = *reinterpret_cast<const Entry*>(object->used_bits);
  Shard& shard = entry.table->shard_of(entry.numbers);
  MutexLock lock(shard.mutex);
  shard.entries.erase(entry.numbers);
  entry.table->size_.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace joist
