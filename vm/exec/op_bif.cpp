// Natives called like instructions: guard BIFs with a fail label or an exception, and the most
// used ones in line.
#include "vm/exec/op_guard.h"
#include "vm/exec/support.h"
#include "vm/term/compare.h"
#include "vm/term/map.h"

namespace joist {
namespace {

[[gnu::always_inline]] inline const ExportEntry* entry_of(auto operand) {
  return reinterpret_cast<const ExportEntry*>(operand.field);
}

// Runs the native on `arguments`. save() was done. Guard natives never trap; that yields only
// length/1, and comparisons that are no instructions (min, max).
template <typename Destination>
Flow run_bif(State& s, const ExportEntry* entry, const Term* arguments, int32_t fail,
             Destination destination, size_t live, bool may_collect) {
  Process& p = s.process();
  Term result = entry->native(p, arguments);
  if (result.is_none()) [[unlikely]] {
    if (p.suspended != nullptr) {  // this instruction again
      s.load();
      return leave_within(s, RunOutcome::kYielded);
    }
    if (fail != 0) {
      // What the native allocated is given up, and so must be its reason: it is a root.
      p.exception_reason = Term::nil();
      p.error_cause = Term::none();
      return Flow::kFail;
    }
    blame_native(p, entry->mfa, arguments);
    return Flow::kRaise;
  }
  if (may_collect && !tidy_heap_gc(p, live, &result)) return Flow::kLeave;
  s.load();
  destination.set(s, result);
  return Flow::kNext;
}

// The in-line BIFs below come here when the fast case is none.
struct SlowBif : SlowOp {
  JOIST_INLINE Flow slow(State& s, const Cell*, auto fail, auto entry, auto a, auto destination) {
    const Term arguments[] = {a.get(s)};
    s.save();
    return run_bif(s, entry_of(entry), arguments, fail.field, destination, 0, false);
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto fail, auto entry, auto a, auto b,
                         auto destination) {
    const Term arguments[] = {a.get(s), b.get(s)};
    s.save();
    return run_bif(s, entry_of(entry), arguments, fail.field, destination, 0, false);
  }
};

struct op_bif0 : FastOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto entry, auto destination) {
    s.save();
    return run_bif(s, entry_of(entry), nullptr, 0, destination, 0, false);
  }
};

struct op_bif1 : FastOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto fail, auto entry, auto a, auto destination) {
    const Term arguments[] = {a.get(s)};
    s.save();
    return run_bif(s, entry_of(entry), arguments, fail.field, destination, 0, false);
  }
};

struct op_bif2 : FastOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto fail, auto entry, auto a, auto b,
                        auto destination) {
    const Term arguments[] = {a.get(s), b.get(s)};
    s.save();
    return run_bif(s, entry_of(entry), arguments, fail.field, destination, 0, false);
  }
};

struct op_bif3 : FastOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto fail, auto entry, auto a, auto b, auto c,
                        auto destination) {
    const Term arguments[] = {a.get(s), b.get(s), c.get(s)};
    s.save();
    return run_bif(s, entry_of(entry), arguments, fail.field, destination, 0, false);
  }
};

struct op_gc_bif1 : FastOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto fail, auto entry, auto a, auto destination,
                        auto live) {
    const Term arguments[] = {a.get(s)};
    s.save();
    return run_bif(s, entry_of(entry), arguments, fail.field, destination, live.field, true);
  }
};

struct op_gc_bif2 : FastOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto fail, auto entry, auto a, auto b,
                        auto destination, auto live) {
    const Term arguments[] = {a.get(s), b.get(s)};
    s.save();
    return run_bif(s, entry_of(entry), arguments, fail.field, destination, live.field, true);
  }
};

struct op_gc_bif3 : FastOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto fail, auto entry, auto a, auto b, auto c,
                        auto destination, auto live) {
    const Term arguments[] = {a.get(s), b.get(s), c.get(s)};
    s.save();
    return run_bif(s, entry_of(entry), arguments, fail.field, destination, live.field, true);
  }
};

// --- in line ---

struct op_bif_hd : SlowBif {
  JOIST_INLINE Flow run(State& s, const Cell*, auto, auto, auto list, auto destination) {
    const Term t = list.get(s);
    if (!t.is_list()) return Flow::kSlow;
    destination.set(s, t.head());
    return Flow::kNext;
  }
};

struct op_bif_tl : SlowBif {
  JOIST_INLINE Flow run(State& s, const Cell*, auto, auto, auto list, auto destination) {
    const Term t = list.get(s);
    if (!t.is_list()) return Flow::kSlow;
    destination.set(s, t.tail());
    return Flow::kNext;
  }
};

struct op_bif_element : SlowBif {
  JOIST_INLINE Flow run(State& s, const Cell*, auto, auto, auto position, auto tuple,
                        auto destination) {
    const Term n = position.get(s);
    const Term t = tuple.get(s);
    if (!n.is_small() || !is_tuple(t)) return Flow::kSlow;
    const Word index = static_cast<Word>(n.small_value()) - 1;
    if (index >= tuple_size(t)) return Flow::kSlow;
    destination.set(s, tuple_elements(t)[index]);
    return Flow::kNext;
  }
};

struct op_bif_tuple_size : SlowBif {
  JOIST_INLINE Flow run(State& s, const Cell*, auto, auto, auto tuple, auto destination) {
    const Term t = tuple.get(s);
    if (!is_tuple(t)) return Flow::kSlow;
    destination.set(s, Term::small(static_cast<int64_t>(tuple_size(t))));
    return Flow::kNext;
  }
};

struct op_bif_byte_size : SlowBif {
  JOIST_INLINE Flow run(State& s, const Cell*, auto, auto, auto bits, auto destination) {
    const Term t = bits.get(s);
    if (!is_bits(t)) return Flow::kSlow;
    destination.set(s, Term::small(static_cast<int64_t>((bits_size(t) + 7) / 8)));
    return Flow::kNext;
  }
};

struct op_bif_map_size : SlowBif {
  JOIST_INLINE Flow run(State& s, const Cell*, auto, auto, auto map, auto destination) {
    const Term t = map.get(s);
    if (!is_flat_map(t)) return Flow::kSlow;
    destination.set(s, Term::small(static_cast<int64_t>(map_size(t))));
    return Flow::kNext;
  }
};

struct op_bif_map_get : SlowBif {
  JOIST_INLINE Flow run(State& s, const Cell*, auto, auto, auto key, auto map, auto destination) {
    const Term t = map.get(s);
    if (!is_map(t)) return Flow::kSlow;
    const Term* value = map_find(t, key.get(s));
    if (value == nullptr) return Flow::kSlow;
    destination.set(s, *value);
    return Flow::kNext;
  }
};

struct op_bif_is_map_key : SlowBif {
  JOIST_INLINE Flow run(State& s, const Cell*, auto, auto, auto key, auto map, auto destination) {
    const Term t = map.get(s);
    if (!is_map(t)) return Flow::kSlow;
    destination.set(s, boolean(map_find(t, key.get(s)) != nullptr));
    return Flow::kNext;
  }
};

// Comparisons as values: small integers in line, as in tests.
template <bool kWanted>
struct ExactlyEqualValue : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto left, auto right, auto destination) {
    const Term a = left.get(s);
    const Term b = right.get(s);
    if (a != b && (a.is_pointer() || b.is_pointer())) return Flow::kSlow;
    destination.set(s, boolean((a == b) == kWanted));
    return Flow::kNext;
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto left, auto right, auto destination) {
    int order;
    if (!compare_pointers(s, Comparison::kExactlyEqual, left.get(s), right.get(s), &order)) {
      return Flow::kLeave;
    }
    destination.set(s, boolean((order == 0) == kWanted));
    return Flow::kNext;
  }
};
struct op_bif_equal_exact : ExactlyEqualValue<true> {};
struct op_bif_not_equal_exact : ExactlyEqualValue<false> {};

template <bool kWanted>
struct LessValue : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto left, auto right, auto destination) {
    const Term a = left.get(s);
    const Term b = right.get(s);
    if (!Term::both_small(a, b)) return Flow::kSlow;
    const bool less = static_cast<int64_t>(a.bits()) < static_cast<int64_t>(b.bits());
    destination.set(s, boolean(less == kWanted));
    return Flow::kNext;
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto left, auto right, auto destination) {
    int order;
    if (!compare_pointers(s, Comparison::kOrder, left.get(s), right.get(s), &order)) {
      return Flow::kLeave;
    }
    destination.set(s, boolean((order < 0) == kWanted));
    return Flow::kNext;
  }
};
struct op_bif_less : LessValue<true> {};
struct op_bif_not_less : LessValue<false> {};

template <bool kWanted>
struct EqualValue : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto left, auto right, auto destination) {
    const Term a = left.get(s);
    const Term b = right.get(s);
    if (a != b && !Term::both_small(a, b)) return Flow::kSlow;
    destination.set(s, boolean((a == b) == kWanted));
    return Flow::kNext;
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto left, auto right, auto destination) {
    int order;
    if (!compare_pointers(s, Comparison::kEqual, left.get(s), right.get(s), &order)) {
      return Flow::kLeave;
    }
    destination.set(s, boolean((order == 0) == kWanted));
    return Flow::kNext;
  }
};
struct op_bif_equal : EqualValue<true> {};
struct op_bif_not_equal : EqualValue<false> {};

}  // namespace

void fill_bif(HandlerTable& table) {
#define JOIST_OP_GROUP_bif JOIST_FILL
#include "vm/exec/fill_group.h"
}

}  // namespace joist
