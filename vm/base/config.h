// Every knob of the VM with its default and its reason. A knob that Erlang code can set at run
// time (`+P`, `process_flag`) has only its default here; what differs between OTP releases is in
// the release tables, not here.
#pragma once

#include <cstddef>
#include <cstdint>

// Set by the CMake presets. 1 turns JOIST_ASSERT on: invariants are checked as the VM runs.
#ifndef JOIST_ASSERTIONS
#define JOIST_ASSERTIONS 0
#endif

// Set by the `stress` preset. 1 makes rare paths common: a collection at every chance, one
// reduction a slice, small tables.
#ifndef JOIST_STRESS
#define JOIST_STRESS 0
#endif

namespace joist {

inline constexpr bool kAssertions = JOIST_ASSERTIONS != 0;
inline constexpr bool kStress = JOIST_STRESS != 0;

// Data written by different threads is kept this far apart.
inline constexpr size_t kCacheLine = 64;

// Reductions a process runs before another gets its turn: OTP's CONTEXT_REDS, visible through
// process_info(reductions) and relied on by OTP's own tests.
inline constexpr int32_t kReductionsPerSlice = kStress ? 20 : 4000;

// Native stack of the VM's own threads. Walks over terms are iterative, so this is for libraries
// (PCRE2, NIFs) and the sanitizers' larger frames.
inline constexpr size_t kThreadStackBytes = size_t{2} << 20;

// Address space (not memory) reserved for literals: membership is one subtract and compare. OTP
// reserves the same 1 GiB (`+MIscs`).
inline constexpr size_t kLiteralSpaceBytes = size_t{1} << 30;

}  // namespace joist
