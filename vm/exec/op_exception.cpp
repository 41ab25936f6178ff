// Catching and raising.
//
// A catch or try puts a catch tag, the address of its handler, into a Y register; the innermost
// tag on the stack is the handler in force. A handler is entered with x[0] none, and reason, raw
// trace and class in x[1], x[2], x[3].
#include "vm/exec/dispatch.h"
#include "vm/exec/exception.h"

namespace joist {
namespace {

struct op_catch_start : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto slot, auto label) {
    const Cell* handler = jump_target(s.pc, label.field);
    s.sp[slot.field] = Term::immediate(Immediate::kCatch, reinterpret_cast<Word>(handler)).bits();
  }
};

struct op_try_end : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto slot) { s.sp[slot.field] = Term::nil().bits(); }
};

struct op_try_case : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto slot) {
    s.sp[slot.field] = Term::nil().bits();
    s.x0 = s.x3;
  }
};

struct op_catch_end : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto slot) {
    s.sp[slot.field] = Term::nil().bits();
    return s.x0.is_none() ? Flow::kSlow : Flow::kNext;
  }
  // throw: the value; exit: {'EXIT', Reason}; error: {'EXIT', {Reason, Trace}}
  JOIST_INLINE Flow slow(State& s, const Cell*, auto) {
    s.save();
    Process& p = s.process();
    Term result = s.x1;
    if (!(s.x3 == atoms::throw_)) {
      if (s.x3 == atoms::error) {
        result = make_tuple(p.heap, {result, build_stacktrace(p, s.x2)});
      }
      result = make_tuple(p.heap, {atoms::EXIT, result});
    }
    if (!tidy_heap_gc(p, 0, &result)) return Flow::kLeave;
    s.load();
    s.x0 = result;
    return Flow::kNext;
  }
};

Flow raise_error(State& s, Term tag, Term value) {
  s.save();
  s.process().error_tuple(tag, value);
  return Flow::kRaise;
}

template <typename Tag>
struct RaiseTagged : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto value) {
    return raise_error(s, Tag::kAtom, value.get(s));
  }
};
#define JOIST_TAG(name)                        \
  struct Tag_##name {                          \
    static constexpr Term kAtom = atoms::name; \
  }
JOIST_TAG(try_clause);
JOIST_TAG(badmatch);
JOIST_TAG(case_clause);
JOIST_TAG(badrecord);
#undef JOIST_TAG
struct op_try_case_end : RaiseTagged<Tag_try_clause> {};
struct op_badmatch : RaiseTagged<Tag_badmatch> {};
struct op_case_end : RaiseTagged<Tag_case_clause> {};
struct op_badrecord : RaiseTagged<Tag_badrecord> {};

struct op_if_end : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*) {
    s.save();
    s.process().error(atoms::if_clause);
    return Flow::kRaise;
  }
};

struct op_system_limit : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto label) {
    if (label.field != 0) return Flow::kFail;
    s.save();
    s.process().system_limit();
    return Flow::kRaise;
  }
};

struct op_raise : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto, auto) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto trace, auto reason) {
    return raise_again(s, trace.get(s), reason.get(s));
  }
};

// The raw trace of an exception whose class may have been changed, for those who raise it again
// in turn.
Term with_class(Allocator& heap, Term raw, Term exception) {
  if (!is_tuple(raw) || tuple_size(raw) < 2 || tuple_elements(raw)[0] == exception) return raw;
  const std::span<const Term> parts = tuple_elements(raw);
  const Term changed = make_tuple(heap, parts);
  tuple_elements(changed)[0] = exception;
  return changed;
}

struct op_raw_raise : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*) { return Flow::kSlow; }
  // A class that is none gives badarg as the value, as in ERTS.
  JOIST_INLINE Flow slow(State& s, const Cell*) {
    const Term exception = s.x0;
    if (!(exception == atoms::error || exception == atoms::exit || exception == atoms::throw_)) {
      s.x0 = atoms::badarg;
      return Flow::kNext;
    }
    s.save();
    const Term raw = with_class(s.process().heap, s.x2, exception);
    s.load();
    return raise_again(s, raw, s.x1);
  }
};

struct op_build_stacktrace : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*) {
    s.save();
    Process& p = s.process();
    Term trace = build_stacktrace(p, s.x0);
    if (!tidy_heap_gc(p, 0, &trace)) return Flow::kLeave;
    s.load();
    s.x0 = trace;
    return Flow::kNext;
  }
};

}  // namespace

void fill_exception(HandlerTable& table) {
#define JOIST_OP_GROUP_exception JOIST_FILL
#include "vm/exec/fill_group.h"
}

}  // namespace joist
