#include "vm/term/compare_scalars.h"

#include <algorithm>
#include <cmath>

#include "vm/term/atom.h"
#include "vm/term/node.h"
#include "vm/term/rules.h"

namespace joist {
namespace {

template <typename T>
int order_of(T a, T b) {
  return a == b ? 0 : a < b ? -1 : 1;
}

int compare_magnitudes(std::span<const Word> a, std::span<const Word> b) {
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  for (size_t i = a.size(); i-- > 0;) {
    if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
  }
  return 0;
}

int compare_integers(Term a, Term b) {
  if (Term::both_small(a, b)) return order_of(a.small_value(), b.small_value());
  if (a.is_small()) return big_is_negative(b) ? 1 : -1;
  if (b.is_small()) return big_is_negative(a) ? -1 : 1;
  bool negative = big_is_negative(a);
  if (negative != big_is_negative(b)) return negative ? -1 : 1;
  int order = compare_magnitudes(big_limbs(a), big_limbs(b));
  return negative ? -order : order;
}

// A bignum's magnitude, which is at least 2^61, and that of a finite double. A double of that
// size has no fraction: it is mantissa * 2^exponent, with limbs like the bignum's.
int compare_magnitude_with_double(std::span<const Word> limbs, double value) {
  if (value < 0x1p61) return 1;
  int exponent;
  double fraction = std::frexp(value, &exponent);  // in [0.5, 1)
  Word mantissa = static_cast<Word>(std::ldexp(fraction, 64));
  size_t value_bits = static_cast<size_t>(exponent);
  size_t bits = limbs.size() * 64 - static_cast<size_t>(std::countl_zero(limbs.back()));
  if (bits != value_bits) return bits < value_bits ? -1 : 1;
  unsigned shift = static_cast<unsigned>(std::countl_zero(limbs.back()));
  // The double's limbs: its 64 mantissa bits lie in the two highest.
  size_t top = limbs.size() - 1;
  Word high = mantissa >> shift;
  if (limbs[top] != high) return order_of(limbs[top], high);
  Word low = shift == 0 ? 0 : mantissa << (64 - shift);
  for (size_t i = top; i-- > 0; low = 0) {
    if (limbs[i] != low) return order_of(limbs[i], low);
  }
  return 0;
}

int compare_integer_with_double(Term integer, double value) {
  if (integer.is_small()) {
    int64_t small = integer.small_value();
    // Below 2^53 the double is the less coarse of the two; above 2^61 it is no small.
    if (std::fabs(value) < 0x1p53) return order_of(static_cast<double>(small), value);
    if (value >= 0x1p61) return -1;
    if (value < -0x1p61) return 1;
    return order_of(small, static_cast<int64_t>(value));
  }
  bool negative = big_is_negative(integer);
  if (negative != (value < 0)) return negative ? -1 : 1;
  int order = compare_magnitude_with_double(big_limbs(integer), std::fabs(value));
  return negative ? -order : order;
}

int compare_floats(double a, double b, bool exact) {
  if (a != b || !exact || !term_rules().signed_zero) return order_of(a, b);
  return order_of(std::signbit(b), std::signbit(a));
}

int compare_nodes(Term a, Term b) {
  const Node* left = node_of(a);
  const Node* right = node_of(b);
  if (left == right) return 0;
  if (left->name != right->name) return compare_atoms(left->name, right->name);
  return order_of(left->creation, right->creation);
}

}  // namespace

TypeRank type_rank(Term term) {
  if (term.is_small() || term.is_word_float()) return TypeRank::kNumber;
  if (term.is_list()) return TypeRank::kList;
  if (!term.is_boxed()) {
    if (term.is_atom()) return TypeRank::kAtom;
    if (term.is_nil()) return TypeRank::kNil;
    if (term.is_local_pid()) return TypeRank::kPid;
    if (term.is_local_port()) return TypeRank::kPort;
    fatal("compare: the word %#lx is no term", static_cast<unsigned long>(term.bits()));
  }
  switch (header_kind(term.header())) {
    case Boxed::kTuple:
      return TypeRank::kTuple;
    case Boxed::kFlatMap:
    case Boxed::kHashMap:
      return TypeRank::kMap;
    case Boxed::kLocalFun:
    case Boxed::kExportFun:
      return TypeRank::kFun;
    case Boxed::kRecord:
      return TypeRank::kRecord;
    case Boxed::kPositiveBig:
    case Boxed::kNegativeBig:
    case Boxed::kFloat:
      return TypeRank::kNumber;
    case Boxed::kHeapBits:
    case Boxed::kSubBits:
      return TypeRank::kBits;
    case Boxed::kRef:
    case Boxed::kMagicRef:
    case Boxed::kExternalRef:
      return TypeRank::kReference;
    case Boxed::kExternalPid:
      return TypeRank::kPid;
    case Boxed::kExternalPort:
      return TypeRank::kPort;
    default:
      fatal("compare: a %s is no term", kind_info(header_kind(term.header())).name);
  }
}

int compare_numbers(Term a, Term b, bool exact) {
  bool a_float = is_float(a);
  bool b_float = is_float(b);
  if (a_float && b_float) return compare_floats(float_value(a), float_value(b), exact);
  if (!a_float && !b_float) return compare_integers(a, b);
  if (exact) return b_float ? -1 : 1;
  return b_float ? compare_integer_with_double(a, float_value(b))
                 : -compare_integer_with_double(b, float_value(a));
}

// Node first, then the numbers from the last to the first; missing ones are zero.
int compare_references(Term a, Term b) {
  if (int order = compare_nodes(a, b); order != 0) return order;
  const RefNumbers& left = ref_numbers(a);
  const RefNumbers& right = ref_numbers(b);
  for (uint32_t i = std::max(left.count, right.count); i-- > 0;) {
    uint32_t left_number = i < left.count ? left.number[i] : 0;
    uint32_t right_number = i < right.count ? right.number[i] : 0;
    if (left_number != right_number) return left_number < right_number ? -1 : 1;
  }
  return 0;
}

int compare_ports(Term a, Term b) {
  if (int order = compare_nodes(a, b); order != 0) return order;
  return order_of(port_number(a), port_number(b));
}

int compare_pids(Term a, Term b) {
  PidNumbers left = pid_numbers(a);
  PidNumbers right = pid_numbers(b);
  if (left.serial != right.serial) return left.serial < right.serial ? -1 : 1;
  if (left.number != right.number) return left.number < right.number ? -1 : 1;
  return compare_nodes(a, b);
}

int compare_export_funs(Term a, Term b) {
  const Mfa& left = export_fun_identity(a)->mfa;
  const Mfa& right = export_fun_identity(b)->mfa;
  if (int order = compare_atoms(left.module, right.module); order != 0) return order;
  if (int order = compare_atoms(left.function, right.function); order != 0) return order;
  return order_of(left.arity, right.arity);
}

int compare_fun_identities(Term a, Term b) {
  const FunIdentity& left = *local_fun_identity(a);
  const FunIdentity& right = *local_fun_identity(b);
  if (int order = compare_atoms(left.module, right.module); order != 0) return order;
  if (left.index != right.index) return left.index < right.index ? -1 : 1;
  if (left.old_unique != right.old_unique) {
    return order_of(static_cast<int32_t>(left.old_unique), static_cast<int32_t>(right.old_unique));
  }
  return order_of(local_fun_environment(a).size(), local_fun_environment(b).size());
}

int compare_definitions(const RecordDefinition& a, const RecordDefinition& b) {
  if (&a == &b) return 0;
  if (int order = compare_atoms(a.module, b.module); order != 0) return order;
  if (int order = compare_atoms(a.name, b.name); order != 0) return order;
  if (a.exported != b.exported) return a.exported ? 1 : -1;
  if (a.field_count != b.field_count) return a.field_count < b.field_count ? -1 : 1;
  for (uint32_t i = 0; i < a.field_count; ++i) {
    if (int order = compare_atoms(a.fields[i], b.fields[i]); order != 0) return order;
  }
  return 0;
}

}  // namespace joist
