// Making native records (OTP 29) and the reasons of their errors.
#pragma once

#include <span>

#include "vm/heap/allocator.h"
#include "vm/term/record.h"

namespace joist {

// `values` in the order of the definition's fields.
Term make_record(Allocator& heap, const RecordDefinition* definition, std::span<const Term> values);

// {Error, {{Module, Name}, Field}}: `error` is badfield or novalue.
Term make_field_reason(Allocator& heap, Term error, Term module, Term name, Term field);

}  // namespace joist
