// What differs between OTP releases in the meaning of terms. Set once, before the first term
// is made, from the release found at the OTP root; read everywhere below. Like the atom table
// it is process-wide: terms are compared and ordered where no VM is at hand.
#pragma once

#include <cstddef>

namespace joist {

struct TermRules {
  int otp_release = 25;
  bool atom_keys_by_index = false;  // order of atom keys in flat maps: OTP 26 on by index
  bool signed_zero = false;         // 0.0 =:= -0.0 is false: OTP 27 on
  size_t max_big_limbs = (size_t{1} << 19) - 1;  // 2^16-1 from OTP 27 on
};

const TermRules& term_rules();
// Called by the engine (and by tests) while no other thread runs.
void set_term_rules(int otp_release);

}  // namespace joist
