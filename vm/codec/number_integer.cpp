#include <gmp.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "vm/codec/number.h"
#include "vm/heap/arith.h"
#include "vm/heap/builder.h"
#include "vm/term/bignum.h"
#include "vm/term/rules.h"

namespace joist {
namespace {

constexpr char kDigits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

// How many digits surely fit a limb, and the limb that follows the largest such number.
struct LimbDigits {
  unsigned count;
  Word power;
};
constexpr LimbDigits limb_digits(unsigned base) {
  LimbDigits result{0, 1};
  while (result.power <= ~Word{0} / base) {
    result.power *= base;
    ++result.count;
  }
  return result;
}

constexpr auto kLimbDigits = [] {
  std::array<LimbDigits, kMaxBase + 1> table{};
  for (unsigned base = kMinBase; base <= kMaxBase; ++base) table[base] = limb_digits(base);
  return table;
}();

// Up to so many limbs, converting limb by limb is faster than what GMP does for any size.
constexpr size_t kFewLimbs = 12;

// The digits of a limb, with zeros in front up to `least`. Inlined for base 10, where the
// compiler knows how to divide without a division.
[[gnu::always_inline]] inline char* put_limb(char* end, Word value, unsigned base, size_t least) {
  char* first = end;
  for (; value != 0 || static_cast<size_t>(end - first) < least; value /= base) {
    *--first = kDigits[value % base];
  }
  return first;
}
char* put_digits_before(char* end, Word value, unsigned base, size_t least) {
  return base == 10 ? put_limb(end, value, 10, least) : put_limb(end, value, base, least);
}

// Before `end`; destroys the limbs. Returns the first digit.
char* put_few_limbs(char* end, Word* limbs, size_t count, unsigned base) {
  LimbDigits chunk = kLimbDigits[base];
  while (count > 1) {
    auto* operand = reinterpret_cast<mp_limb_t*>(limbs);
    Word low = mpn_divrem_1(operand, 0, operand, static_cast<mp_size_t>(count), chunk.power);
    end = put_digits_before(end, low, base, chunk.count);
    count = big::trimmed(limbs, count);
  }
  return put_digits_before(end, limbs[0], base, 0);
}

// Reads digits into at most kFewLimbs; returns their number.
size_t take_few_limbs(Word* limbs, std::string_view digits, unsigned base) {
  LimbDigits chunk = kLimbDigits[base];
  size_t count = 0;
  size_t part = digits.size() % chunk.count;  // the first part is shorter than the others
  if (part == 0) part = chunk.count;
  for (; !digits.empty(); digits.remove_prefix(part), part = chunk.count) {
    Word value = 0;
    for (char c : digits.substr(0, part))
      value = value * base + digit_value(static_cast<uint8_t>(c));
    auto* operand = reinterpret_cast<mp_limb_t*>(limbs);
    auto size = static_cast<mp_size_t>(count);
    Word high = 0;
    if (count != 0) {
      high = mpn_mul_1(operand, operand, size, chunk.power);
      high += mpn_add_1(operand, operand, size, value);
    } else {
      high = value;
    }
    if (high != 0) limbs[count++] = high;
  }
  return count;
}

// Digit values 0..35 of the limbs, most significant first, into `digits`; destroys the limbs.
size_t put_digit_values(Word* limbs, size_t count, unsigned base, char* digits) {
  return mpn_get_str(reinterpret_cast<unsigned char*>(digits), static_cast<int>(base),
                     reinterpret_cast<mp_limb_t*>(limbs), static_cast<mp_size_t>(count));
}

// Memory that small cases take from the native stack.
template <typename Item, size_t kInline>
class Scratch {
 public:
  explicit Scratch(size_t count) {
    if (count > kInline) heap_.reset(new Item[count]);
  }
  Item* data() { return heap_ ? heap_.get() : inline_; }

 private:
  std::unique_ptr<Item[]> heap_;
  Item inline_[kInline];
};

}  // namespace

IntegerText::IntegerText(Term integer, unsigned base) {
  JOIST_ASSERT(base >= kMinBase && base <= kMaxBase);
  if (integer.is_small()) {
    of_small(integer.small_value(), base);
  } else {
    of_big(integer, base);
  }
}

char* IntegerText::reserve(size_t count) {
  if (count <= sizeof(inline_)) return inline_;
  heap_.reset(new char[count]);
  return heap_.get();
}

void IntegerText::of_small(int64_t value, unsigned base) {
  char* end = inline_ + sizeof(inline_);
  if (base == 10) {
    text_ = inline_;
    size_ = static_cast<size_t>(std::to_chars(inline_, end, value).ptr - inline_);
    return;
  }
  Word rest = big::magnitude(value);
  char* first = end;
  do {
    *--first = kDigits[rest % base];
    rest /= base;
  } while (rest != 0);
  if (value < 0) *--first = '-';
  text_ = first;
  size_ = static_cast<size_t>(end - first);
}

void IntegerText::of_big(Term integer, unsigned base) {
  big::Number n = big::of_term(integer, nullptr);
  auto base_int = static_cast<int>(base);
  size_t room = mpn_sizeinbase(reinterpret_cast<const mp_limb_t*>(n.limbs),
                               static_cast<mp_size_t>(n.count), base_int);
  char* first = reserve(1 + room + 1);
  Scratch<Word, 64> limbs(n.count + 1);
  std::copy_n(n.limbs, n.count, limbs.data());
  char* digits = first + 1;
  if (n.count <= kFewLimbs) {
    char* end = digits + room;
    digits = put_few_limbs(end, limbs.data(), n.count, base);
    if (n.negative) *--digits = '-';
    text_ = digits;
    size_ = static_cast<size_t>(end - digits);
    return;
  }
  size_t count = put_digit_values(limbs.data(), n.count, base, digits);
  while (count > 1 && *digits == 0) {
    ++digits;
    --count;
  }
  for (size_t i = 0; i < count; ++i) digits[i] = kDigits[static_cast<uint8_t>(digits[i])];
  if (n.negative) {
    *--digits = '-';
    ++count;
  }
  text_ = digits;
  size_ = count;
}

Term make_integer_from_digits(Allocator& heap, std::string_view digits, unsigned base,
                              bool negative) {
  while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
  if (digits.size() <= kLimbDigits[base].count) {
    Word value = 0;
    for (char c : digits) value = value * base + digit_value(static_cast<uint8_t>(c));
    if (value <= static_cast<Word>(Term::kMaxSmall) + negative) {
      auto small = static_cast<int64_t>(value);
      return Term::small(negative ? -small : small);
    }
    return make_big_limb(heap, negative, value);
  }
  if (digits.size() <= (kFewLimbs - 1) * kLimbDigits[base].count) {
    Word limbs[kFewLimbs];
    size_t count = take_few_limbs(limbs, digits, base);
    return make_integer_from_limbs(heap, limbs, count, negative);
  }
  // A digit is worth at most log2(base) bits, rounded up to a sixteenth.
  static constexpr uint8_t kSixteenths[kMaxBase + 1] = {
      0,  0,  16, 26, 32, 38, 42, 45, 48, 51, 54, 56, 58, 60, 61, 63, 64, 66, 67,
      68, 70, 71, 72, 73, 74, 75, 76, 77, 77, 78, 79, 80, 80, 81, 82, 83, 83};
  size_t room = digits.size() * kSixteenths[base] / (16 * big::kLimbBits) + 2;
  // The estimate is at most 1/8 too high.
  if (room > term_rules().max_big_limbs / 8 * 9 + 16) return Term::none();
  Scratch<unsigned char, 256> values(digits.size());
  for (size_t i = 0; i < digits.size(); ++i) {
    values.data()[i] = static_cast<unsigned char>(digit_value(static_cast<uint8_t>(digits[i])));
  }
  Scratch<Word, 64> limbs(room);
  mp_size_t count = mpn_set_str(reinterpret_cast<mp_limb_t*>(limbs.data()), values.data(),
                                digits.size(), static_cast<int>(base));
  return make_integer_from_limbs(heap, limbs.data(), static_cast<size_t>(count), negative);
}

ParsedInteger text_to_integer(Allocator& heap, std::string_view text, unsigned base) {
  constexpr ParsedInteger kMalformed = {TextStatus::kMalformed, Term::none()};
  bool negative = false;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    negative = text.front() == '-';
    text.remove_prefix(1);
  }
  if (text.empty()) return kMalformed;
  for (char c : text) {
    if (digit_value(static_cast<uint8_t>(c)) >= base) return kMalformed;
  }
  Term value = make_integer_from_digits(heap, text, base, negative);
  return {value.is_none() ? TextStatus::kSystemLimit : TextStatus::kOk, value};
}

}  // namespace joist
