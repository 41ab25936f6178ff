// Many atoms at once, as the tables of code hold them. Looking for one is three places in memory,
// one leading to the next, that are seldom in a cache; here those of several atoms are fetched at a
// time.
#pragma once

#include <span>
#include <string_view>

#include "vm/term/term.h"

namespace joist {

// As make_atom for each of the texts, in their order. False: the table is full.
bool make_atoms(std::span<const std::string_view> texts, Term* atoms);

}  // namespace joist
