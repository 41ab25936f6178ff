// Modules whose natives come from NIF libraries in OTP, and so are no BIFs.
#pragma once

#include <string_view>

namespace joist {

inline bool is_library_module(std::string_view module) {
  for (std::string_view library : {"prim_file", "prim_buffer", "prim_socket", "prim_net",
                                   "prim_tty", "zlib", "zstd", "erl_tracer"}) {
    if (module == library) return true;
  }
  return false;
}

}  // namespace joist
