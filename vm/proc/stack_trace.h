// Where a process is in its code: addresses on its stack, and what they mean to a reader.
#pragma once

#include "vm/code/code_table.h"
#include "vm/proc/backtrace.h"
#include "vm/proc/process.h"

namespace joist {

// A word of the stack that is a return address: see vm/term/term.h.
inline bool is_return_word(Word word) { return (word & 7) == 7; }

// A return word of a frame that call tracing has put on the stack (vm/trace/stack_frames.h).
inline bool is_trace_return(const CodeTable& code, Word word) {
  return is_return_word(word) &&
         *reinterpret_cast<const Cell*>(word - 7) == code.return_trace_handler();
}

// Of a process that does not run, or that has called a native: where it is, then its return
// addresses, less one byte so that they lie within the calling instruction; repetitions
// (recursion) count once. Innermost first; their number, which is at most kMaxBacktraceDepth.
size_t gather_addresses(const Process& process, Word* addresses, size_t limit);

// The same in steps: the frames of a recursion that count once may be millions.
class AddressGathering {
 public:
  AddressGathering(const Process& process, size_t limit);
  // Looks at as many words of the stack as the budget has. True: that was all. Nobody may move or
  // change the stack before.
  bool run(const Process& process, int64_t* budget);
  std::span<const Word> addresses() const { return {addresses_, count_}; }

 private:
  size_t limit_;
  size_t count_ = 0;
  const Word* next_;
  Word previous_ = 0;
  Word addresses_[kMaxBacktraceDepth];
};

inline const Cell* code_of_address(Word address) {
  return reinterpret_cast<const Cell*>(address & ~Word{7});
}

// {M, F, Arguments or arity, [{file, F}, {line, L} | Info]}; none(): no function has the address.
// `arguments` that are no list stand for the arity.
Term make_trace_entry(Allocator& heap, const Module& module, const Cell* address, Term arguments,
                      Term info);

}  // namespace joist
