// Module math: the C library's functions on doubles. What is no finite number is badarith; what
// is no number at all was badarg from the start.
#include <cmath>

#include "bif/registry.h"
#include "vm/heap/arith.h"
#include "vm/heap/builder.h"

namespace joist {

namespace {

// False: the outcome says why.
bool to_double(Process& p, Term number, double* value) {
  if (number_to_double(number, value)) [[likely]]
    return true;
  if (is_number(number)) {
    p.badarith();  // an integer beyond the range of doubles
  } else {
    p.badarg();
  }
  return false;
}

Term finite(Process& p, double value) {
  if (!std::isfinite(value)) return p.badarith();
  return make_float(p.allocator(), value);
}

template <double (*kFunction)(double)>
Term math_1(Process& p, Term a) {
  double x;
  if (!to_double(p, a, &x)) return Term::none();
  return finite(p, kFunction(x));
}

template <double (*kFunction)(double, double)>
Term math_2(Process& p, Term a, Term b) {
  double x;
  double y;
  if (!to_double(p, a, &x) || !to_double(p, b, &y)) return Term::none();
  return finite(p, kFunction(x, y));
}

constexpr NativeEntry kMathNatives[] = {
    {"math", "acos", native<math_1<acos>>},   {"math", "acosh", native<math_1<acosh>>},
    {"math", "asin", native<math_1<asin>>},   {"math", "asinh", native<math_1<asinh>>},
    {"math", "atan", native<math_1<atan>>},   {"math", "atan2", native<math_2<atan2>>},
    {"math", "atanh", native<math_1<atanh>>}, {"math", "ceil", native<math_1<ceil>>},
    {"math", "cos", native<math_1<cos>>},     {"math", "cosh", native<math_1<cosh>>},
    {"math", "erf", native<math_1<erf>>},     {"math", "erfc", native<math_1<erfc>>},
    {"math", "exp", native<math_1<exp>>},     {"math", "floor", native<math_1<floor>>},
    {"math", "fmod", native<math_2<fmod>>},   {"math", "log", native<math_1<log>>},
    {"math", "log10", native<math_1<log10>>}, {"math", "log2", native<math_1<log2>>},
    {"math", "pow", native<math_2<pow>>},     {"math", "sin", native<math_1<sin>>},
    {"math", "sinh", native<math_1<sinh>>},   {"math", "sqrt", native<math_1<sqrt>>},
    {"math", "tan", native<math_1<tan>>},     {"math", "tanh", native<math_1<tanh>>},
};

}  // namespace

std::span<const NativeEntry> math_natives() { return kMathNatives; }

}  // namespace joist
