// Character data, as the functions of the module unicode take it, into UTF-8 bytes:
//
//   chardata :: binary | list
//   list     :: [] | [element | list] | [element | binary]
//   element  :: code point | binary | list
//
// where binaries are UTF-8 or Latin-1, and a UTF-8 character may span neighbouring binaries. Two
// passes: measure_characters says how many bytes to have, put_characters fills them in and can
// stop after any amount of work. What it has not converted (because it paused, or because of an
// error) is again chardata, of the shape that Erlang code sees in error tuples.
#pragma once

#include "vm/heap/allocator.h"

namespace joist {

enum class CharacterEncoding : uint8_t { kUtf8, kLatin1 };

struct CharacterMeasure {
  bool ok;       // false: no chardata at all (badarg)
  size_t bytes;  // put_characters writes no more than this
  size_t work;   // elements and bytes looked at
};
// Numbers are not checked here: put_characters reports those that are no characters. A bignum
// ends the pass, as it will end the other one.
CharacterMeasure measure_characters(Term data, CharacterEncoding encoding);

// Where the bytes go, kept between calls.
struct CharacterSink {
  CharacterEncoding encoding;
  uint8_t* bytes;
  size_t size = 0;  // written so far
  // A character begun by the last binary, not counted in size.
  uint8_t partial[4];
  uint8_t partial_size = 0;
};

enum class PutStatus : uint8_t { kDone, kPaused, kError };
struct PutCharacters {
  PutStatus status;
  Term rest;  // nil when done
};
// Spends about `budget` (elements and bytes), which it lowers to what is left.
PutCharacters put_characters(Allocator& heap, Term data, CharacterSink& sink, int64_t* budget);

}  // namespace joist
