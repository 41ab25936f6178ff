#include "vm/code/genops.h"

#include <cstddef>

#include "vm/base/check.h"

namespace joist {

namespace {

constexpr GenericOpInfo kGenericOps[] = {
    {"none", 0, 0, kOldestRelease, ""},
#define JOIST_GENOP(number, name, arity, since, obsolete, signature) \
  {#name, arity, since, obsolete, signature},
#include "vm/code/genops.def"
#undef JOIST_GENOP
};

constexpr size_t kCount = sizeof(kGenericOps) / sizeof(kGenericOps[0]);

// Rows are in the order of their numbers without holes, so a number is an index.
constexpr unsigned kNumbers[] = {
    0,
#define JOIST_GENOP(number, name, arity, since, obsolete, signature) number,
#include "vm/code/genops.def"
#undef JOIST_GENOP
};

constexpr bool rows_are_dense() {
  for (unsigned i = 0; i < kCount; ++i) {
    if (kNumbers[i] != i) return false;
  }
  return true;
}

constexpr bool signatures_fit() {
  for (unsigned i = 1; i < kCount; ++i) {
    size_t length = 0;
    while (kGenericOps[i].signature[length] != '\0') ++length;
    const bool refused = kGenericOps[i].obsolete == kOldestRelease;
    if (length != (refused ? 0u : kGenericOps[i].arity)) return false;
  }
  return true;
}

static_assert(rows_are_dense());
static_assert(signatures_fit());

}  // namespace

const uint8_t kMaxGenericOp = kCount - 1;

const GenericOpInfo* find_generic_op(unsigned number) {
  if (number == 0 || number >= kCount) return nullptr;
  return &kGenericOps[number];
}

const GenericOpInfo& generic_op_info(GenericOp op) {
  const auto number = static_cast<unsigned>(op);
  JOIST_CHECK(number != 0 && number < kCount);
  return kGenericOps[number];
}

}  // namespace joist
