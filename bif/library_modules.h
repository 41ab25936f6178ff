// Natives that are no BIFs in OTP: modules whose natives come from NIF libraries there, functions
// that are Erlang code, functions that are instructions (erlang:is_builtin/3 counts these).
#pragma once

#include <string_view>

#include "vm/proc/native.h"

namespace joist {

inline bool is_library_module(std::string_view module) {
  for (std::string_view library : {"prim_file", "prim_buffer", "prim_socket", "prim_net",
                                   "prim_tty", "zlib", "zstd", "erl_tracer"}) {
    if (module == library) return true;
  }
  return false;
}

inline bool is_instruction(std::string_view module, std::string_view function) {
  return module == "erlang" && (function == "apply" || function == "yield");
}

inline bool is_erlang_code(std::string_view module, std::string_view function, int otp_release) {
  return module == "erlang" && otp_release < 26 && (function == "min" || function == "max");
}

// Whether the modules of that release define the function in Erlang, so that the native is not
// used.
inline bool is_shadowed(const NativeEntry& entry, int otp_release) {
  return entry.kind == kShadowable && otp_release >= 27;
}

}  // namespace joist
