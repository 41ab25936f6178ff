// Iodata: bytes (0..255), binaries, and lists of these, whose tails may be binaries too. With
// kBits, bitstrings of any size take the place of binaries.
//
// All walks are iterative; nothing is copied on the way to its destination.
#pragma once

#include <optional>
#include <vector>

#include "vm/heap/builder.h"
#include "vm/term/bits.h"

namespace joist {

enum class IolistKind { kBytes, kBits };

// Size in bits. nullopt: not iodata.
std::optional<size_t> iolist_bits(Term iodata, IolistKind kind = IolistKind::kBytes);
// Size in bytes of iodata without odd bits.
inline std::optional<size_t> iolist_size(Term iodata) {
  std::optional<size_t> bits = iolist_bits(iodata);
  if (bits) *bits /= 8;
  return bits;
}

// Writes all of it. Preconditions: iolist_bits() accepts it, and there is room for as many bits.
// Padding of the last byte is zero.
void iolist_write(Term iodata, uint8_t* bytes);

// One binary (bitstring) of it all; the binary itself where it is the only part. none(): not
// iodata.
Term iolist_to_bits(Allocator& heap, Term iodata, IolistKind kind = IolistKind::kBytes);

// A list of binaries, none empty, that make up the iodata: small parts are joined, large binaries
// are referred to. The parts are cut as OTP does. none(): not iodata.
Term iolist_to_iovec(Allocator& heap, Term iodata);

// The bytes of iodata in one piece, in place where it is a binary. Valid while `term` stays.
class IolistBytes {
 public:
  // False: not iodata.
  bool load(Term iodata);
  ByteSpan bytes() const { return bytes_; }

 private:
  ByteSpan bytes_;
  ByteScratch scratch_;
};

}  // namespace joist
