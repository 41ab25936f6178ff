// The order of terms: one walk over two terms in lockstep until they differ.
//
// What is still to be compared is on a stack: pairs of terms, pairs of arrays, and "from here on
// not exact" where the keys of a map have been pushed before its values. The first difference
// decides, but for hash maps: their pairs come in the order of the trie, so each difference found
// in one is a candidate, and the one with the least key decides. A MapFrame holds that state; a
// difference found while a frame is open cuts the stack back to the frame and is given to it.
//
// A walk with a budget that runs out stops between two steps, with all that it knows on its stack
// and in its frames (vm/term/compare_steps.h).
#include "vm/term/compare.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "vm/term/atom.h"
#include "vm/term/bits.h"
#include "vm/term/compare_scalars.h"
#include "vm/term/map.h"
#include "vm/term/pair_stack.h"
#include "vm/term/quick_compare.h"
#include "vm/term/rules.h"

namespace joist {
namespace {

int sign_of(size_t a, size_t b) { return a == b ? 0 : a < b ? -1 : 1; }

// Progress of the comparison of two hash maps of one size. Equal sizes: if no key of the first
// is missing in the second, the keys are the same.
struct MapFrame {
  MapFrame(Term first, Term second, bool values_exact)
      : a(first), b(second), values_are_exact(values_exact), a_pairs(first), b_pairs(second) {}

  enum class Phase : uint8_t { kMissingInB, kMissingInA, kValues };
  enum class Waiting : uint8_t { kForNothing, kForKeyOrder, kForValueOrder };

  Term a;
  Term b;
  bool values_are_exact;
  Phase phase = Phase::kMissingInB;
  Waiting waiting = Waiting::kForNothing;
  int result = 0;                 // what the least key found so far says
  Term least_key = Term::none();  // of those that make a difference
  Term key = Term::none();        // pair at hand
  Term a_value = Term::none();
  Term b_value = Term::none();
  size_t stack_size = 0;  // to cut the stack back to
  MapIterator a_pairs;
  MapIterator b_pairs;
};

class CompareWalk {
 public:
  CompareWalk(bool exact, bool only_equality) : exact_(exact), only_equality_(only_equality) {}

  // False: the budget has run out, and go_on() goes on.
  bool run(Term a, Term b, int64_t* budget, int* order) {
    budget_ = *budget;
    const bool done = walk(a == b ? 0 : step(a, b), order);
    *budget = budget_;
    return done;
  }
  bool go_on(int64_t* budget, int* order) { return run(Term::nil(), Term::nil(), budget, order); }

 private:
  static constexpr unsigned kNotExact = PairStack::kFirstOwn;

  // `order` is what the last step has said.
  bool walk(int order, int* result) {
    for (;;) {
      if (order != 0) {
        if (frames_.empty() || only_equality_) {
          *result = order;
          return true;
        }
        stack_.rollback(frames_.back()->stack_size);
      } else if (--budget_ <= 0 && (!stack_.empty() || !frames_.empty())) {
        return false;
      }
      if (!frames_.empty() && stack_.size() == frames_.back()->stack_size) {
        order = resume_frame(order);
        continue;
      }
      if (stack_.empty()) {
        *result = order;
        return true;
      }
      order = next();
    }
  }

  // Goes on with what is on top of the stack.
  int next() {
    Word top = stack_.pop();
    if (!WordStack::is_operation(top)) {
      Term a = Term::from_bits(top);
      Term b = stack_.pop_term();
      return a == b ? 0 : step(a, b);
    }
    switch (WordStack::operation_code(top)) {
      case kNotExact:
        exact_ = false;
        return 0;
      case PairStack::kBits:
        return next_piece(WordStack::operation_argument(top));
      default:
        return next_of_array(WordStack::operation_argument(top));
    }
  }

  int next_of_array(size_t count) {
    Term a;
    Term b;
    return stack_.take_pair_of_array(count, &budget_, &a, &b) ? step(a, b) : 0;
  }

  // Of two bitstrings from bit `done` on, up to which they are the same. What is behind the end of
  // the shorter decides with the last piece.
  int next_piece(size_t done) {
    const Term a = stack_.pop_term();
    const Term b = stack_.pop_term();
    const BitsView left = bits_view(a);
    const BitsView right = bits_view(b);
    budget_ -= kStepsPerPiece;
    if (std::min(left.size, right.size) - done <= kBitsAtOnce) {
      return compare_bits(left.part(done, left.size - done), right.part(done, right.size - done));
    }
    const int order = compare_bits(left.part(done, kBitsAtOnce), right.part(done, kBitsAtOnce));
    if (order == 0) stack_.push_bits(a, b, done + kBitsAtOnce);
    return order;
  }

  // Compares what can be compared at once, pushes the rest. The words differ.
  int step(Term a, Term b) {
    TypeRank a_rank = type_rank(a);
    TypeRank b_rank = type_rank(b);
    if (a_rank != b_rank) return a_rank < b_rank ? -1 : 1;
    switch (a_rank) {
      case TypeRank::kNumber:
        return compare_numbers(a, b, exact_);
      case TypeRank::kAtom:
        return compare_atoms(a, b);
      case TypeRank::kReference:
        return compare_references(a, b);
      case TypeRank::kFun:
        return step_fun(a, b);
      case TypeRank::kPort:
        return compare_ports(a, b);
      case TypeRank::kPid:
        return compare_pids(a, b);
      case TypeRank::kTuple:
        if (int order = sign_of(tuple_size(a), tuple_size(b)); order != 0) return order;
        stack_.push_array(tuple_elements(a).data(), tuple_elements(b).data(), tuple_size(a));
        return 0;
      case TypeRank::kRecord:
        return step_record(a, b);
      case TypeRank::kMap:
        return step_map(a, b);
      case TypeRank::kNil:
        return 0;
      case TypeRank::kList:
        return step_list(a, b);
      case TypeRank::kBits:
        return step_bits(a, b);
    }
    fatal("compare: no term has rank %d", static_cast<int>(a_rank));
  }

  int step_bits(Term a, Term b) {
    const BitsView left = bits_view(a);
    const BitsView right = bits_view(b);
    if (std::min(left.size, right.size) <= kBitsAtOnce) return compare_bits(left, right);
    stack_.push_bits(a, b, 0);
    return 0;
  }

  // Runs along both lists as long as the heads are the same or small.
  int step_list(Term a, Term b) {
    int64_t budget = budget_;
    int order = 0;
    for (;;) {
      Term left = a.head();
      Term right = b.head();
      a = a.tail();
      b = b.tail();
      if (left != right) {
        if (Term::both_small(left, right)) {
          order = left.small_value() < right.small_value() ? -1 : 1;
        } else {
          stack_.push_pair(a, b);
          stack_.push_pair(left, right);
        }
        break;
      }
      if (a == b) break;
      if (!a.is_list() || !b.is_list() || --budget <= 0) {
        stack_.push_pair(a, b);
        break;
      }
    }
    budget_ = budget;
    return order;
  }

  int step_fun(Term a, Term b) {
    bool a_local = is_kind(a, Boxed::kLocalFun);
    bool b_local = is_kind(b, Boxed::kLocalFun);
    if (a_local != b_local) return a_local ? -1 : 1;
    if (!a_local) return compare_export_funs(a, b);
    if (int order = compare_fun_identities(a, b); order != 0) return order;
    std::span<Term> environment = local_fun_environment(a);
    stack_.push_array(environment.data(), local_fun_environment(b).data(), environment.size());
    return 0;
  }

  int step_record(Term a, Term b) {
    const RecordDefinition& left = *record_definition(a);
    const RecordDefinition& right = *record_definition(b);
    if (int order = compare_definitions(left, right); order != 0) return order;
    stack_.push_array(record_values(a).data(), record_values(b).data(), left.field_count);
    return 0;
  }

  int step_map(Term a, Term b) {
    size_t size = map_size(a);
    if (int order = sign_of(size, map_size(b)); order != 0) return order;
    if (size == 0) return 0;
    if (is_flat_map(a)) {
      push_flat_maps(a, b);
      return 0;
    }
    frames_.push_back(std::make_unique<MapFrame>(a, b, exact_));
    frames_.back()->stack_size = stack_.size();
    return 0;
  }

  // All keys, then all values, both in the order of the keys.
  void push_flat_maps(Term a, Term b) {
    size_t size = map_size(a);
    const Term* a_keys = tuple_elements(term_words(object_words(a))[0]).data();
    const Term* b_keys = tuple_elements(term_words(object_words(b))[0]).data();
    const Term* a_values = term_words(object_words(a)) + 1;
    const Term* b_values = term_words(object_words(b)) + 1;
    bool same_keys = a_keys == b_keys;
    if (!term_rules().atom_keys_by_index) {
      stack_.push_array(a_values, b_values, size);
      if (same_keys) return;
      push_exact_begin();
      stack_.push_array(a_keys, b_keys, size);
      return;
    }
    KeyOrder a_order(a_keys, size);
    KeyOrder b_order(b_keys, size);
    for (size_t i = size; i-- > 0;) {
      stack_.push_pair(a_values[a_order.position[i]], b_values[b_order.position[i]]);
    }
    if (same_keys) return;
    push_exact_begin();
    for (size_t i = size; i-- > 0;) {
      stack_.push_pair(a_keys[a_order.position[i]], b_keys[b_order.position[i]]);
    }
  }

  void push_exact_begin() {
    if (exact_) return;
    stack_.push(WordStack::operation(kNotExact));
    exact_ = true;
  }

  // Takes the answer to what the frame waits for, and goes on to its next question or its end.
  int resume_frame(int answer) {
    MapFrame& frame = *frames_.back();
    take_answer(frame, answer);
    while (frame.waiting == MapFrame::Waiting::kForNothing && budget_ > 0) {
      if (!advance(frame)) {
        int result = frame.result;
        exact_ = frame.values_are_exact;
        frames_.pop_back();
        return result;
      }
    }
    return 0;
  }

  void take_answer(MapFrame& frame, int answer) {
    MapFrame::Waiting waiting = frame.waiting;
    frame.waiting = MapFrame::Waiting::kForNothing;
    if (waiting == MapFrame::Waiting::kForKeyOrder) {
      if (answer > 0) return;
      if (frame.phase == MapFrame::Phase::kValues) {
        ask_values(frame);
      } else {
        settle(frame, frame.phase == MapFrame::Phase::kMissingInB ? -1 : 1);
      }
    } else if (waiting == MapFrame::Waiting::kForValueOrder && answer != 0) {
      settle(frame, answer);
    }
  }

  // The pair at hand makes a difference, and has the least key of those that do.
  static void settle(MapFrame& frame, int result) {
    frame.result = result;
    frame.least_key = frame.key;
  }

  void ask_values(MapFrame& frame) {
    exact_ = frame.values_are_exact;
    stack_.push_pair(frame.a_value, frame.b_value);
    frame.waiting = MapFrame::Waiting::kForValueOrder;
  }

  // The pair at hand is a candidate: is its key less than the least so far?
  void ask_key(MapFrame& frame) {
    exact_ = true;
    stack_.push_pair(frame.key, frame.least_key);
    frame.waiting = MapFrame::Waiting::kForKeyOrder;
  }

  // One pair further. False: all is known.
  bool advance(MapFrame& frame) {
    switch (frame.phase) {
      case MapFrame::Phase::kMissingInB:
        return advance_keys(frame, frame.a_pairs, frame.b, -1);
      case MapFrame::Phase::kMissingInA:
        return advance_keys(frame, frame.b_pairs, frame.a, 1);
      case MapFrame::Phase::kValues:
        return advance_values(frame);
    }
    return false;
  }

  bool advance_keys(MapFrame& frame, MapIterator& pairs, Term other, int result) {
    if (!pairs.next(&frame.key, &frame.a_value)) {
      if (frame.phase == MapFrame::Phase::kMissingInA) return false;
      if (!frame.least_key.is_none()) {
        frame.phase = MapFrame::Phase::kMissingInA;
      } else {
        frame.phase = MapFrame::Phase::kValues;
        frame.a_pairs = MapIterator(frame.a);
      }
      return true;
    }
    budget_ -= kStepsPerSearch;
    if (map_find(other, frame.key) != nullptr) return true;
    if (frame.least_key.is_none()) {
      settle(frame, result);
    } else {
      ask_key(frame);
    }
    return true;
  }

  // The keys are the same, so both maps have them in the same places.
  bool advance_values(MapFrame& frame) {
    if (!frame.a_pairs.next(&frame.key, &frame.a_value)) return false;
    --budget_;
    Term b_key;
    frame.b_pairs.next(&b_key, &frame.b_value);
    if (frame.a_value == frame.b_value) return true;
    if (frame.least_key.is_none()) {
      ask_values(frame);
    } else {
      ask_key(frame);
    }
    return true;
  }

  // Positions of a flat map's keys in term order where the map has its atoms by index. Atoms are
  // side by side in either order.
  struct KeyOrder {
    KeyOrder(const Term* keys, size_t size) {
      for (size_t i = 0; i < size; ++i) position[i] = static_cast<uint8_t>(i);
      auto* atoms_begin =
          std::find_if(position, position + size, [keys](uint8_t i) { return keys[i].is_atom(); });
      auto* atoms_end = std::find_if(atoms_begin, position + size,
                                     [keys](uint8_t i) { return !keys[i].is_atom(); });
      std::sort(atoms_begin, atoms_end,
                [keys](uint8_t i, uint8_t j) { return compare_atoms(keys[i], keys[j]) < 0; });
    }
    uint8_t position[kFlatMapLimit];
  };

  // Looking for a key in a hash map.
  static constexpr int64_t kStepsPerSearch = 16;

  bool exact_;
  bool only_equality_;
  int64_t budget_ = 0;
  PairStack stack_;
  std::vector<std::unique_ptr<MapFrame>> frames_;
};

class PausedCompareWalk final : public PausedComparison {
 public:
  explicit PausedCompareWalk(CompareWalk&& walk) : walk_(std::move(walk)) {}
  bool go_on(int64_t* budget, int* order) override { return walk_.go_on(budget, order); }

 private:
  CompareWalk walk_;
};

// type_rank(), with what is compared most first.
TypeRank rank_of_leaf(Term term) {
  if (term.is_small() || term.is_word_float()) return TypeRank::kNumber;
  if (term.is_list()) return TypeRank::kList;
  if (term.is_boxed() && header_kind(term.header()) == Boxed::kHeapBits) return TypeRank::kBits;
  return type_rank(term);
}

// Terms that hold no others. True: *order is theirs. They are no lists or tuples of one size.
[[gnu::noinline]] bool compare_leaves(Term a, Term b, bool exact, int* order) {
  const TypeRank a_rank = rank_of_leaf(a);
  const TypeRank b_rank = rank_of_leaf(b);
  if (a_rank != b_rank) {
    *order = a_rank < b_rank ? -1 : 1;
    return true;
  }
  if (a_rank == TypeRank::kNumber) {
    *order = compare_numbers(a, b, exact);
    return true;
  }
  if (a_rank != TypeRank::kBits) return false;
  const BitsView left = bits_view(a);
  const BitsView right = bits_view(b);
  if (std::min(left.size, right.size) > kBitsAtOnce) return false;
  *order = compare_bits(left, right);
  return true;
}

// True: *order is that of the terms, whose words differ. False: that is left open, for *a and *b,
// which may be parts of what they were.
[[gnu::always_inline]] inline bool quick_compare(Term* a, Term* b, bool exact, int* order) {
  QuickComparison pair(*a, *b);
  const QuickAnswer answer = pair.run();
  if (answer == QuickAnswer::kSame) {
    *order = 0;
    return true;
  }
  if (answer == QuickAnswer::kUnknown) return false;
  if (Term::both_small(pair.a, pair.b)) {
    *order = pair.a.small_value() < pair.b.small_value() ? -1 : 1;
    return true;
  }
  if (pair.a.is_atom() && pair.b.is_atom()) {
    *order = compare_atoms(pair.a, pair.b);
    return true;
  }
  // Also numbers whose words differ may be equal, and what is behind them decides.
  if (compare_leaves(pair.a, pair.b, exact, order) && (*order != 0 || !pair.has_more)) return true;
  if (!pair.has_more) {
    *a = pair.a;
    *b = pair.b;
  }
  return false;
}

// Apart, as the walk is large.
[[gnu::noinline]] int walk_all(Term a, Term b, bool exact, bool only_equality) {
  int64_t budget = INT64_MAX;
  int order;
  CompareWalk(exact, only_equality).run(a, b, &budget, &order);
  return order;
}

[[gnu::noinline]] bool walk_some(Comparison what, Term a, Term b, int64_t* budget, int* order,
                                 std::unique_ptr<PausedComparison>* paused) {
  CompareWalk walk(what == Comparison::kExactOrder, what == Comparison::kEqual);
  if (walk.run(a, b, budget, order)) return true;
  *paused = std::make_unique<PausedCompareWalk>(std::move(walk));
  return false;
}

// The words differ.
int compare_all(Term a, Term b, bool exact, bool only_equality) {
  int order;
  return quick_compare(&a, &b, exact, &order) ? order : walk_all(a, b, exact, only_equality);
}

}  // namespace

bool compare_some(Comparison what, Term a, Term b, int64_t* budget, int* order,
                  std::unique_ptr<PausedComparison>* paused) {
  if (what == Comparison::kExactlyEqual) return exact_equal_some(a, b, budget, order, paused);
  *order = 0;
  if (a == b) return true;
  if (quick_compare(&a, &b, what == Comparison::kExactOrder, order)) return true;
  return walk_some(what, a, b, budget, order, paused);
}

int compare_slow(Term a, Term b) {
  if (a.is_atom() && b.is_atom()) return compare_atoms(a, b);
  return compare_all(a, b, false, false);
}

bool equal_slow(Term a, Term b) {
  // Of immediates with different words only numbers can be equal.
  if (!a.is_pointer() && !b.is_pointer()) {
    return is_number(a) && is_number(b) && compare_numbers(a, b, false) == 0;
  }
  return compare_all(a, b, false, true) == 0;
}

int compare_exact(Term a, Term b) { return a == b ? 0 : compare_all(a, b, true, false); }

int compare_flatmap_keys(Term a, Term b) {
  if (a.is_atom() && b.is_atom() && term_rules().atom_keys_by_index) {
    return sign_of(a.atom_index(), b.atom_index());
  }
  return compare_exact(a, b);
}

}  // namespace joist
