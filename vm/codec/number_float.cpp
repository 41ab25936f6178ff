#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "vm/codec/number.h"

namespace joist {
namespace {

// The length that OTP refuses is that of the C string with its terminator.
constexpr size_t kLongestFloatText = kFloatTextRoom - 1;
constexpr double kTwoTo53 = 9007199254740992.0;

size_t printed(FloatBuffer buffer, std::to_chars_result result) {
  if (result.ec != std::errc()) return 0;
  auto size = static_cast<size_t>(result.ptr - buffer.data());
  return size > kLongestFloatText ? 0 : size;
}

// Without the zeros at the end, but with one behind a decimal point. (In a text without a point
// OTP drops zeros, too.)
size_t without_trailing_zeros(const char* text, size_t size) {
  while (text[size - 1] == '0') --size;
  return text[size - 1] == '.' ? size + 1 : size;
}

struct Decimal {
  char digits[20];  // significant ones, without zeros at the end
  int count;
  int exponent;  // of the last digit: value = digits * 10^exponent
};

// The shortest digits that read back as `value` (positive).
Decimal shortest_digits(double value) {
  char text[32];
  char* end = std::to_chars(text, text + sizeof(text), value, std::chars_format::scientific).ptr;
  char* mark = std::find(text, end, 'e');
  Decimal decimal{};
  for (const char* c = text; c != mark; ++c) {
    if (*c != '.') decimal.digits[decimal.count++] = *c;
  }
  const char* exponent = mark + 1;
  if (*exponent == '+') ++exponent;
  std::from_chars(exponent, end, decimal.exponent);
  decimal.exponent -= decimal.count - 1;
  return decimal;
}

// Where OTP changes from 1234.5 to 1.2345e3: it takes the shorter form, the plain one if both
// are equal, and the scientific one for integers that a double does not count one by one.
bool is_plain(const Decimal& decimal, double value) {
  if (std::fabs(value) >= kTwoTo53 && decimal.exponent >= 0) return false;
  int scientific = decimal.exponent + decimal.count - 1;
  int lower = decimal.count == 1 ? -4 : -(decimal.count + 2);
  int upper = decimal.count == 1 || scientific >= 10 ? 2 : 1;
  return lower <= decimal.exponent && decimal.exponent <= upper;
}

char* put(char* to, const char* from, int count) {
  std::memcpy(to, from, static_cast<size_t>(count));
  return to + count;
}
char* put_zeros(char* to, int count) { return std::fill_n(to, count, '0'); }

char* put_plain(char* to, const Decimal& decimal) {
  int whole = decimal.count + decimal.exponent;  // digits before the point
  if (decimal.exponent >= 0) {
    to = put(to, decimal.digits, decimal.count);
    to = put_zeros(to, decimal.exponent);
    return put(to, ".0", 2);
  }
  if (whole > 0) {
    to = put(to, decimal.digits, whole);
    *to++ = '.';
    return put(to, decimal.digits + whole, decimal.count - whole);
  }
  to = put(to, "0.", 2);
  to = put_zeros(to, -whole);
  return put(to, decimal.digits, decimal.count);
}

char* put_scientific(char* to, char* end, const Decimal& decimal) {
  *to++ = decimal.digits[0];
  *to++ = '.';
  if (decimal.count == 1) {
    *to++ = '0';
  } else {
    to = put(to, decimal.digits + 1, decimal.count - 1);
  }
  *to++ = 'e';
  return std::to_chars(to, end, decimal.exponent + decimal.count - 1).ptr;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

size_t skip_digits(std::string_view text, size_t at) {
  while (at < text.size() && is_digit(text[at])) ++at;
  return at;
}

// The power of ten of the first digit that is not zero; 0 where all are.
long leading_exponent(std::string_view text, size_t point, size_t fraction_end) {
  for (size_t i = 0; i < fraction_end; ++i) {
    if (!is_digit(text[i]) || text[i] == '0') continue;
    auto distance = static_cast<long>(point) - static_cast<long>(i);
    return distance > 0 ? distance - 1 : distance;
  }
  return 0;
}

// What from_chars found out of range: too small gives zero, too large nothing.
std::optional<double> out_of_range(std::string_view text, size_t point, size_t fraction_end) {
  long exponent = 0;
  if (fraction_end < text.size()) {
    size_t from = fraction_end + 1;
    if (text[from] == '+') ++from;
    auto parsed = std::from_chars(text.data() + from, text.data() + text.size(), exponent);
    if (parsed.ec != std::errc()) exponent = text[from] == '-' ? -1000000 : 1000000;
  }
  if (exponent + leading_exponent(text, point, fraction_end) > 0) return std::nullopt;
  return text.front() == '-' ? -0.0 : 0.0;
}

}  // namespace

size_t float_to_scientific(double value, int decimals, FloatBuffer buffer) {
  if (decimals < 0) decimals = 6;
  char* end = buffer.data() + buffer.size();
  return printed(buffer,
                 std::to_chars(buffer.data(), end, value, std::chars_format::scientific, decimals));
}

size_t float_to_decimals(double value, int decimals, bool compact, FloatBuffer buffer) {
  static constexpr double kPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                       1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};
  if (decimals < 0) return 0;
  char* text = buffer.data();
  char* end = text + buffer.size();
  double magnitude = std::fabs(value);
  if (magnitude > kTwoTo53 || decimals >= static_cast<int>(std::size(kPowers))) {
    size_t size =
        printed(buffer, std::to_chars(text, end, value, std::chars_format::fixed, decimals));
    return compact && size != 0 ? without_trailing_zeros(text, size) : size;
  }
  char* to = text;
  if (std::signbit(value)) *to++ = '-';
  if (decimals == 0) {
    to = std::to_chars(to, end, static_cast<uint64_t>(std::round(magnitude))).ptr;
    return static_cast<size_t>(to - text);
  }
  double whole = std::floor(magnitude);
  double scaled = std::round((magnitude - whole) * kPowers[decimals]);
  auto integer = static_cast<uint64_t>(whole);
  auto fraction = static_cast<uint64_t>(scaled);
  if (scaled >= kPowers[decimals]) {
    ++integer;
    fraction = 0;
  }
  to = std::to_chars(to, end, integer).ptr;
  *to++ = '.';
  for (int i = decimals; i-- > 0; fraction /= 10) to[i] = static_cast<char>('0' + fraction % 10);
  to += decimals;
  auto size = static_cast<size_t>(to - text);
  return compact ? without_trailing_zeros(text, size) : size;
}

size_t float_to_shortest(double value, FloatBuffer buffer) {
  char* to = buffer.data();
  if (std::signbit(value)) *to++ = '-';
  double magnitude = std::fabs(value);
  if (magnitude == 0) {
    to = put(to, "0.0", 3);
  } else {
    Decimal decimal = shortest_digits(magnitude);
    to = is_plain(decimal, magnitude) ? put_plain(to, decimal)
                                      : put_scientific(to, buffer.data() + buffer.size(), decimal);
  }
  return static_cast<size_t>(to - buffer.data());
}

std::optional<double> text_to_float(std::string_view text) {
  // ERTS reads a C string.
  text = text.substr(0, text.find('\0'));
  if (!text.empty() && text.front() == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text.front() == '-') return std::nullopt;
  }
  size_t at = !text.empty() && text.front() == '-' ? 1 : 0;
  size_t point = skip_digits(text, at);
  if (point == at || point == text.size()) return std::nullopt;
  if (text[point] != '.' && text[point] != ',') return std::nullopt;
  size_t fraction_end = skip_digits(text, point + 1);
  if (fraction_end == point + 1) return std::nullopt;
  at = fraction_end;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    size_t exponent_end = skip_digits(text, at);
    if (exponent_end == at) return std::nullopt;
    at = exponent_end;
  }
  if (at != text.size()) return std::nullopt;

  std::unique_ptr<char[]> with_point;
  if (text[point] == ',') {
    // ERTS reads up to the comma first, and gives up where that is too large already.
    double whole = 0;
    auto parsed = std::from_chars(text.data(), text.data() + point, whole);
    if (parsed.ec != std::errc() || !std::isfinite(whole)) return std::nullopt;
    with_point.reset(new char[text.size()]);
    std::copy(text.begin(), text.end(), with_point.get());
    with_point[point] = '.';
    text = {with_point.get(), text.size()};
  }
  double value = 0;
  auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc()) return out_of_range(text, point, fraction_end);
  if (!std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace joist
