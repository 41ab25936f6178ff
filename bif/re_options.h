// Option lists of re:compile/2 and re:run/3.
#pragma once

#include "vm/term/boxed.h"

namespace joist {

struct RegexOptions {
  enum Flag : uint32_t {
    kOnlyCompile = 1,  // some option is for compiling only
    kOnlyRun = 2,      // ... for running only
    kUnicode = 4,
    kCapture = 8,
    kGlobal = 16,
    kReportErrors = 32,
    kExport = 64,
    kMatchLimit = 128,
    kDepthLimit = 256,
  };
  uint32_t flags = 0;
  uint32_t compile = 0;  // PCRE2_* bits
  uint32_t match = 0;
  uint32_t newline = 0;  // PCRE2_NEWLINE_*; 0: not given
  uint32_t bsr = 0;      // PCRE2_BSR_*; 0: not given
  size_t offset = 0;
  uint32_t match_limit = 0;
  uint32_t depth_limit = 0;  // match_limit_recursion
  Term capture_values;       // with kCapture
  Term capture_type;

  bool has(Flag flag) const { return (flags & flag) != 0; }
};

// false: an unknown option or no proper list (badarg with cause badopt).
bool parse_regex_options(Term list, RegexOptions* options);

// What PCRE 8 says to a combination of newline options that PCRE2 does not know.
inline constexpr uint32_t kMaxRegexNewline = 6;

}  // namespace joist
