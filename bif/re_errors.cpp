#include "bif/re_errors.h"

#include <algorithm>

namespace joist {

namespace {

// Texts of PCRE 8.44 where PCRE2 has others, by PCRE2's code.
struct OldText {
  int code;
  const char* text;
};
constexpr OldText kOldTexts[] = {
    {PCRE2_ERROR_ESCAPE_INVALID_IN_CLASS, "invalid escape sequence in character class"},
    {PCRE2_ERROR_QUANTIFIER_INVALID, "nothing to repeat"},
    {PCRE2_ERROR_MISSING_CLOSING_PARENTHESIS, "missing )"},
    {PCRE2_ERROR_MISSING_COMMENT_CLOSING, "missing ) after comment"},
    {PCRE2_ERROR_PARENTHESES_NEST_TOO_DEEP, "parentheses are too deeply nested"},
    {PCRE2_ERROR_HEAP_FAILED, "failed to get memory"},
    {PCRE2_ERROR_UNMATCHED_CLOSING_PARENTHESIS, "unmatched parentheses"},
    {PCRE2_ERROR_MISSING_CONDITION_CLOSING, "malformed number or name after (?("},
    {PCRE2_ERROR_ZERO_RELATIVE_REFERENCE, "a numbered reference must not be zero"},
    {PCRE2_ERROR_TOO_MANY_CONDITION_BRANCHES, "conditional group contains more than two branches"},
    {PCRE2_ERROR_BAD_RELATIVE_REFERENCE, "digit expected after (?+"},
    {PCRE2_ERROR_PARENTHESES_STACK_CHECK, "parentheses are too deeply nested (stack check)"},
    {PCRE2_ERROR_CODE_POINT_TOO_BIG, "character value in \\x{} or \\o{} is too large"},
    {PCRE2_ERROR_LOOKBEHIND_TOO_COMPLICATED, "regular expression is too complicated"},
    {PCRE2_ERROR_LOOKBEHIND_INVALID_BACKSLASH_C, "\\C not allowed in lookbehind assertion"},
    {PCRE2_ERROR_UNSUPPORTED_ESCAPE_SEQUENCE,
     "PCRE does not support \\L, \\l, \\N{name}, \\U, or \\u"},
    {PCRE2_ERROR_CALLOUT_NUMBER_TOO_BIG, "number after (?C is > 255"},
    {PCRE2_ERROR_MISSING_CALLOUT_CLOSING, "closing ) for (?C expected"},
    {PCRE2_ERROR_ESCAPE_INVALID_IN_VERB, "(*VERB) not recognized or malformed"},
    {PCRE2_ERROR_MISSING_NAME_TERMINATOR, "syntax error in subpattern name (missing terminator)"},
    {PCRE2_ERROR_DUPLICATE_SUBPATTERN_NAME, "two named subpatterns have the same name"},
    {PCRE2_ERROR_INVALID_SUBPATTERN_NAME, "group name must start with a non-digit"},
    {PCRE2_ERROR_UNKNOWN_UNICODE_PROPERTY, "unknown property name after \\P or \\p"},
    {PCRE2_ERROR_SUBPATTERN_NAME_TOO_LONG, "subpattern name is too long (maximum 32 characters)"},
    {PCRE2_ERROR_DEFINE_TOO_MANY_BRANCHES, "DEFINE group contains more than one branch"},
    {PCRE2_ERROR_BACKSLASH_O_MISSING_BRACE, "missing opening brace after \\o"},
    {PCRE2_ERROR_INTERNAL_UNKNOWN_NEWLINE, "inconsistent NEWLINE options"},
    {PCRE2_ERROR_PARENS_QUERY_R_MISSING_CLOSING, "(?R or (?[+-]digits must be followed by )"},
    {PCRE2_ERROR_SUBPATTERN_NUMBER_TOO_BIG, "number is too big"},
    {PCRE2_ERROR_BACKSLASH_C_SYNTAX, "\\c must be followed by an ASCII character"},
    {PCRE2_ERROR_UTF_IS_DISABLED, "setting UTF is disabled by the application"},
    {PCRE2_ERROR_MISSING_OCTAL_OR_HEX_DIGITS, "digits missing in \\x{} or \\o{}"},
    {PCRE2_ERROR_INVALID_HYPHEN_IN_OPTIONS, "unrecognized character after (? or (?-"},
    {PCRE2_ERROR_CALLOUT_BAD_STRING_DELIMITER, "closing ) for (?C expected"},
    {PCRE2_ERROR_ALPHA_ASSERTION_UNKNOWN, "(*VERB) not recognized or malformed"},
};

std::string pcre2_text(int code) {
  char text[128];
  int size = pcre2_get_error_message(code, reinterpret_cast<uint8_t*>(text), sizeof text);
  if (size < 0 && size != PCRE2_ERROR_NOMEMORY)
    return "Unknown error (" + std::to_string(code) + ")";
  return text;
}

// --- PCRE 8's place of an error, and where it sees another error than PCRE2 ---

constexpr int kSameCode = 0;
constexpr const char kInvalidConditionZero[] = "invalid condition (?(0)";

struct OldError {
  int code;  // PCRE2's code for what PCRE 8 complains of
  size_t offset;
  const char* text = nullptr;  // where no code of PCRE2 says that
};

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A pattern around an offset.
struct Place {
  std::string_view text;
  size_t at;

  char before(size_t distance) const { return distance <= at ? text[at - distance] : '\0'; }
  char here() const { return at < text.size() ? text[at] : '\0'; }
  bool at_end() const { return at >= text.size(); }
  bool preceded_by(std::string_view what) const { return text.substr(0, at).ends_with(what); }
  // Behind the word that begins here.
  size_t word_end() const {
    size_t end = at;
    while (end < text.size() && is_word(text[end])) ++end;
    return end;
  }
  size_t find(char c) const {
    size_t found = text.find(c, at);
    return found == std::string_view::npos ? text.size() : found;
  }
  // The "(?(" of the condition that this place is in.
  bool in_condition(size_t* start) const {
    *start = text.rfind("(?(", at);
    return *start != std::string_view::npos &&
           text.substr(*start + 3, at > *start + 3 ? at - *start - 3 : 0).find(')') ==
               std::string_view::npos;
  }
};

// The parenthesis that closes the group which begins at `from`; the end where there is none.
size_t group_end(std::string_view text, size_t from) {
  size_t depth = 0;
  bool in_class = false;
  for (size_t i = from; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (in_class) {
      in_class = text[i] != ']';
    } else if (text[i] == '[') {
      in_class = true;
    } else if (text[i] == '(') {
      ++depth;
    } else if (text[i] == ')' && --depth == 0) {
      return i;
    }
  }
  return text.size();
}

// A reference to a group that is not there. PCRE 8 notices most of them when it is through.
OldError old_reference_error(const Place& place) {
  size_t condition;
  if (place.in_condition(&condition)) {
    size_t offset = place.find(')') + 1;
    if (place.text.substr(condition + 3, 2) == "0)") return {0, offset, kInvalidConditionZero};
    return {kSameCode, offset};
  }
  if (place.preceded_by("\\g<") || place.preceded_by("\\g'")) return {kSameCode, place.at};
  if (place.preceded_by("\\g0") || place.preceded_by("\\g{0}")) {
    return {PCRE2_ERROR_ZERO_RELATIVE_REFERENCE, place.at - 1};
  }
  if (place.here() == '{' || place.here() == '-') return {kSameCode, place.find('}')};
  if (place.here() == '}' && is_digit(place.before(1))) return {kSameCode, place.text.size()};
  if (is_digit(place.here())) {
    char before = place.before(1);
    bool recursion = before == '?' || (place.before(2) == '?' && before != '{');
    return {kSameCode, recursion ? place.at : place.text.size()};
  }
  return {kSameCode, place.word_end()};
}

OldError old_name_error(const Place& place) {
  if (place.preceded_by("(?(")) return {PCRE2_ERROR_CONDITION_ASSERTION_EXPECTED, place.at};
  if (place.preceded_by("(?<")) return {0, place.at, "unrecognized character after (?<"};
  if (place.preceded_by("(?P<") && place.at_end()) {
    return {PCRE2_ERROR_MISSING_NAME_TERMINATOR, place.at};
  }
  if (place.preceded_by("\\g{")) {
    if (place.at_end()) return {PCRE2_ERROR_BACKSLASH_G_SYNTAX, place.at};
    return {PCRE2_ERROR_ZERO_RELATIVE_REFERENCE, place.at + (place.here() == '-' ? 1 : 0)};
  }
  return {kSameCode, place.at};
}

// A pattern that ends too early: PCRE 8 says what it was about to read.
OldError old_end_error(const Place& place) {
  size_t options = place.at;
  while (options > 0 && (is_word(place.text[options - 1]) || place.text[options - 1] == '-')) {
    --options;
  }
  Place start{place.text, options};
  if (start.preceded_by("(?")) {
    std::string_view read = place.text.substr(options, place.at - options);
    if (read == "P") return {PCRE2_ERROR_UNRECOGNIZED_AFTER_QUERY_P, place.at};
    if (!read.empty() && is_digit(read.back())) {
      return {PCRE2_ERROR_PARENS_QUERY_R_MISSING_CLOSING, place.at};
    }
    if (place.at_end()) return {PCRE2_ERROR_INVALID_AFTER_PARENS_QUERY, place.at};
  }
  if (place.preceded_by("(?(")) return {PCRE2_ERROR_CONDITION_ASSERTION_EXPECTED, place.at};
  return {kSameCode, place.at};
}

OldError old_verb_error(const Place& place) {
  size_t verb = place.text.rfind("(*", place.at);
  if (verb == std::string_view::npos) return {kSameCode, place.at};
  size_t end = verb + 2;
  while (end < place.text.size() && is_word(place.text[end]) && place.text[end] != '_') ++end;
  bool is_verb = end != verb + 2 || (end < place.text.size() && place.text[end] == ':');
  if (!is_verb) return {PCRE2_ERROR_QUANTIFIER_INVALID, verb + 1};
  if (place.text.substr(end) == ":") ++end;
  return {kSameCode, end};
}

OldError old_lookbehind_error(const Place& place) {
  size_t end = group_end(place.text, place.at);
  std::string_view group = place.text.substr(place.at, end - place.at);
  for (size_t i = 1; i + 2 < group.size(); ++i) {
    // With a call the length is known only when the whole pattern is.
    if (group[i] == '(' && group[i + 1] == '?' && is_digit(group[i + 2])) {
      return {kSameCode, place.text.size()};
    }
  }
  return {kSameCode, end};
}

OldError old_error(int code, const Place& place) {
  switch (code) {
    case PCRE2_ERROR_BAD_SUBPATTERN_REFERENCE:
      return old_reference_error(place);
    case PCRE2_ERROR_SUBPATTERN_NAME_EXPECTED:
      return old_name_error(place);
    case PCRE2_ERROR_MISSING_CLOSING_PARENTHESIS:
      return old_end_error(place);
    case PCRE2_ERROR_VERB_UNKNOWN:
      return old_verb_error(place);
    case PCRE2_ERROR_LOOKBEHIND_NOT_FIXED_LENGTH:
      return old_lookbehind_error(place);
    case PCRE2_ERROR_TOO_MANY_CONDITION_BRANCHES:
    case PCRE2_ERROR_DEFINE_TOO_MANY_BRANCHES: {
      size_t start = place.text.rfind("(?(", place.at);
      return {kSameCode, group_end(place.text, start == std::string_view::npos ? 0 : start)};
    }
    case PCRE2_ERROR_MISSING_NAME_TERMINATOR: {
      size_t condition;
      if (place.in_condition(&condition)) return {PCRE2_ERROR_MISSING_CONDITION_CLOSING, place.at};
      return {kSameCode, place.at};
    }
    case PCRE2_ERROR_MALFORMED_UNICODE_PROPERTY:
      if ((place.before(2) == 'p' || place.before(2) == 'P') && place.before(1) != '{') {
        return {PCRE2_ERROR_UNKNOWN_UNICODE_PROPERTY, place.at - 1};
      }
      return {kSameCode, place.at};
    case PCRE2_ERROR_MISSING_OCTAL_OR_HEX_DIGITS:
      if (!place.at_end()) return {kSameCode, place.at};
      return {place.before(2) == 'o' ? PCRE2_ERROR_INVALID_OCTAL : PCRE2_ERROR_INVALID_HEXADECIMAL,
              place.at};
    case PCRE2_ERROR_INVALID_HEXADECIMAL:
      return {kSameCode, place.at + 1 == place.text.size() ? place.at + 1 : place.at};
    case PCRE2_ERROR_INVALID_AFTER_PARENS_QUERY:
      // Options that PCRE 8 does not have.
      return {kSameCode,
              place.before(1) == '^' || place.before(1) == 'n' ? place.at - 1 : place.at};
    case PCRE2_ERROR_BACKSLASH_G_SYNTAX:
      return {PCRE2_ERROR_ZERO_RELATIVE_REFERENCE, place.at - 1};
    case PCRE2_ERROR_CONDITION_ASSERTION_EXPECTED:
    case PCRE2_ERROR_BAD_RELATIVE_REFERENCE:
      return {kSameCode, place.at + 1};
    case PCRE2_ERROR_UNKNOWN_UNICODE_PROPERTY:
    case PCRE2_ERROR_UNSUPPORTED_ESCAPE_SEQUENCE:
    case PCRE2_ERROR_CLASS_INVALID_RANGE:
    case PCRE2_ERROR_DUPLICATE_SUBPATTERN_NAME:
    case PCRE2_ERROR_BACKSLASH_N_IN_CLASS:
    case PCRE2_ERROR_SUBPATTERN_NAMES_MISMATCH:
    case PCRE2_ERROR_OCTAL_BYTE_TOO_BIG:
    case PCRE2_ERROR_BACKSLASH_K_SYNTAX:
      return {kSameCode, place.at - 1};
    case PCRE2_ERROR_BACKSLASH_O_MISSING_BRACE:
      return {kSameCode, place.at + 1 == place.text.size() ? place.at : place.at - 1};
    case PCRE2_ERROR_UTF_IS_DISABLED:
      return {kSameCode, 0};
    default:
      return {kSameCode, place.at};
  }
}

}  // namespace

RegexComplaint regex_complaint(const RegexError& error, const RegexSource& source) {
  if (source.dialect == RegexDialect::kPcre2) return {pcre2_text(error.code), error.offset};
  // Negative codes are those of bad UTF-8.
  if (error.code < 0) return {"invalid UTF-8 string", error.offset};
  OldError old = old_error(error.code, {source.text, std::min(error.offset, source.text.size())});
  if (old.text != nullptr) return {old.text, old.offset};
  int code = old.code == kSameCode ? error.code : old.code;
  for (const OldText& known : kOldTexts) {
    if (known.code == code) return {known.text, old.offset};
  }
  return {pcre2_text(code), old.offset};
}

}  // namespace joist
