// Checks the code of a BeamFile, so that the back end and the interpreter may rely on it without
// looking again: operand kinds, register, atom, literal, import, lambda, label and string
// indices, labels defined once, functions well formed, list shapes, frame sizes and live counts
// by following the control flow.
//
// It never refuses code that a compiler of OTP 25 to 29 writes. Types claimed by the Type chunk
// are not verified.
#pragma once

#include "loader/beam_file.h"

namespace joist {

// Errors name the module, the function, the instruction's index in it and what is wrong. Sets
// what the code needs to be safe (clear_frames, clear_x) and changes nothing else.
Result<void> verify(BeamFile& file);

}  // namespace joist
