// The Recs chunk (OTP 29): definitions of native records.
//
//   version 0, records, fields; then for each record, written as a call_last instruction:
//   name (atom), exported (true or false), list of: field (atom), default value (an unsigned
//   number: none)
#pragma once

#include "loader/beam_file.h"
#include "vm/base/bytes.h"
#include "vm/base/result.h"

namespace joist {

// Needs atoms, literals and types; big integers among the defaults go to file.code.
Result<void> parse_records(BeamFile& file, ByteSpan chunk);

}  // namespace joist
