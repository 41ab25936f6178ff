#include "vm/code/genops.h"

#include <cstddef>

#include "vm/base/check.h"

namespace joist {

namespace {

constexpr bool is_among(char letter, const char* letters) {
  for (; *letters != '\0'; ++letters) {
    if (*letters == letter) return true;
  }
  return false;
}

constexpr GenericOpInfo describe(const char* name, uint8_t arity, uint8_t since, uint8_t obsolete,
                                 const char* signature) {
  GenericOpInfo info = {name, arity, since,      obsolete,   signature,
                        0,    0,     kNoOperand, kNoOperand, false};
  for (uint8_t i = 0; signature[i] != '\0'; ++i) {
    const char letter = signature[i];
    const auto bit = static_cast<uint8_t>(1u << i);
    const bool moves_float = letter == 't';  // fmove reads its first operand, writes its second
    if (is_among(letter, "szrPKENRZGB") || (moves_float && i == 0)) info.reads |= bit;
    if (is_among(letter, "dGQ") || (moves_float && i == 1)) info.writes |= bit;
    if (letter == 'v') info.live = i;
    if (letter == 'h') info.heap = i;
  }
  info.may_fail = is_among(signature[0], "fjx");
  return info;
}

}  // namespace

constexpr GenericOpInfo kGenericOps[kGenericOpCount] = {
    describe("none", 0, 0, kOldestRelease, ""),
#define JOIST_GENOP(number, name, arity, since, obsolete, signature) \
  describe(#name, arity, since, obsolete, signature),
#include "vm/code/genops.def"
#undef JOIST_GENOP
};

namespace {

// Rows are in the order of their numbers without holes, so a number is an index.
constexpr unsigned kNumbers[] = {
    0,
#define JOIST_GENOP(number, name, arity, since, obsolete, signature) number,
#include "vm/code/genops.def"
#undef JOIST_GENOP
};

constexpr bool rows_are_dense() {
  for (unsigned i = 0; i < kGenericOpCount; ++i) {
    if (kNumbers[i] != i) return false;
  }
  return true;
}

constexpr bool signatures_fit() {
  for (unsigned i = 1; i < kGenericOpCount; ++i) {
    size_t length = 0;
    while (kGenericOps[i].signature[length] != '\0') ++length;
    const bool refused = kGenericOps[i].obsolete == kOldestRelease;
    if (length != (refused ? 0u : kGenericOps[i].arity)) return false;
  }
  return true;
}

constexpr bool positions_fit() {
  for (const GenericOpInfo& info : kGenericOps) {
    if (info.arity > 8) return false;
  }
  return true;
}

static_assert(positions_fit());
static_assert(rows_are_dense());
static_assert(signatures_fit());

}  // namespace

}  // namespace joist
