// Names of the operating system's error numbers, as Erlang code sees them: ENOENT is `enoent`.
#pragma once

namespace joist {

// "unknown" for numbers that OTP has no name for.
const char* posix_error_name(int error);

}  // namespace joist
