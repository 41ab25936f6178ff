#include "vm/exec/long_instruction.h"

#include "vm/proc/long_product.h"
#include "vm/sched/suspended_comparison.h"

namespace joist {

bool compare_for_slice(Process& p, Comparison what, Term a, Term b, int* order,
                       int64_t* reductions) {
  return compare_in_slice(p, what, a, b, order, reductions);
}

namespace {

struct Product {
  ArithOperator* operation;
  Term a;
  Term b;
  ArithResult result;
  void operator()(Process& p) { result = operation(p.heap, a, b); }
};

}  // namespace

bool compute_or_leave(State& s, ArithOperator* operation, Term a, Term b, ArithResult* result) {
  Process& p = s.process();
  if (p.suspended != nullptr) {
    *result = take_from_dirty<Product>(p).result;
    return true;
  }
  const int64_t cost = arith_product_cost(a, b);
  if (is_long_product(p, cost) && on_scheduler(p)) [[unlikely]] {
    leave_for_dirty(s, Product{operation, a, b, {}});
    return false;
  }
  p.charge(cost);
  *result = operation(p.heap, a, b);
  return true;
}

}  // namespace joist
