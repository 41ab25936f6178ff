// Terms as text the way erlang:display/1 and erts_internal:term_to_string/2 show them: no
// indentation, floats with six decimals, bytes of strings as they are, atoms in UTF-8. For crash
// dumps, error messages and tests. Iterative.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "vm/term/boxed.h"

namespace joist {

inline constexpr int64_t kPrintAll = std::numeric_limits<int64_t>::max();

// Appends `term`. Each term, each byte of a string, of a binary or of an atom uses up one of
// `limit`; a text cut short ends in "... ".
void print_term(std::string& text, Term term, int64_t limit = kPrintAll);
inline std::string term_text(Term term, int64_t limit = kPrintAll) {
  std::string text;
  print_term(text, term, limit);
  return text;
}

// Appends an atom, in quotes where it needs them.
void print_atom(std::string& text, Term atom);

}  // namespace joist
