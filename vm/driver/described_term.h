// Terms as drivers describe them to erl_drv_output_term and its kin: a program for a stack, of a
// tag and its arguments each (https://www.erlang.org/doc/man/erl_driver#erl_drv_output_term).
#pragma once

#include <optional>
#include <span>

#include "vm/heap/allocator.h"
#include "vm/proc/process.h"

namespace joist {

// nullopt: it is no such description.
std::optional<Term> described_term(const Runtime& runtime, Allocator& heap,
                                   std::span<const Word> description);

}  // namespace joist
