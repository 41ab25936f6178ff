// Generic to generic: brings verified code into fewer forms, so that the back end sees one way to
// say each thing. A pure function; label, atom, literal, import and lambda numbers
// stay what they are.
//
// Gone after it                      what stands for them
//   line, executable_line,             GenericInstruction::line, the position in force there
//   debug_line
//   nif_start, recv_mark, recv_set,    nothing
//   fclearerror, fcheckerror
//   on_load                            GenericCode::on_load
//   init                               init_yregs; neighbours are merged
//   make_fun2                          test_heap and make_fun3
//   call_fun N                         call_fun2 with tag nil, N, x(N)
//   bs_start_match3                    bs_start_match4 with a label
//   bs_start_match4 resume             move
//   call_ext_last of erlang:error      call_ext, as its frame size may be wrong
//     and others that never return
//   tests for sizes that nothing has,  jump
//     selects without choices
//   =:= of bs_match above 32 bits      two of them
//   bs_init2, bs_init_bits of an       the same with kOverflow as size
//     absurd constant size
//
// Tags and modes that are atoms in the file become kinds: call_fun2 has a lambda index (kUnsigned),
// kAtom (a fun of the right arity for certain) or kNil (anything); bs_start_match4 has a label or
// kNoLabel (cannot fail).
//
// Also: code that cannot be reached, labels without references (but for the two of each function),
// jumps to the next instruction and moves of a register to itself are dropped; if_end stands where
// the file lets control run into a try handler; in functions with clear_frames, allocate and
// allocate_heap become allocate_zero and allocate_heap_zero.
#pragma once

#include "loader/beam_file.h"

namespace joist {

// `code` is that of the file, which verify() accepted.
GenericCode transform(const BeamFile& file, GenericCode code);

}  // namespace joist
