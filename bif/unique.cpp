// make_ref/0 and unique_integer/0,1.
#include "bif/registry.h"
#include "vm/heap/builder.h"

namespace joist {

namespace {

// Integers that may be negative begin at the smallest small integer of OTP, so that it takes
// centuries until they need a bignum there; here it is so that they look alike.
constexpr int64_t kFirstInteger = -(int64_t{1} << 59);

Term make_ref_0(Process& p) { return make_ref(p.heap, p.runtime->uniques.next_ref()); }

Term unique_integer(Process& p, bool positive, bool monotonic) {
  Uniques& uniques = p.runtime->uniques;
  int64_t number = monotonic ? uniques.next_monotonic_integer() : uniques.next_integer();
  return make_integer(p.heap, number + (positive ? 1 : kFirstInteger));
}

Term unique_integer_0(Process& p) { return unique_integer(p, false, false); }

Term unique_integer_1(Process& p, Term modifiers) {
  bool positive = false;
  bool monotonic = false;
  for (; modifiers.is_list(); modifiers = modifiers.tail()) {
    Term modifier = modifiers.head();
    positive |= modifier == atoms::positive;
    monotonic |= modifier == atoms::monotonic;
    if (!(modifier == atoms::positive || modifier == atoms::monotonic)) return p.badarg();
  }
  return modifiers.is_nil() ? unique_integer(p, positive, monotonic) : p.badarg();
}

constexpr NativeEntry kUniqueNatives[] = {
    {"erlang", "make_ref", native<make_ref_0>},
    {"erlang", "unique_integer", native<unique_integer_0>},
    {"erlang", "unique_integer", native<unique_integer_1>},
};

}  // namespace

std::span<const NativeEntry> unique_natives() { return kUniqueNatives; }

}  // namespace joist
