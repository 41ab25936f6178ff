// The atom table: names to indices and back. Process-wide (the one admitted global: DESIGN
// §11); entries live as long as the OS process. Reading an entry takes no lock; making an atom
// takes one only when the name is new.
//
// Names are UTF-8, at most 255 characters; callers check the length, because what happens to a
// longer name is theirs to say (system_limit, badarg, a rejected module).
#pragma once

#include <optional>
#include <string_view>

#include "vm/term/term.h"

namespace joist {

inline constexpr size_t kMaxAtomCharacters = 255;

struct AtomEntry {
  std::string_view text;  // UTF-8
  uint32_t characters;
  uint32_t hash;     // the hash that phash2 and phash see (hashpjw over the name as OTP has it)
  uint32_t ordinal;  // first bytes of the name, so that most comparisons need no text
  bool latin1;       // every character is below 256
};

const AtomEntry& atom_entry(Term atom);
inline std::string_view atom_text(Term atom) { return atom_entry(atom).text; }

// The atom of that name, made if it is new. nullopt: the table is full (system_limit).
std::optional<Term> make_atom(std::string_view utf8);
// nullopt: no such atom yet.
std::optional<Term> existing_atom(std::string_view utf8);
// For names fixed in the source; a full table is fatal.
Term must_atom(std::string_view utf8);

size_t atom_count();
size_t atom_limit();
void set_atom_limit(size_t limit);
// Negative, zero, positive: term order of atoms (by text, code point by code point).
int compare_atoms(Term a, Term b);

// Atoms that the VM itself names, at fixed indices: atoms::ok, atoms::badarg, ... Names that are
// C++ words have a trailing underscore (atoms::true_). The list is atoms.def, sorted. Every source
// depends on it; what only a few sources name is in a list of its own (atoms_net.h, atoms_trace.h,
// atoms_emulator.h), numbered after this one.
namespace atoms {
enum AtomIndex : uint32_t {
#define JOIST_ATOM(identifier, text) k_##identifier,
#include "vm/term/atoms.def"
#undef JOIST_ATOM
  kCommonAtomCount
};
#define JOIST_ATOM(identifier, text) inline constexpr Term identifier = Term::atom(k_##identifier);
#include "vm/term/atoms.def"
#undef JOIST_ATOM
}  // namespace atoms

inline Term boolean(bool value) { return value ? atoms::true_ : atoms::false_; }

}  // namespace joist
