// erts_debug:get_internal_state/1 and set_internal_state/2: what OTP's own test suites ask of an
// emulator and change in it. Both are there only after
// erts_debug:set_internal_state(available_internal_state, true).
#pragma once

#include <string_view>

#include "bif/magic.h"
#include "vm/proc/native.h"

namespace joist {

// error:undef unless they are available.
bool internal_state_available(Process& p);
// What set_internal_state(make, magic_ref) makes a reference to.
struct TestObject {};

inline std::string_view text_of(Term term) {
  return term.is_atom() ? atom_text(term) : std::string_view();
}

}  // namespace joist
