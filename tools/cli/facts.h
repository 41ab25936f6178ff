// The tables of tools/facts (see its README.md): which natives and instructions each OTP release
// has. A copy is compiled in; another folder can be read instead.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vm/base/result.h"

namespace joist::cli {

struct NativeFact {
  static constexpr int kReleases = 64;

  std::string module;
  std::string function;
  unsigned arity = 0;
  bool guard = false;
  bool nif = false;       // of a library that belongs to OTP: its module has a stub that raises
  uint64_t releases = 0;  // bits by number

  bool in(int release) const {
    return release >= 0 && release < kReleases && (releases >> release & 1) != 0;
  }
};

// The natives of bifs.tsv and natives.tsv, in `folder` or (if empty) as compiled in.
Result<std::vector<NativeFact>> load_native_facts(const std::string& folder);

}  // namespace joist::cli
