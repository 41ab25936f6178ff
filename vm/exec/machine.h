// The interpreter's state and its rules.
//
// Each handler is a small function that ends by tail-calling the next one; the state below
// travels in its parameters and so stays in machine registers. Handlers are made from the
// semantics in op_<group>.h by the templates of dispatch.h; nobody writes one by hand.
//
// The rules of the hot loop:
//  1. `run` of an op touches only State and operands; no call that returns, so no prologue.
//     What is slower goes to `slow`, a second function of the op, reached by Flow::kSlow.
//  2. Before anything outside is called: save(). Afterwards: load(). Between the two, hp, sp,
//     reductions and x0..x3 in State are stale; the process has them.
//  3. A collection may happen only in functions named ..._gc, between save() and load(), with
//     the number of live X registers in hand. Terms in C++ locals do not survive it.
//  4. Reservations leave one word free between hp and sp: a call pushes without a check.
//  5. A calling op charges one reduction; only calls and receive yield.
//  6. No object with a destructor may be alive where a handler ends.
#pragma once

#include "vm/code/instr.h"
#include "vm/proc/process.h"

#if defined(__clang__) && __has_attribute(preserve_none)
#define JOIST_HANDLER_ABI __attribute__((preserve_none))
#else
#error "Joist's interpreter needs preserve_none and musttail (clang 19 or later)"
#endif

#define JOIST_INLINE [[gnu::always_inline]] static inline

namespace joist {

struct State {
  const Cell* pc;
  Registers* r;
  Word* sp;
  Word* hp;
  int64_t reductions;
  Term x0, x1, x2, x3;

  Process& process() const { return *r->process; }

  [[gnu::always_inline]] void save_x() const {
    r->x[0] = x0;
    r->x[1] = x1;
    r->x[2] = x2;
    r->x[3] = x3;
  }
  [[gnu::always_inline]] void load_x() {
    x0 = r->x[0];
    x1 = r->x[1];
    x2 = r->x[2];
    x3 = r->x[3];
  }
  [[gnu::always_inline]] void save() {
    Process& p = process();
    p.heap.top = hp;
    p.heap.limit = sp;
    p.reductions = reductions;
    p.code_pointer = pc;
    save_x();
  }
  [[gnu::always_inline]] void load() {
    Process& p = process();
    hp = p.heap.top;
    sp = p.heap.limit;
    reductions = p.reductions;
    load_x();
  }
  // True when `words` more fit and one is left over.
  bool has_room(size_t words) const {
    return reinterpret_cast<uintptr_t>(sp) - reinterpret_cast<uintptr_t>(hp) > words * sizeof(Word);
  }
};

#define JOIST_HANDLER_PARAMETERS                                                        \
  const ::joist::Cell *pc, ::joist::Registers *r, ::joist::Word *sp, ::joist::Word *hp, \
      int64_t reductions, ::joist::Term x0, ::joist::Term x1, ::joist::Term x2, ::joist::Term x3
#define JOIST_HANDLER_ARGUMENTS pc, r, sp, hp, reductions, x0, x1, x2, x3

typedef JOIST_HANDLER_ABI void Handler(JOIST_HANDLER_PARAMETERS);  // NOLINT: attribute

// How an op ends.
enum class Flow : uint8_t {
  kNext,   // the following instruction
  kJump,   // pc is set
  kFail,   // the op's first label; for `j` without a label: raise
  kSlow,   // continue in the op's `slow`
  kRaise,  // save() was done and the process holds the exception
  kLeave,  // save() was done; return to whoever called run_process
};

// Return addresses on the stack: see vm/term/term.h.
[[gnu::always_inline]] inline Word return_word(const Cell* pc) {
  return reinterpret_cast<Word>(pc) + 7;
}
[[gnu::always_inline]] inline const Cell* code_of_return_word(Word word) {
  return reinterpret_cast<const Cell*>(word - 7);
}

}  // namespace joist
