// libFuzzer target: any bytes given to binary_to_term. What is accepted must survive encoding and
// decoding. Built with -DJOIST_FUZZ=ON.

#include <cstdlib>
#include <vector>

#include "vm/codec/etf.h"
#include "vm/term/rules.h"

namespace {

// Knows no functions: input with funs is refused.
struct NoFunctions : joist::ExternalResolver {};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  joist::set_term_rules(27);
  NoFunctions resolver;
  joist::DecodeOptions options;
  options.safe = true;  // the atom table must not fill up
  options.resolver = &resolver;
  joist::Allocator heap;
  auto decoded = joist::decode_external(joist::ByteSpan(data, size), heap, options);
  if (!decoded) return 0;
  joist::EncodeOptions encoding = joist::EncodeOptions::of_release(27);
  std::vector<uint8_t> first(*joist::external_size(decoded->term, encoding));
  joist::encode_external(decoded->term, encoding, first.data());
  auto again = joist::decode_external(first, heap, options);
  if (!again) std::abort();
  std::vector<uint8_t> second(*joist::external_size(again->term, encoding));
  joist::encode_external(again->term, encoding, second.data());
  if (first != second) std::abort();
  return 0;
}
