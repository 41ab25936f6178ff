// Where the OTP libraries are, and of which release. Looked for in this order; the first two are
// orders, so a wrong one is an error instead of a reason to look further:
//
//   1. what the user named on the command line (-root)
//   2. ROOTDIR, then JOIST_OTP_ROOT, in the environment
//   3. the tree that stdlib-beam/ staged beside the program: ../otp from its folder
//   4. the root of each `erl` on PATH
//   5. /usr/lib/erlang, /usr/local/lib/erlang
#pragma once

#include <string>
#include <string_view>

#include "vm/base/result.h"
#include "vm/os/environment.h"

namespace joist {

struct OtpRoot {
  std::string path;     // the folder that holds lib/ and releases/
  int release = 0;      // 25, 27, 29 …
  std::string version;  // the text of OTP_VERSION, e.g. 25.2.3; the release if it has no such file
  std::string erts;     // lib/erts-<version>, below path
  std::string origin;   // which rule found it, for the user
};

struct OtpRootSearch {
  std::string named;           // by the user; empty: not at all
  std::string program_folder;  // of the running program; empty: unknown
  const Environment* environment = nullptr;
};

Result<OtpRoot> find_otp_root(const OtpRootSearch& search);

// The folder of the programs that OTP starts beside the emulator: inet_gethost, heart, epmd. The
// root's own; but a root from another system may hold programs that do not run on this one (linked
// against a newer C library, say), and without inet_gethost OTP waits 8 s for it as it boots. Those
// of another root on this machine do then: what they speak has not changed since OTP 25.
std::string find_erts_programs(const OtpRoot& root, const Environment& environment);

// `path` as an OTP root; the error says what is not as it must be.
Result<OtpRoot> open_otp_root(const std::string& path);

}  // namespace joist
