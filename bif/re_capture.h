// The `capture` option of re:run/3 and the results it asks for.
#pragma once

#include <vector>

#include "bif/re_options.h"
#include "bif/re_pattern.h"
#include "vm/heap/allocator.h"

namespace joist {

struct CaptureSpec {
  enum What : uint8_t { kAll, kAllButFirst, kListed, kNone };
  enum Type : uint8_t { kIndex, kList, kBinary };
  // Groups that one value may come from: the first of them that took part in the match. More
  // than one for a name that several groups have; none for an unknown one.
  struct Item {
    uint32_t first;  // in `groups`
    uint32_t count;
  };
  What what = kAll;
  Type type = kIndex;
  std::vector<Item> items;  // with kListed
  std::vector<uint32_t> groups;
};

// false: badarg.
bool parse_capture(const RegexOptions& options, const Regex& regex, CaptureSpec* spec);

// The names of groups, each once, in order. {namelist, ...} of re:inspect/2.
Term regex_names(Allocator& heap, const Regex& regex);

// Result of a match of which `count` pairs of offsets are set: {match, ...} or match. `subject`
// is where binaries may refer to, or none().
Term capture_result(Allocator& heap, const CaptureSpec& spec, ByteSpan text, Term subject,
                    const size_t* offsets, uint32_t count);

}  // namespace joist
