// Module atomics, and the natives behind module counters. Both are arrays of 64-bit integers that
// processes share by a magic reference.
//
// counters:new(_, [write_concurrency]) spreads a counter over the schedulers: each adds to a cell
// of its own, in a cache line that no other writes to, and the value is the sum of the cells.
#include <atomic>

#include "bif/magic.h"
#include "bif/registry.h"
#include "vm/heap/map_build.h"
#include "vm/sched/schedulers.h"

namespace joist {

namespace {

constexpr uint64_t kSignedOption = 1;  // of erts_internal:atomics_new/2

class AtomicArray {
 public:
  AtomicArray(size_t size, bool is_signed) : size(size), is_signed(is_signed) {
    for (size_t i = 0; i < size; ++i) new (&values()[i]) std::atomic<uint64_t>(0);
  }
  std::atomic<uint64_t>* values() { return reinterpret_cast<std::atomic<uint64_t>*>(this + 1); }

  const size_t size;
  const bool is_signed;
};
// Columns of cells, one for each scheduler behind one for all other threads.
class alignas(kCacheLine) Counters {
 public:
  using Cell = std::atomic<uint64_t>;

  Counters(size_t size, size_t columns) : size(size), columns_(columns) {
    for (size_t i = 0; i < columns * rows_for(size); ++i) new (&cells()[i]) Cell(0);
  }
  static size_t rows_for(size_t size) {
    constexpr size_t kRows = kCacheLine / sizeof(Cell);
    return (size + kRows - 1) / kRows * kRows;
  }

  uint64_t get(size_t index) {
    uint64_t sum = 0;
    for (size_t i = 0; i < columns_; ++i) sum += cell(i, index).load(std::memory_order_relaxed);
    return sum;
  }
  // `scheduler`: the number of Registers.
  void add(uint32_t scheduler, size_t index, uint64_t bits) {
    const size_t column = scheduler < columns_ - 1 ? scheduler + 1 : 0;
    cell(column, index).fetch_add(bits, std::memory_order_relaxed);
  }
  void put(size_t index, uint64_t bits) {
    cell(0, index).store(bits, std::memory_order_relaxed);
    for (size_t i = 1; i < columns_; ++i) cell(i, index).store(0, std::memory_order_relaxed);
  }

  const size_t size;

 private:
  Cell* cells() { return reinterpret_cast<Cell*>(this + 1); }
  Cell& cell(size_t column, size_t index) { return cells()[column * rows_for(size) + index]; }

  const size_t columns_;
};

// The value of an integer of up to 64 bits, as the bits of a signed or of an unsigned number.
bool to_signed_bits(Term term, uint64_t* bits) {
  if (term.is_small()) {
    *bits = static_cast<uint64_t>(term.small_value());
    return true;
  }
  if (!is_big(term) || big_limbs(term).size() != 1) return false;
  uint64_t magnitude = big_limbs(term)[0];
  constexpr uint64_t kMinimum = uint64_t{1} << 63;
  bool negative = big_is_negative(term);
  *bits = negative ? uint64_t{0} - magnitude : magnitude;
  return negative ? magnitude <= kMinimum : magnitude < kMinimum;
}

bool to_unsigned_bits(Term term, uint64_t* bits) {
  if (term.is_small()) {
    *bits = static_cast<uint64_t>(term.small_value());
    return term.small_value() >= 0;
  }
  if (!is_big(term) || big_is_negative(term) || big_limbs(term).size() != 1) return false;
  *bits = big_limbs(term)[0];
  return true;
}

bool to_increment(Term term, uint64_t* bits) {
  return to_signed_bits(term, bits) || to_unsigned_bits(term, bits);
}

bool to_value(const AtomicArray& array, Term term, uint64_t* bits) {
  return array.is_signed ? to_signed_bits(term, bits) : to_unsigned_bits(term, bits);
}

Term to_term(Process& p, const AtomicArray& array, uint64_t bits) {
  return array.is_signed ? make_integer(p.heap, static_cast<int64_t>(bits))
                         : make_unsigned(p.heap, bits);
}

// False: there is no array of that size; the error is set.
bool to_array_size(Process& p, Term term, uint64_t* size) {
  if (!to_unsigned_bits(term, size)) {
    const bool too_big = is_big(term) && !big_is_negative(term);
    too_big ? p.system_limit() : p.badarg();
    return false;
  }
  constexpr uint64_t kMost = uint64_t{1} << 40;
  if (*size == 0) p.badarg();
  if (*size > kMost) p.system_limit();
  return *size != 0 && *size <= kMost;
}

// The index, from 0, of what `index` stands for from 1. False: not in the array.
template <typename Array>
bool find_index(Term reference, Term index, Array** array, uint64_t* found) {
  *array = Magic<Array>::get(reference);
  if (*array == nullptr || !to_unsigned_bits(index, found)) return false;
  return --*found < (*array)->size;
}

// The integer at `index` (from 1) of the array that `reference` stands for; null: badarg.
std::atomic<uint64_t>* find_value(Term reference, Term index, AtomicArray** array) {
  uint64_t i;
  return find_index(reference, index, array, &i) ? &(*array)->values()[i] : nullptr;
}

// --- atomics ---

Term atomics_new_2(Process& p, Term size, Term options) {
  uint64_t bits;
  if (!to_unsigned_bits(options, &bits)) return p.badarg();
  uint64_t count;
  if (!to_array_size(p, size, &count)) return Term::none();
  return Magic<AtomicArray>::make(p, count * sizeof(uint64_t), count, (bits & kSignedOption) != 0);
}

Term put_3(Process& p, Term reference, Term index, Term value) {
  AtomicArray* array;
  auto* place = find_value(reference, index, &array);
  uint64_t bits;
  if (place == nullptr || !to_value(*array, value, &bits)) return p.badarg();
  place->store(bits);
  return atoms::ok;
}

Term get_2(Process& p, Term reference, Term index) {
  AtomicArray* array;
  auto* place = find_value(reference, index, &array);
  return place == nullptr ? p.badarg() : to_term(p, *array, place->load());
}

Term add_3(Process& p, Term reference, Term index, Term increment) {
  AtomicArray* array;
  auto* place = find_value(reference, index, &array);
  uint64_t bits;
  if (place == nullptr || !to_increment(increment, &bits)) return p.badarg();
  place->fetch_add(bits);
  return atoms::ok;
}

Term add_get_3(Process& p, Term reference, Term index, Term increment) {
  AtomicArray* array;
  auto* place = find_value(reference, index, &array);
  uint64_t bits;
  if (place == nullptr || !to_increment(increment, &bits)) return p.badarg();
  return to_term(p, *array, place->fetch_add(bits) + bits);
}

Term exchange_3(Process& p, Term reference, Term index, Term desired) {
  AtomicArray* array;
  auto* place = find_value(reference, index, &array);
  uint64_t bits;
  if (place == nullptr || !to_value(*array, desired, &bits)) return p.badarg();
  return to_term(p, *array, place->exchange(bits));
}

Term compare_exchange_4(Process& p, Term reference, Term index, Term expected, Term desired) {
  AtomicArray* array;
  auto* place = find_value(reference, index, &array);
  uint64_t expected_bits;
  uint64_t desired_bits;
  if (place == nullptr || !to_value(*array, expected, &expected_bits) ||
      !to_value(*array, desired, &desired_bits)) {
    return p.badarg();
  }
  if (place->compare_exchange_strong(expected_bits, desired_bits)) return atoms::ok;
  return to_term(p, *array, expected_bits);
}

Term info_1(Process& p, Term reference) {
  AtomicArray* array = Magic<AtomicArray>::get(reference);
  if (array == nullptr) return p.badarg();
  Term minimum = array->is_signed ? make_integer(p.heap, INT64_MIN) : Term::small(0);
  Term maximum =
      array->is_signed ? make_integer(p.heap, INT64_MAX) : make_unsigned(p.heap, UINT64_MAX);
  const Term pairs[] = {atoms::max,    maximum,
                        atoms::min,    minimum,
                        atoms::size,   make_unsigned(p.heap, array->size),
                        atoms::memory, make_unsigned(p.heap, Magic<AtomicArray>::bytes(reference))};
  return make_map(p.heap, pairs);
}

// --- counters ---

Term counters_new_1(Process& p, Term size) {
  uint64_t count;
  if (!to_array_size(p, size, &count)) return Term::none();
  const Schedulers* schedulers = p.runtime->schedulers;
  const size_t columns = 1 + (schedulers == nullptr ? 0 : schedulers->count());
  return Magic<Counters>::make(p, columns * Counters::rows_for(count) * sizeof(uint64_t), count,
                               columns);
}

Term counters_get_2(Process& p, Term reference, Term index) {
  Counters* counters;
  uint64_t i;
  if (!find_index(reference, index, &counters, &i)) return p.badarg();
  return make_integer(p.heap, static_cast<int64_t>(counters->get(i)));
}

Term counters_add_3(Process& p, Term reference, Term index, Term increment) {
  Counters* counters;
  uint64_t i;
  uint64_t bits;
  if (!find_index(reference, index, &counters, &i) || !to_increment(increment, &bits)) {
    return p.badarg();
  }
  counters->add(p.registers->scheduler, i, bits);
  return atoms::ok;
}

Term counters_put_3(Process& p, Term reference, Term index, Term value) {
  Counters* counters;
  uint64_t i;
  uint64_t bits;
  if (!find_index(reference, index, &counters, &i) || !to_signed_bits(value, &bits)) {
    return p.badarg();
  }
  counters->put(i, bits);
  return atoms::ok;
}

Term counters_info_1(Process& p, Term reference) {
  const Counters* counters = Magic<Counters>::get(reference);
  if (counters == nullptr) return p.badarg();
  const Term pairs[] = {atoms::memory, make_unsigned(p.heap, Magic<Counters>::bytes(reference)),
                        atoms::size, make_unsigned(p.heap, counters->size)};
  return make_map(p.heap, pairs);
}

constexpr NativeEntry kAtomicsNatives[] = {
    {"atomics", "add", native<add_3>},
    {"atomics", "add_get", native<add_get_3>},
    {"atomics", "compare_exchange", native<compare_exchange_4>},
    {"atomics", "exchange", native<exchange_3>},
    {"atomics", "get", native<get_2>},
    {"atomics", "info", native<info_1>},
    {"atomics", "put", native<put_3>},
    {"erts_internal", "atomics_new", native<atomics_new_2>},
    {"erts_internal", "counters_add", native<counters_add_3>},
    {"erts_internal", "counters_get", native<counters_get_2>},
    {"erts_internal", "counters_info", native<counters_info_1>},
    {"erts_internal", "counters_new", native<counters_new_1>},
    {"erts_internal", "counters_put", native<counters_put_3>},
};

}  // namespace

std::span<const NativeEntry> atomics_natives() { return kAtomicsNatives; }

}  // namespace joist
