// Numbers to text and back (vm/codec/number.h has the formats).
//
// Up to OTP 26 list_to_integer and binary_to_integer are natives. From OTP 27 on they are Erlang
// code over erts_internal:list_to_integer/2 and binary_to_integer/2, which answer `big` for
// texts that are better converted piece by piece.
#include <string>

#include "bif/list_text.h"
#include "bif/registry.h"
#include "vm/codec/number.h"
#include "vm/heap/builder.h"
#include "vm/sched/dirty_call.h"
#include "vm/term/bits.h"

namespace joist {

namespace {

constexpr int64_t kDigitsPerReduction = 64;
// A text of so many digits is left to Erlang code, which can be preempted (OTP 27 on).
constexpr size_t kMostDigitsAtOnce = 20000;

bool to_base(Term term, unsigned* base) {
  if (!term.is_small()) return false;
  int64_t value = term.small_value();
  if (value < int64_t{kMinBase} || value > int64_t{kMaxBase}) return false;
  *base = static_cast<unsigned>(value);
  return true;
}

// --- integers to text ---

enum class Shape { kList, kBinary };

Term make_text(Process& p, std::string_view text, Shape shape) {
  return shape == Shape::kList ? make_string(p.allocator(), text)
                               : make_binary(p.allocator(), text);
}

// Longer ones take a dirty thread: the work grows faster than the number.
bool is_long_number(const Process& p, size_t digits) {
  return on_scheduler(p) && digits > kMostDigitsAtOnce;
}
bool is_long_number(const Process& p, Term integer) {
  constexpr size_t kDigitsPerWord = 20;  // of base 10
  return is_big(integer) && is_long_number(p, header_words(integer.header()) * kDigitsPerWord);
}

template <Shape kShape>
Term integer_to_text_1(Process& p, Term integer) {
  if (!is_integer(integer)) return p.badarg();
  if (is_long_number(p, integer)) return hand_over(p, {integer});
  IntegerText text(integer);
  p.charge(static_cast<int64_t>(text.text().size()) / kDigitsPerReduction);
  return make_text(p, text.text(), kShape);
}

template <Shape kShape>
Term integer_to_text_2(Process& p, Term integer, Term base_term) {
  unsigned base;
  if (!is_integer(integer) || !to_base(base_term, &base)) return p.badarg();
  if (is_long_number(p, integer)) return hand_over(p, {integer, base_term});
  IntegerText text(integer, base);
  p.charge(static_cast<int64_t>(text.text().size()) / kDigitsPerReduction);
  return make_text(p, text.text(), kShape);
}

// --- lists to integers ---

struct ListDigits {
  bool found;     // at least one digit
  bool negative;  // a sign came before them
  size_t count;
  Term first;  // the cell of the first digit
  Term rest;   // what follows the last one
};

// ERTS looks at an element's low byte only.
uint8_t character_of(Term element) { return static_cast<uint8_t>(element.small_value()); }

ListDigits scan_digits(Term list, unsigned base) {
  ListDigits digits{false, false, 0, list, list};
  if (list.is_list() && (list.head() == Term::small('-') || list.head() == Term::small('+'))) {
    digits.negative = list.head() == Term::small('-');
    list = list.tail();
  }
  digits.first = list;
  while (list.is_list() && list.head().is_small() &&
         digit_value(character_of(list.head())) < base) {
    ++digits.count;
    list = list.tail();
  }
  digits.rest = list;
  digits.found = digits.count != 0;
  return digits;
}

// none(): too large.
Term integer_of(Process& p, const ListDigits& digits, unsigned base) {
  p.charge(static_cast<int64_t>(digits.count) / kDigitsPerReduction);
  constexpr size_t kSureDigits = 11;  // less than 62 bits in any base
  if (digits.count <= kSureDigits) [[likely]] {
    int64_t value = 0;
    Term cell = digits.first;
    for (size_t i = 0; i < digits.count; ++i, cell = cell.tail()) {
      value = value * base + digit_value(character_of(cell.head()));
    }
    return Term::small(digits.negative ? -value : value);
  }
  ByteScratch scratch;
  uint8_t* text = scratch.reserve(digits.count);
  Term cell = digits.first;
  for (size_t i = 0; i < digits.count; ++i, cell = cell.tail()) text[i] = character_of(cell.head());
  std::string_view view(reinterpret_cast<const char*>(text), digits.count);
  return make_integer_from_digits(p.allocator(), view, base, digits.negative);
}

Term whole_list_to_integer(Process& p, Term list, unsigned base,
                           std::initializer_list<Term> arguments) {
  ListDigits digits = scan_digits(list, base);
  if (!digits.found || !digits.rest.is_nil()) return p.badarg();
  if (is_long_number(p, digits.count)) return hand_over(p, arguments);
  Term value = integer_of(p, digits, base);
  return value.is_none() ? p.system_limit() : value;
}

Term list_to_integer_1(Process& p, Term list) { return whole_list_to_integer(p, list, 10, {list}); }

Term list_to_integer_2(Process& p, Term list, Term base_term) {
  unsigned base;
  if (!to_base(base_term, &base)) return p.badarg();
  return whole_list_to_integer(p, list, base, {list, base_term});
}

Term error_pair(Process& p, Term reason) {
  return make_tuple(p.allocator(), {atoms::error, reason});
}

// string:list_to_integer/1: the integer at the head of a list, and the rest.
Term string_list_to_integer_1(Process& p, Term list) {
  if (!list.is_list() && !list.is_nil()) return error_pair(p, atoms::not_a_list);
  ListDigits digits = scan_digits(list, 10);
  if (!digits.found) return error_pair(p, atoms::no_integer);
  Term value = integer_of(p, digits, 10);
  if (value.is_none()) return p.system_limit();
  return make_tuple(p.allocator(), {value, digits.rest});
}

// erts_internal:list_to_integer/2
Term internal_list_to_integer_2(Process& p, Term list, Term base_term) {
  unsigned base;
  if (list.is_nil()) return atoms::no_integer;
  if (!list.is_list()) return atoms::not_a_list;
  if (!to_base(base_term, &base)) return atoms::badarg;
  ListDigits digits = scan_digits(list, base);
  if (!digits.found) return atoms::no_integer;
  if (digits.count > kMostDigitsAtOnce) return atoms::big;
  return make_tuple(p.allocator(), {integer_of(p, digits, base), digits.rest});
}

// --- binaries to integers ---

Term whole_binary_to_integer(Process& p, Term binary, unsigned base) {
  if (!is_binary(binary)) return p.badarg();
  ByteScratch scratch;
  ByteSpan bytes = binary_bytes(binary, scratch);
  p.charge(static_cast<int64_t>(bytes.size()) / kDigitsPerReduction);
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  ParsedInteger parsed = text_to_integer(p.allocator(), text, base);
  switch (parsed.status) {
    case TextStatus::kOk:
      return parsed.value;
    case TextStatus::kMalformed:
      return p.badarg();
    case TextStatus::kSystemLimit:
      return p.system_limit();
  }
  __builtin_unreachable();
}

bool is_long_text(const Process& p, Term binary) {
  return is_binary(binary) && is_long_number(p, bits_size(binary) / 8);
}

Term binary_to_integer_1(Process& p, Term binary) {
  if (is_long_text(p, binary)) return hand_over(p, {binary});
  return whole_binary_to_integer(p, binary, 10);
}

Term binary_to_integer_2(Process& p, Term binary, Term base_term) {
  unsigned base;
  if (!to_base(base_term, &base)) return p.badarg();
  if (is_long_text(p, binary)) return hand_over(p, {binary, base_term});
  return whole_binary_to_integer(p, binary, base);
}

// erts_internal:binary_to_integer/2
Term internal_binary_to_integer_2(Process& p, Term binary, Term base_term) {
  unsigned base;
  if (!to_base(base_term, &base) || !is_binary(binary)) return atoms::badarg;
  if (bits_size(binary) / 8 > kMostDigitsAtOnce) return atoms::big;
  Term value = whole_binary_to_integer(p, binary, base);
  return value.is_none() ? atoms::badarg : value;
}

// --- floats ---

struct FloatFormat {
  enum Kind { kScientific, kDecimals, kShort } kind = kScientific;
  int decimals = kDefaultFloatDigits;
  bool compact = false;
};

// The last of several options counts.
bool read_format(Term options, FloatFormat* format) {
  for (; options.is_list(); options = options.tail()) {
    Term option = options.head();
    if (option == atoms::compact) {
      format->compact = true;
    } else if (option == atoms::short_) {
      format->kind = FloatFormat::kShort;
    } else if (is_tuple(option) && tuple_size(option) == 2 &&
               tuple_elements(option)[1].is_small()) {
      Term name = tuple_elements(option)[0];
      if (name != atoms::decimals && name != atoms::scientific) return false;
      format->kind = name == atoms::decimals ? FloatFormat::kDecimals : FloatFormat::kScientific;
      // As in ERTS, what does not fit an int loses its upper half.
      format->decimals = static_cast<int>(tuple_elements(option)[1].small_value());
    } else {
      return false;
    }
  }
  return options.is_nil();
}

Term float_to_text(Process& p, Term number, Term options, Shape shape) {
  FloatFormat format;
  if (!is_float(number) || !read_format(options, &format)) return p.badarg();
  double value = float_value(number);
  char buffer[kFloatTextRoom];
  size_t size = 0;
  switch (format.kind) {
    case FloatFormat::kScientific:
      size = float_to_scientific(value, format.decimals, buffer);
      break;
    case FloatFormat::kDecimals:
      size = float_to_decimals(value, format.decimals, format.compact, buffer);
      break;
    case FloatFormat::kShort:
      size = float_to_shortest(value, buffer);
      break;
  }
  if (size == 0) return p.badarg();
  return make_text(p, {buffer, size}, shape);
}

template <Shape kShape>
Term float_to_text_1(Process& p, Term number) {
  return float_to_text(p, number, Term::nil(), kShape);
}
template <Shape kShape>
Term float_to_text_2(Process& p, Term number, Term options) {
  return float_to_text(p, number, options, kShape);
}

Term parsed_float(Process& p, std::string_view text) {
  std::optional<double> value = text_to_float(text);
  return value ? make_float(p.allocator(), *value) : p.badarg();
}

Term list_to_float_1(Process& p, Term list) {
  ListText text;
  return text.read(list) ? parsed_float(p, text.text()) : p.badarg();
}

Term binary_to_float_1(Process& p, Term binary) {
  if (!is_binary(binary)) return p.badarg();
  ByteScratch scratch;
  ByteSpan bytes = binary_bytes(binary, scratch);
  return parsed_float(p, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

// Takes characters from the head of a list while they belong to a float.
class FloatScanner {
 public:
  explicit FloatScanner(Term list) : rest_(list) {}
  Term rest() const { return rest_; }
  const std::string& text() const { return text_; }

  bool take_any(std::string_view characters) {
    int64_t c = peek();
    if (c < 0 || c > 127 || characters.find(static_cast<char>(c)) == characters.npos) return false;
    text_ += static_cast<char>(c);
    rest_ = rest_.tail();
    return true;
  }
  bool take_digits() {
    bool any = false;
    while (take_any("0123456789")) any = true;
    return any;
  }

  bool take_float() {
    take_any("+-");
    if (!take_digits() || !take_any(".,") || !take_digits()) return false;
    // What looked like an exponent but has no digits belongs to the rest.
    Term rest = rest_;
    size_t size = text_.size();
    if (take_any("eE")) {
      take_any("+-");
      if (!take_digits()) {
        rest_ = rest;
        text_.resize(size);
      }
    }
    return true;
  }

 private:
  int64_t peek() const {
    return rest_.is_list() && rest_.head().is_small() ? rest_.head().small_value() : -1;
  }

  Term rest_;
  std::string text_;
};

// string:list_to_float/1: the float at the head of a list, and the rest.
Term string_list_to_float_1(Process& p, Term list) {
  if (!list.is_list() && !list.is_nil()) return error_pair(p, atoms::not_a_list);
  FloatScanner scanner(list);
  if (!scanner.take_float()) return error_pair(p, atoms::no_float);
  std::optional<double> value = text_to_float(scanner.text());
  if (!value) return error_pair(p, atoms::no_float);
  return make_tuple(p.allocator(), {make_float(p.allocator(), *value), scanner.rest()});
}

constexpr NativeEntry kErlangConvertNatives[] = {
    {"erlang", "binary_to_float", native<binary_to_float_1>},
    {"erlang", "binary_to_integer", native<binary_to_integer_1>, kShadowable},
    {"erlang", "binary_to_integer", native<binary_to_integer_2>, kShadowable},
    {"erlang", "float_to_binary", native<float_to_text_1<Shape::kBinary>>},
    {"erlang", "float_to_binary", native<float_to_text_2<Shape::kBinary>>},
    {"erlang", "float_to_list", native<float_to_text_1<Shape::kList>>},
    {"erlang", "float_to_list", native<float_to_text_2<Shape::kList>>},
    {"erlang", "integer_to_binary", native<integer_to_text_1<Shape::kBinary>>},
    {"erlang", "integer_to_binary", native<integer_to_text_2<Shape::kBinary>>},
    {"erlang", "integer_to_list", native<integer_to_text_1<Shape::kList>>},
    {"erlang", "integer_to_list", native<integer_to_text_2<Shape::kList>>},
    {"erlang", "list_to_float", native<list_to_float_1>},
    {"erlang", "list_to_integer", native<list_to_integer_1>, kShadowable},
    {"erlang", "list_to_integer", native<list_to_integer_2>, kShadowable},
    {"erts_internal", "binary_to_integer", native<internal_binary_to_integer_2>},
    {"erts_internal", "list_to_integer", native<internal_list_to_integer_2>},
    {"string", "list_to_float", native<string_list_to_float_1>},
    {"string", "list_to_integer", native<string_list_to_integer_1>, kShadowable},
};

}  // namespace

std::span<const NativeEntry> erlang_convert_natives() { return kErlangConvertNatives; }

}  // namespace joist
