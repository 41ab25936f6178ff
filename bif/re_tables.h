// The character tables that regular expressions of OTP 25 and 27 are compiled with: bytes above
// 127 are Latin-1 characters, so that \w matches å and caseless folds å and Å without `unicode`.
// (From OTP 28 on they are no letters at all: PCRE2's own tables.)
//
// Layout, as PCRE2's pcre2_maketables makes it (pcre2_internal.h): lower case[256], other
// case[256], ten bitmaps of 32 bytes (space, xdigit, digit, upper, lower, word, graph, print,
// punct, cntrl), types[256].
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace joist {

inline constexpr size_t kRegexTableBytes = 256 + 256 + 10 * 32 + 256;
using RegexTable = std::array<uint8_t, kRegexTableBytes>;

// With `latin1` false: the same for ASCII alone, which is what PCRE2 has built in.
constexpr RegexTable make_regex_table(bool latin1);

namespace detail {

struct RegexClasses {
  bool space, xdigit, digit, upper, lower, letter, graph, print, cntrl;
};

constexpr RegexClasses regex_classes(int c, bool latin1) {
  RegexClasses is{};
  bool high = latin1 && c >= 0xA0;
  bool high_upper = high && c >= 0xC0 && c <= 0xDE && c != 0xD7;
  bool high_lower = high && ((c >= 0xDF && c != 0xF7) || c == 0xAA || c == 0xB5 || c == 0xBA);
  is.space = c == ' ' || (c >= 9 && c <= 13);
  is.digit = c >= '0' && c <= '9';
  is.xdigit = is.digit || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
  is.upper = (c >= 'A' && c <= 'Z') || high_upper;
  is.lower = (c >= 'a' && c <= 'z') || high_lower;
  is.letter = is.upper || is.lower;
  is.graph = (c > 32 && c < 127) || high;
  is.print = is.graph || c == ' ';
  is.cntrl = c < 32 || c == 127 || (latin1 && c >= 0x80 && c < 0xA0);
  return is;
}

// The letter in the other case, or the character itself.
constexpr int regex_other_case(int c, bool latin1) {
  RegexClasses is = regex_classes(c, latin1);
  bool has_no_partner = c == 0xAA || c == 0xB5 || c == 0xBA || c == 0xDF || c == 0xFF;
  if (!is.letter || has_no_partner) return c;
  return is.upper ? c + 32 : c - 32;
}

}  // namespace detail

constexpr RegexTable make_regex_table(bool latin1) {
  RegexTable table{};
  constexpr size_t kBitmaps = 512;
  constexpr size_t kTypes = kBitmaps + 10 * 32;
  for (int c = 0; c < 256; ++c) {
    detail::RegexClasses is = detail::regex_classes(c, latin1);
    int other = detail::regex_other_case(c, latin1);
    bool word = is.letter || is.digit || c == '_';
    bool punct = is.graph && !is.letter && !is.digit;
    table[static_cast<size_t>(c)] = static_cast<uint8_t>(is.upper ? other : c);
    table[256 + static_cast<size_t>(c)] = static_cast<uint8_t>(other);
    const bool classes[10] = {is.space, is.xdigit, is.digit, is.upper, is.lower,
                              word,     is.graph,  is.print, punct,    is.cntrl};
    for (size_t i = 0; i < 10; ++i) {
      if (classes[i]) {
        table[kBitmaps + i * 32 + static_cast<size_t>(c) / 8] |= static_cast<uint8_t>(1 << (c & 7));
      }
    }
    table[kTypes + static_cast<size_t>(c)] =
        static_cast<uint8_t>((is.space ? 0x01 : 0) | (is.letter ? 0x02 : 0) |
                             (is.lower ? 0x04 : 0) | (is.digit ? 0x08 : 0) | (word ? 0x10 : 0));
  }
  return table;
}

}  // namespace joist
