#include "vm/term/rules.h"

namespace joist {
namespace {
TermRules rules;
}  // namespace

const TermRules& term_rules() { return rules; }

void set_term_rules(int otp_release) {
  rules.otp_release = otp_release;
  rules.atom_keys_by_index = otp_release >= 26;
  rules.signed_zero = otp_release >= 27;
  rules.max_big_limbs = (size_t{1} << (otp_release >= 27 ? 16 : 19)) - 1;
}

}  // namespace joist
