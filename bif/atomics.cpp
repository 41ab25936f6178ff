// Module atomics, and the natives behind module counters. Both are arrays of 64-bit integers that
// processes share by a magic reference.
//
// counters:new(_, [write_concurrency]) allows a counter to be spread over the schedulers. Here it
// is one atomic integer, which keeps that contract: reads may be inconsistent, but need not.
#include <atomic>

#include "bif/magic.h"
#include "bif/registry.h"
#include "vm/heap/map_build.h"

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
class Atomics : public AtomicArray {
  using AtomicArray::AtomicArray;
};
class Counters : public AtomicArray {
  using AtomicArray::AtomicArray;
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

template <typename Array>
Term make_array(Process& p, Term size_term, bool is_signed) {
  uint64_t size;
  if (!to_unsigned_bits(size_term, &size)) {
    bool too_big = is_big(size_term) && !big_is_negative(size_term);
    return too_big ? p.system_limit() : p.badarg();
  }
  if (size == 0) return p.badarg();
  constexpr uint64_t kMost = uint64_t{1} << 40;
  if (size > kMost) return p.system_limit();
  return Magic<Array>::make(p, size * sizeof(uint64_t), size, is_signed);
}

// The integer at `index` (from 1) of the array that `reference` stands for; null: badarg.
template <typename Array>
std::atomic<uint64_t>* find_value(Term reference, Term index, Array** array) {
  *array = Magic<Array>::get(reference);
  uint64_t i;
  if (*array == nullptr || !to_unsigned_bits(index, &i) || i - 1 >= (*array)->size) {
    return nullptr;
  }
  return &(*array)->values()[i - 1];
}

// --- atomics ---

Term atomics_new_2(Process& p, Term size, Term options) {
  uint64_t bits;
  if (!to_unsigned_bits(options, &bits)) return p.badarg();
  return make_array<Atomics>(p, size, (bits & kSignedOption) != 0);
}

Term put_3(Process& p, Term reference, Term index, Term value) {
  Atomics* array;
  auto* place = find_value(reference, index, &array);
  uint64_t bits;
  if (place == nullptr || !to_value(*array, value, &bits)) return p.badarg();
  place->store(bits);
  return atoms::ok;
}

Term get_2(Process& p, Term reference, Term index) {
  Atomics* array;
  auto* place = find_value(reference, index, &array);
  return place == nullptr ? p.badarg() : to_term(p, *array, place->load());
}

Term add_3(Process& p, Term reference, Term index, Term increment) {
  Atomics* array;
  auto* place = find_value(reference, index, &array);
  uint64_t bits;
  if (place == nullptr || !to_increment(increment, &bits)) return p.badarg();
  place->fetch_add(bits);
  return atoms::ok;
}

Term add_get_3(Process& p, Term reference, Term index, Term increment) {
  Atomics* array;
  auto* place = find_value(reference, index, &array);
  uint64_t bits;
  if (place == nullptr || !to_increment(increment, &bits)) return p.badarg();
  return to_term(p, *array, place->fetch_add(bits) + bits);
}

Term exchange_3(Process& p, Term reference, Term index, Term desired) {
  Atomics* array;
  auto* place = find_value(reference, index, &array);
  uint64_t bits;
  if (place == nullptr || !to_value(*array, desired, &bits)) return p.badarg();
  return to_term(p, *array, place->exchange(bits));
}

Term compare_exchange_4(Process& p, Term reference, Term index, Term expected, Term desired) {
  Atomics* array;
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
  Atomics* array = Magic<Atomics>::get(reference);
  if (array == nullptr) return p.badarg();
  Term minimum = array->is_signed ? make_integer(p.heap, INT64_MIN) : Term::small(0);
  Term maximum =
      array->is_signed ? make_integer(p.heap, INT64_MAX) : make_unsigned(p.heap, UINT64_MAX);
  const Term pairs[] = {atoms::max,    maximum,
                        atoms::min,    minimum,
                        atoms::size,   make_unsigned(p.heap, array->size),
                        atoms::memory, make_unsigned(p.heap, Magic<Atomics>::bytes(reference))};
  return make_map(p.heap, pairs);
}

// --- counters ---

Term counters_new_1(Process& p, Term size) { return make_array<Counters>(p, size, true); }

Term counters_get_2(Process& p, Term reference, Term index) {
  Counters* array;
  auto* place = find_value(reference, index, &array);
  if (place == nullptr) return p.badarg();
  return to_term(p, *array, place->load(std::memory_order_relaxed));
}

Term counters_add_3(Process& p, Term reference, Term index, Term increment) {
  Counters* array;
  auto* place = find_value(reference, index, &array);
  uint64_t bits;
  if (place == nullptr || !to_increment(increment, &bits)) return p.badarg();
  place->fetch_add(bits, std::memory_order_relaxed);
  return atoms::ok;
}

Term counters_put_3(Process& p, Term reference, Term index, Term value) {
  Counters* array;
  auto* place = find_value(reference, index, &array);
  uint64_t bits;
  if (place == nullptr || !to_signed_bits(value, &bits)) return p.badarg();
  place->store(bits, std::memory_order_relaxed);
  return atoms::ok;
}

Term counters_info_1(Process& p, Term reference) {
  Counters* array = Magic<Counters>::get(reference);
  if (array == nullptr) return p.badarg();
  const Term pairs[] = {atoms::memory, make_unsigned(p.heap, Magic<Counters>::bytes(reference)),
                        atoms::size, make_unsigned(p.heap, array->size)};
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
