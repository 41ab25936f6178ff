// exact_equal: =:=. Two terms are equal when their shapes are, so hash maps need no look-up: a
// set of keys has one shape only (vm/term/hamt.h).
#include "vm/term/bits.h"
#include "vm/term/compare.h"
#include "vm/term/rules.h"
#include "vm/term/word_stack.h"

namespace joist {
namespace {

bool equal_ref_numbers(const RefNumbers& a, const RefNumbers& b) {
  for (uint32_t i = 0; i < 5; ++i) {
    uint32_t left = i < a.count ? a.number[i] : 0;
    uint32_t right = i < b.count ? b.number[i] : 0;
    if (left != right) return false;
  }
  return true;
}

bool is_local_ref(Boxed kind) { return kind == Boxed::kRef || kind == Boxed::kMagicRef; }

bool equal_words(const Word* a, const Word* b, size_t count) {
  return std::memcmp(a, b, count * sizeof(Word)) == 0;
}

bool equal_floats(Term a, Term b) {
  if (!is_float(a) || !is_float(b)) return false;
  double left = float_value(a);
  double right = float_value(b);
  if (term_rules().signed_zero) return std::bit_cast<Word>(left) == std::bit_cast<Word>(right);
  return left == right;
}

// A walk in lockstep over two terms; the stack holds pairs of terms still to be compared, and
// pairs of arrays of terms under an operation word.
class EqualWalk {
 public:
  bool run(Term a, Term b) {
    for (;;) {
      if (a != b && !step(a, b)) return false;
      do {
        if (stack_.empty()) return true;
      } while (!next(&a, &b));
    }
  }

 private:
  static constexpr unsigned kArray = 0;

  // Takes the next pair that is not the same word off the stack; false: that entry had none.
  bool next(Term* a, Term* b) {
    Word top = stack_.pop();
    if (!WordStack::is_operation(top)) {
      *a = Term::from_bits(top);
      *b = stack_.pop_term();
      return true;
    }
    const Term* left = stack_.pop_place();
    const Term* right = stack_.pop_place();
    size_t count = WordStack::operation_argument(top);
    for (; count > 0; --count, ++left, ++right) {
      if (*left == *right) continue;
      if (count > 1) push_array(left + 1, right + 1, count - 1);
      *a = *left;
      *b = *right;
      return true;
    }
    return false;
  }

  void push_array(const Term* a, const Term* b, size_t count) {
    stack_.push(b);
    stack_.push(a);
    stack_.push(WordStack::operation(kArray, count));
  }

  // Compares what can be compared at once, pushes the rest. The words differ.
  bool step(Term a, Term b) {
    if (a.is_list()) return b.is_list() && step_list(a, b);
    if (!a.is_boxed() || !b.is_boxed()) return equal_floats(a, b);
    return step_boxed(a, b);
  }

  // Runs along both lists as long as the heads are immediates or the same.
  bool step_list(Term a, Term b) {
    for (;;) {
      Term left = a.head();
      Term right = b.head();
      a = a.tail();
      b = b.tail();
      if (left != right) {
        if (!left.is_pointer() && !right.is_pointer()) {
          if (!equal_floats(left, right)) return false;
        } else {
          if (a != b) {
            stack_.push(b);
            stack_.push(a);
          }
          stack_.push(right);
          stack_.push(left);
          return true;
        }
      }
      if (a == b) return true;
      if (!a.is_list() || !b.is_list()) {
        stack_.push(b);
        stack_.push(a);
        return true;
      }
    }
  }

  bool step_boxed(Term a, Term b) {
    Word header = a.header();
    Boxed kind = header_kind(header);
    Boxed other = header_kind(b.header());
    const Word* left = object_words(a);
    const Word* right = object_words(b);
    switch (kind) {
      case Boxed::kHeapBits:
      case Boxed::kSubBits:
        return is_bits(b) && equal_bits(bits_view(a), bits_view(b));
      case Boxed::kRef:
      case Boxed::kMagicRef:
        return is_local_ref(other) && equal_ref_numbers(ref_numbers(a), ref_numbers(b));
      case Boxed::kExternalRef:
        return other == kind && left[0] == right[0] &&
               equal_ref_numbers(ref_numbers(a), ref_numbers(b));
      case Boxed::kFloat:
        return equal_floats(a, b);
      case Boxed::kExportFun:
        return other == kind && export_fun_identity(a)->mfa == export_fun_identity(b)->mfa;
      case Boxed::kLocalFun:
        return other == kind && step_local_fun(a, b);
      default:
        break;
    }
    if (header != b.header()) return false;
    size_t words = header_words(header);
    size_t raw = kind_info(kind).raw_words;
    if (raw == kAllRaw) return equal_words(left, right, words);
    if (raw > 0 && !equal_words(left, right, raw)) return false;
    if (words > raw) push_array(term_places(left + raw), term_places(right + raw), words - raw);
    return true;
  }

  bool step_local_fun(Term a, Term b) {
    const FunIdentity* left = local_fun_identity(a);
    const FunIdentity* right = local_fun_identity(b);
    if (left != right && (left->module != right->module || left->index != right->index ||
                          left->old_unique != right->old_unique)) {
      return false;
    }
    std::span<Term> environment = local_fun_environment(a);
    if (environment.size() != local_fun_environment(b).size()) return false;
    if (environment.empty()) return true;
    push_array(environment.data(), local_fun_environment(b).data(), environment.size());
    return true;
  }

  static const Term* term_places(const Word* words) { return reinterpret_cast<const Term*>(words); }

  WordStack stack_;
};

}  // namespace

bool exact_equal_slow(Term a, Term b) { return EqualWalk().run(a, b); }

}  // namespace joist
