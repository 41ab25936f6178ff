// What the slow halves of instructions share. All of it runs between save() and load().
#pragma once

#include "vm/exec/machine.h"
#include "vm/heap/builder.h"

namespace joist {

// The cells before a function's entry: the func_info instruction, whose operands say which
// function it is ("cct" in ops.def).
struct FunctionHeader {
  Cell handler;
  uint32_t arity;
  uint32_t unused;
  Term module;
  Term function;
};
inline const FunctionHeader& header_of_function(const Cell* entry) {
  return *reinterpret_cast<const FunctionHeader*>(reinterpret_cast<const char*>(entry) -
                                                  sizeof(FunctionHeader));
}
static_assert(layout_of("cct", 0).offset[2] == 8 && layout_of("cct", 0).offset[0] == 16 &&
              layout_of("cct", 0).cells * sizeof(Cell) == sizeof(FunctionHeader));

inline Term list_of(Allocator& heap, std::initializer_list<Term> elements) {
  return make_list(heap, {elements.begin(), elements.size()});
}

// Collects, with x[0, live) as roots; kNext, or kLeave when the process must die.
inline Flow collect_gc(State& s, size_t need, size_t live) {
  s.save();
  const bool collected = s.process().collect_gc(need, static_cast<uint32_t>(live));
  s.load();
  return collected ? Flow::kNext : Flow::kLeave;
}

// The same at the beginning of an instruction, which may have to begin again: kLeave, too, when a
// dirty thread collects.
Flow collect_first_gc(State& s, size_t need, size_t live);

// Before the next instruction, once a native or an operator has allocated: collects if fragments
// or off-heap binaries have piled up, or fewer than `need` words are free. `result` is kept as one
// more root. True: the process goes on.
bool tidy_full_heap_gc(Process& p, size_t live, Term* result, size_t need);
inline bool tidy_heap_gc(Process& p, size_t live, Term* result, size_t need = 0) {
  const bool has_room = static_cast<size_t>(p.heap.limit - p.heap.top) > need;
  if (has_room && !p.heap.wants_collection() && !p.registers->stress_due()) [[likely]]
    return true;
  return tidy_full_heap_gc(p, live, result, need);
}

// Whether the native's exceptions count as its caller's: erlang:error, exit and throw.
bool raises_for_caller(const Mfa& mfa);

// Makes the native `mfa`, called with `arguments`, the head of the trace of the exception that it
// has just raised.
void blame_native(Process& p, const Mfa& mfa, const Term* arguments);

// The native of `entry` returned none(): does what it said. `next` is where its result is
// wanted, in x[0]; null for a tail call, whose result is returned and whose frame of `slots` is
// dropped. save() was done; load() is.
Flow settle_native(State& s, const ExportEntry* entry, const Cell* next, size_t slots);

// The slice is over at a call of the function at `target` with `live` arguments.
Flow yield_at(State& s, const Cell* target, size_t live);

// The same at the entry of a function, s.pc, which may be a stub.
Flow yield_at_function(State& s);

// Puts `fun` (already known to be one, of the right arity) in place for a call: the free
// variables go behind the arguments. Returns the code to run.
const Cell* enter_fun(State& s, Term fun, size_t arity);
// The error of calling `fun` with `arity` arguments in x[0], ...: badfun or badarity.
Flow raise_bad_fun(State& s, Term fun, size_t arity);

}  // namespace joist
