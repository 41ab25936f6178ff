// The tables of a .beam file: one function a chunk, each filling its part of a BeamFile and
// checking what it reads. All numbers are 32 bits, big-endian.
//
//   AtU8  count (negative: lengths are tagged numbers, else one byte), then length, UTF-8 bytes
//   Atom  the same in Latin-1, before OTP 20
//   ImpT  count, then module atom, function atom, arity
//   ExpT  count, then function atom, arity, label          LocT likewise
//   FunT  count, then function atom, arity, label, index, free variables, old unique number
//   LitT  size when decompressed (0: not compressed), then zlib data of: count, then size, term
//   Code  size of the rest of the header, format 0, highest opcode, labels, functions; then code
#pragma once

#include "loader/beam_file.h"
#include "vm/base/bytes.h"
#include "vm/base/result.h"

namespace joist {

enum class AtomEncoding { kUtf8, kLatin1 };

Result<void> parse_atoms(BeamFile& file, ByteSpan chunk, AtomEncoding encoding);

// These refer to atoms, so they come after parse_atoms().
Result<void> parse_imports(BeamFile& file, ByteSpan chunk);
Result<std::vector<FunctionEntry>> parse_functions(const BeamFile& file, ByteSpan chunk);
Result<void> parse_lambdas(BeamFile& file, ByteSpan chunk);

Result<void> parse_literals(BeamFile& file, ByteSpan chunk);

// Fills the numbers of the header and returns the bytes of the code itself.
Result<ByteSpan> parse_code_header(BeamFile& file, ByteSpan chunk);

// Whether `bytes` is well-formed UTF-8 without surrogates; `characters` counts them.
bool check_utf8(ByteSpan bytes, size_t& characters);

inline std::string_view text_of(ByteSpan bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace joist
