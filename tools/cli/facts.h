// The tables of tools/facts (see its README.md): which natives and instructions each OTP release
// has. A copy is compiled in; another folder can be read instead.
#pragma once

#include <string>
#include <vector>

#include "vm/base/result.h"

namespace joist::cli {

struct NativeFact {
  std::string module;
  std::string function;
  unsigned arity;
  bool guard;
  bool nif;  // of a library that belongs to OTP: its module has a stub that raises
  std::vector<int> releases;

  bool in(int release) const;
};

// The natives of bifs.tsv and natives.tsv, in `folder` or (if empty) as compiled in.
Result<std::vector<NativeFact>> load_native_facts(const std::string& folder);

}  // namespace joist::cli
