// What re:compile says is wrong with a pattern: text and offset as the release's PCRE has them.
#pragma once

#include <string>

#include "bif/re_pattern.h"

namespace joist {

struct RegexComplaint {
  std::string text;
  size_t offset;
};
RegexComplaint regex_complaint(const RegexError& error, const RegexSource& source);

}  // namespace joist
