// Integers and floats as text, in the forms that Erlang's conversion natives, the printer and
// the external format use. Independent of the C locale.
//
//   integer  [+-] digit...                              digits 0-9 A-Z, a-z accepted
//   float    [+-] digit... (. | ,) digit... [(e|E) [+-] digit...]
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "vm/heap/allocator.h"

namespace joist {

inline constexpr unsigned kMinBase = 2;
inline constexpr unsigned kMaxBase = 36;

// --- integers ---

// The text of an integer: capital letters for digits above 9, '-' before a negative one.
class IntegerText {
 public:
  explicit IntegerText(Term integer, unsigned base = 10);
  std::string_view text() const { return {text_, size_}; }

 private:
  char* reserve(size_t count);
  void of_small(int64_t value, unsigned base);
  void of_big(Term integer, unsigned base);

  const char* text_ = nullptr;
  size_t size_ = 0;
  char inline_[128];
  std::unique_ptr<char[]> heap_;
};

// The value of a digit, kMaxBase for a character that is none.
inline constexpr auto kDigitValues = [] {
  std::array<uint8_t, 256> values{};
  values.fill(kMaxBase);
  for (uint8_t i = 0; i < 10; ++i) values[static_cast<uint8_t>('0' + i)] = i;
  for (uint8_t i = 10; i < kMaxBase; ++i) {
    values[static_cast<uint8_t>('A' + i - 10)] = i;
    values[static_cast<uint8_t>('a' + i - 10)] = i;
  }
  return values;
}();
inline unsigned digit_value(uint8_t character) { return kDigitValues[character]; }

// The number that digits (at least one, all valid in `base`) stand for, negated if `negative`.
// none(): it has more limbs than term_rules().max_big_limbs.
Term make_integer_from_digits(Allocator& heap, std::string_view digits, unsigned base,
                              bool negative);

// A whole text as an integer.
enum class TextStatus : uint8_t { kOk, kMalformed, kSystemLimit };
struct ParsedInteger {
  TextStatus status;
  Term value;
};
ParsedInteger text_to_integer(Allocator& heap, std::string_view text, unsigned base);

// --- floats ---

// Room for any text that the functions below write. They return the text's length, 0 where it
// would be longer than 255 characters (OTP refuses that) or `decimals` is out of range.
inline constexpr size_t kFloatTextRoom = 256;
using FloatBuffer = std::span<char, kFloatTextRoom>;

inline constexpr int kDefaultFloatDigits = 20;
// d.ddde+dd; a negative `decimals` stands for six.
size_t float_to_scientific(double value, int decimals, FloatBuffer buffer);
// d.ddd; compact drops trailing zeros. As ERTS computes it: values up to 2^53 are split into
// integer and fraction, and the fraction is rounded after scaling.
size_t float_to_decimals(double value, int decimals, bool compact, FloatBuffer buffer);
// The shortest text that reads back as the same float, as float_to_list(F, [short]) and
// io_lib:format("~p") write it.
size_t float_to_shortest(double value, FloatBuffer buffer);

// nullopt: malformed, or beyond the range of doubles. A text too small for a double is 0.0.
std::optional<double> text_to_float(std::string_view text);

}  // namespace joist
