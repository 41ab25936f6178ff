// exact_equal: =:=. Two terms are equal when their shapes are, so hash maps need no look-up: a
// set of keys has one shape only (vm/term/hamt.h).
#include <algorithm>

#include "vm/base/progress.h"
#include "vm/term/bits.h"
#include "vm/term/compare.h"
#include "vm/term/map.h"
#include "vm/term/pair_stack.h"
#include "vm/term/quick_compare.h"
#include "vm/term/rules.h"

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
// pairs of arrays of terms, or of long bitstrings, under an operation word.
class EqualWalk {
 public:
  // Refused: they differ. Paused: go_on() goes on.
  Progress run(Term a, Term b, int64_t* budget) {
    budget_ = *budget;
    const Progress progress = walk(a, b);
    *budget = budget_;
    return progress;
  }
  Progress go_on(int64_t* budget) { return run(Term::nil(), Term::nil(), budget); }

 private:
  enum class Found : uint8_t { kPair, kNothing, kDifference };

  Progress walk(Term a, Term b) {
    for (;;) {
      if (a != b && !step(a, b)) return Progress::kRefused;
      Found found;
      do {
        if (stack_.empty()) return Progress::kDone;
        if (--budget_ <= 0) return Progress::kPaused;
        found = next(&a, &b);
      } while (found == Found::kNothing);
      if (found == Found::kDifference) return Progress::kRefused;
    }
  }

  // Takes the next pair that is not the same word off the stack.
  Found next(Term* a, Term* b) {
    Word top = stack_.pop();
    if (!WordStack::is_operation(top)) {
      *a = Term::from_bits(top);
      *b = stack_.pop_term();
      return Found::kPair;
    }
    const size_t argument = WordStack::operation_argument(top);
    if (WordStack::operation_code(top) == PairStack::kBits) return next_piece(argument);
    if (!stack_.take_pair_of_array(argument, &budget_, a, b)) return Found::kNothing;
    return equal_only_by_word(*a) || equal_only_by_word(*b) ? Found::kDifference : Found::kPair;
  }

  // Of two bitstrings of one size, from bit `done` on.
  Found next_piece(size_t done) {
    const Term a = stack_.pop_term();
    const Term b = stack_.pop_term();
    const BitsView left = bits_view(a);
    const size_t count = std::min(left.size - done, kBitsAtOnce);
    budget_ -= kStepsPerPiece;
    if (!equal_bits(left.part(done, count), bits_view(b).part(done, count))) {
      return Found::kDifference;
    }
    if (done + count < left.size) stack_.push_bits(a, b, done + count);
    return Found::kNothing;
  }

  // Compares what can be compared at once, pushes the rest. The words differ.
  bool step(Term a, Term b) {
    if (a.is_list()) return b.is_list() && step_list(a, b);
    if (!a.is_boxed() || !b.is_boxed()) return equal_floats(a, b);
    return step_boxed(a, b);
  }

  // Runs along both lists as long as the heads are immediates or the same.
  bool step_list(Term a, Term b) {
    int64_t budget = budget_;
    bool equal = true;
    for (;;) {
      Term left = a.head();
      Term right = b.head();
      a = a.tail();
      b = b.tail();
      if (left != right) {
        if (!left.is_pointer() && !right.is_pointer()) {
          equal = equal_floats(left, right);
          if (!equal) break;
        } else {
          stack_.push_pair(a, b);
          stack_.push_pair(left, right);
          break;
        }
      }
      if (a == b) break;
      if (!a.is_list() || !b.is_list() || --budget <= 0) {
        stack_.push_pair(a, b);
        break;
      }
    }
    budget_ = budget;
    return equal;
  }

  bool step_bits(Term a, Term b) {
    if (!is_bits(b)) return false;
    const BitsView left = bits_view(a);
    const BitsView right = bits_view(b);
    if (left.size <= kBitsAtOnce || left.size != right.size) return equal_bits(left, right);
    stack_.push_bits(a, b, 0);
    return true;
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
        return step_bits(a, b);
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
    if (raw == kAllRaw) {
      budget_ -= static_cast<int64_t>(words / kElementsPerStep);
      return equal_words(left, right, words);
    }
    if (raw > 0 && !equal_words(left, right, raw)) return false;
    stack_.push_array(term_places(left + raw), term_places(right + raw), words - raw);
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
    stack_.push_array(environment.data(), local_fun_environment(b).data(), environment.size());
    return true;
  }

  static const Term* term_places(const Word* words) { return reinterpret_cast<const Term*>(words); }

  int64_t budget_ = 0;
  PairStack stack_;
};

class PausedEqualWalk final : public PausedComparison {
 public:
  explicit PausedEqualWalk(EqualWalk&& walk) : walk_(std::move(walk)) {}
  bool go_on(int64_t* budget, int* order) override {
    const Progress progress = walk_.go_on(budget);
    *order = progress == Progress::kDone ? 0 : 1;
    return progress != Progress::kPaused;
  }

 private:
  EqualWalk walk_;
};

// Bitstrings, which hold no other terms. True: *equal is said of them.
[[gnu::noinline]] bool equal_leaves(Term a, Term b, bool* equal) {
  if (!is_bits(a) || !is_bits(b)) return false;
  const BitsView left = bits_view(a);
  const BitsView right = bits_view(b);
  if (left.size == right.size && left.size > kBitsAtOnce) return false;
  *equal = equal_bits(left, right);
  return true;
}

// True: *equal says whether the terms, whose words differ, are exactly equal. False: that is left
// open, for *a and *b, which may be parts of what they were.
[[gnu::always_inline]] inline bool quick_exact_equal(Term* a, Term* b, bool* equal) {
  QuickComparison pair(*a, *b);
  const QuickAnswer answer = pair.run();
  if (answer == QuickAnswer::kSame) {
    *equal = true;
    return true;
  }
  if (answer == QuickAnswer::kUnknown) return false;
  const bool differ = equal_only_by_word(pair.a) || equal_only_by_word(pair.b) ||
                      pair.a.is_list() || pair.b.is_list() || is_tuple(pair.a) || is_tuple(pair.b);
  if (differ) {
    *equal = false;
    return true;
  }
  if (equal_leaves(pair.a, pair.b, equal) && (!*equal || !pair.has_more)) return true;
  if (!pair.has_more) {
    *a = pair.a;
    *b = pair.b;
  }
  return false;
}

// Apart, as the walk is large.
[[gnu::noinline]] bool walk_equal(Term a, Term b) {
  int64_t budget = INT64_MAX;
  return EqualWalk().run(a, b, &budget) == Progress::kDone;
}

[[gnu::noinline]] bool walk_equal_some(Term a, Term b, int64_t* budget, int* order,
                                       std::unique_ptr<PausedComparison>* paused) {
  EqualWalk walk;
  const Progress progress = walk.run(a, b, budget);
  *order = progress == Progress::kDone ? 0 : 1;
  if (progress != Progress::kPaused) return true;
  *paused = std::make_unique<PausedEqualWalk>(std::move(walk));
  return false;
}

}  // namespace

bool exact_equal_slow(Term a, Term b) {
  bool equal;
  return quick_exact_equal(&a, &b, &equal) ? equal : walk_equal(a, b);
}

bool exact_equal_some(Term a, Term b, int64_t* budget, int* order,
                      std::unique_ptr<PausedComparison>* paused) {
  bool equal = true;
  if (a != b && !quick_exact_equal(&a, &b, &equal)) {
    return walk_equal_some(a, b, budget, order, paused);
  }
  *order = equal ? 0 : 1;
  return true;
}

}  // namespace joist
