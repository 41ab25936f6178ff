// A term: one 64-bit word whose low bits say what it is.
//
//   63                                   3 2 1 0
//   +-------------------------------------+-----+
//   | signed integer, 62 bits             | 0 0 |  small
//   | double, rotated (see below)         | 1 0 |  float held in the word
//   | address of a list cell            0 | 0 1 |  list: two words, head then tail
//   | address of a header word          1 | 0 1 |  boxed: see boxed.h
//   | payload, 58 bits      | subtag,3  0 | 1 1 |  other immediates
//   | words that follow, 56 | kind, 5   1 | 1 1 |  header of a boxed object; never a value
//   +-------------------------------------+-----+
//
// A word is a pointer exactly when its two low bits are 01. Header words, and the return
// addresses that calls push on a process' stack (address | 7), end in 111, so that a scan over
// heap or stack words needs to look at nothing but the word itself.
//
// Floats: adding 2^60 to the bits of a double makes its exponent's top bits 10 for all doubles
// between about 2^-255 and 2^256; a rotation to the left by three then brings these two bits to
// the place of the tag. (Self-tagging: Melançon, Serrano, Feeley, "Float Self-Tagging", 2024.)
// The word 2 would be 2^-255 exactly; it stands for 0.0 instead. All others, among them
// -0.0, are boxed. An encodable double is always in the word, so equal words, equal floats.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "vm/base/check.h"

namespace joist {

using Word = uint64_t;

enum class Immediate : uint8_t { kAtom, kPid, kPort, kCatch, kNil, kNone };

class Term {
 public:
  Term() = default;
  static constexpr Term from_bits(Word bits) { return Term(bits); }
  constexpr Word bits() const { return bits_; }

  // Same word. For immediates (small, float in word, atom, nil, local pid and port) that is
  // equality; for boxed terms it is identity, and vm/term/compare.h decides.
  friend constexpr bool operator==(Term a, Term b) { return a.bits_ == b.bits_; }

  // --- small integers ---
  static constexpr int64_t kMaxSmall = (int64_t{1} << 61) - 1;
  static constexpr int64_t kMinSmall = -(int64_t{1} << 61);
  static constexpr bool fits_small(int64_t value) {
    return value >= kMinSmall && value <= kMaxSmall;
  }
  static constexpr Term small(int64_t value) { return Term(static_cast<Word>(value) << 2); }
  constexpr bool is_small() const { return (bits_ & 3) == 0; }
  constexpr int64_t small_value() const { return static_cast<int64_t>(bits_) >> 2; }
  static constexpr bool both_small(Term a, Term b) { return ((a.bits_ | b.bits_) & 3) == 0; }

  // --- floats held in the word ---
  static bool fits_word_float(double value) {
    Word word = rotated(value);
    return ((word & 3) == kFloatTag && word != kZeroFloat) || std::bit_cast<Word>(value) == 0;
  }
  // Precondition: fits_word_float(value).
  static Term word_float(double value) {
    return Term(std::bit_cast<Word>(value) == 0 ? kZeroFloat : rotated(value));
  }
  constexpr bool is_word_float() const { return (bits_ & 3) == kFloatTag; }
  double word_float_value() const {
    if (bits_ == kZeroFloat) return 0.0;
    return std::bit_cast<double>(std::rotr(bits_, 3) - kFloatBias);
  }

  // --- pointers ---
  static Term list(const Word* cell) { return Term(reinterpret_cast<Word>(cell) | 1); }
  static Term boxed(const Word* header) { return Term(reinterpret_cast<Word>(header) | 5); }
  constexpr bool is_pointer() const { return (bits_ & 3) == 1; }
  constexpr bool is_list() const { return (bits_ & 7) == 1; }  // a cell; nil is not
  constexpr bool is_boxed() const { return (bits_ & 7) == 5; }
  Word* cell() const {
    JOIST_ASSERT(is_list());
    return reinterpret_cast<Word*>(bits_ - 1);
  }
  Word* object() const {
    JOIST_ASSERT(is_boxed());
    return reinterpret_cast<Word*>(bits_ - 5);
  }
  Word header() const { return *object(); }
  Term head() const { return Term(cell()[0]); }
  Term tail() const { return Term(cell()[1]); }

  // --- other immediates ---
  static constexpr Term immediate(Immediate kind, Word payload) {
    return Term(payload << 6 | immediate_tag(kind));
  }
  constexpr bool is_immediate(Immediate kind) const {
    return (bits_ & 0x3f) == immediate_tag(kind);
  }
  constexpr Word payload() const { return bits_ >> 6; }

  static constexpr Term atom(uint32_t index) { return immediate(Immediate::kAtom, index); }
  static constexpr Term nil() { return immediate(Immediate::kNil, 0); }
  // No term: the result of a native that did not return a value, an empty slot.
  static constexpr Term none() { return immediate(Immediate::kNone, 0); }
  static constexpr Term local_pid(Word number) { return immediate(Immediate::kPid, number); }
  static constexpr Term local_port(Word number) { return immediate(Immediate::kPort, number); }

  constexpr bool is_atom() const { return is_immediate(Immediate::kAtom); }
  constexpr bool is_nil() const { return bits_ == nil().bits_; }
  constexpr bool is_none() const { return bits_ == none().bits_; }
  constexpr bool is_local_pid() const { return is_immediate(Immediate::kPid); }
  constexpr bool is_local_port() const { return is_immediate(Immediate::kPort); }
  constexpr bool is_catch() const { return is_immediate(Immediate::kCatch); }
  constexpr uint32_t atom_index() const { return static_cast<uint32_t>(payload()); }

  // --- words that are no values ---
  constexpr bool is_header() const { return (bits_ & 7) == 7; }

 private:
  static constexpr Word kFloatTag = 2;
  static constexpr Word kZeroFloat = 2;
  static constexpr Word kFloatBias = Word{1} << 60;

  explicit constexpr Term(Word bits) : bits_(bits) {}
  static Word rotated(double value) {
    return std::rotl(std::bit_cast<Word>(value) + kFloatBias, 3);
  }
  static constexpr Word immediate_tag(Immediate kind) { return static_cast<Word>(kind) << 3 | 3; }

  Word bits_;
};

static_assert(sizeof(Term) == 8);

}  // namespace joist
