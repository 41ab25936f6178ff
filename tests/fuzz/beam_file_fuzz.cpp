// libFuzzer target: any bytes given as a .beam file. Built with -DJOIST_FUZZ=ON.

#include <cstdlib>

#include "tests/mutate/load_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static joist::LoadCheck check(29);
  constexpr size_t kAtoms = 900'000;  // the table holds 2^20 and never forgets one
  if (joist::atom_count() > kAtoms) return 0;
  if (check.load(joist::ByteSpan(data, size)) == joist::LoadStep::kUnsound) std::abort();
  return 0;
}
