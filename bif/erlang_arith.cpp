// Operators as functions, and the conversions between integers and floats that guards may call.
#include "bif/erlang_arith.h"

#include "bif/registry.h"
#include "vm/heap/builder.h"
#include "vm/proc/long_product.h"
#include "vm/sched/dirty_call.h"

namespace joist {

namespace {

using Operator = ArithResult (*)(Allocator&, Term, Term);

Term operator_result(Process& p, ArithResult result) {
  switch (result.status) {
    case ArithStatus::kOk:
      return result.value;
    case ArithStatus::kBadArith:
      return p.badarith();
    case ArithStatus::kSystemLimit:
      return p.system_limit();
  }
  __builtin_unreachable();
}

// For functions (not operators), whose argument errors are badarg.
Term function_result(Process& p, ArithResult result) {
  if (result.status == ArithStatus::kBadArith) return p.badarg();
  return operator_result(p, result);
}

template <Operator kOperation>
Term binary_operator(Process& p, Term a, Term b) {
  p.charge(arith_linear_cost(a, b));
  return operator_result(p, kOperation(p.allocator(), a, b));
}

// Takes the time that it needs.
template <Operator kOperation>
Term whole_product(Process& p, Term a, Term b) {
  p.charge(arith_product_cost(a, b));
  return operator_result(p, kOperation(p.allocator(), a, b));
}

// No instruction calls it: those have handlers of their own.
template <Operator kOperation>
Term product(Process& p, Term a, Term b) {
  if (p.suspended != nullptr) return back_from_dirty(p);
  if (is_long_product(p, arith_product_cost(a, b)) && on_scheduler(p)) {
    return hand_to_dirty(p, {a, b});
  }
  return whole_product<kOperation>(p, a, b);
}

template <ArithResult (*kOperation)(Allocator&, Term)>
Term unary_operator(Process& p, Term a) {
  p.charge(arith_linear_cost(a, a));
  return operator_result(p, kOperation(p.allocator(), a));
}

template <ArithResult (*kOperation)(Allocator&, Term)>
Term number_function(Process& p, Term a) {
  p.charge(arith_linear_cost(a, a));
  return function_result(p, kOperation(p.allocator(), a));
}

Term plus_1(Process& p, Term a) { return is_number(a) ? a : p.badarith(); }

Term float_1(Process& p, Term number) {
  if (is_float(number)) return number;
  double value;
  if (!number_to_double(number, &value)) return p.badarg();
  return make_float(p.allocator(), value);
}

constexpr NativeEntry kErlangArithNatives[] = {
    {"erlang", "*", native<product<arith_multiply>>, kGuard},
    {"erlang", "+", native<plus_1>, kGuard},
    {"erlang", "+", native<binary_operator<arith_add>>, kGuard},
    {"erlang", "-", native<unary_operator<arith_negate>>, kGuard},
    {"erlang", "-", native<binary_operator<arith_subtract>>, kGuard},
    {"erlang", "/", native<binary_operator<arith_divide>>, kGuard},
    {"erlang", "abs", native<number_function<arith_absolute>>, kGuard},
    {"erlang", "band", native<binary_operator<arith_band>>, kGuard},
    {"erlang", "bnot", native<unary_operator<arith_bnot>>, kGuard},
    {"erlang", "bor", native<binary_operator<arith_bor>>, kGuard},
    {"erlang", "bsl", native<binary_operator<arith_shift_left>>, kGuard},
    {"erlang", "bsr", native<binary_operator<arith_shift_right>>, kGuard},
    {"erlang", "bxor", native<binary_operator<arith_bxor>>, kGuard},
    {"erlang", "ceil", native<number_function<arith_ceil>>, kGuard},
    {"erlang", "div", native<product<arith_integer_divide>>, kGuard},
    {"erlang", "float", native<float_1>, kGuard},
    {"erlang", "floor", native<number_function<arith_floor>>, kGuard},
    {"erlang", "rem", native<product<arith_remainder>>, kGuard},
    {"erlang", "round", native<number_function<arith_round>>, kGuard},
    {"erlang", "trunc", native<number_function<arith_trunc>>, kGuard},
};

constexpr NativeEntry kWholeProducts[] = {
    {"erlang", "*", native<whole_product<arith_multiply>>, kGuard},
    {"erlang", "div", native<whole_product<arith_integer_divide>>, kGuard},
    {"erlang", "rem", native<whole_product<arith_remainder>>, kGuard},
};

}  // namespace

const NativeEntry* find_whole_product(std::string_view name) {
  for (const NativeEntry& entry : kWholeProducts) {
    if (name == entry.function) return &entry;
  }
  return nullptr;
}

std::span<const NativeEntry> erlang_arith_natives() { return kErlangArithNatives; }

}  // namespace joist
