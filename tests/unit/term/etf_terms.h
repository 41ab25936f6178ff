// Terms for tests from what term_to_binary/1 of the real erl gave, as hexadecimal digits.
#pragma once

#include <catch2/catch.hpp>
#include <deque>
#include <string_view>
#include <vector>

#include "vm/codec/etf.h"
#include "vm/term/atom.h"

namespace joist::test {

class AnyExport : public ExternalResolver {
 public:
  const ExportIdentity* find_export(const Mfa& mfa, bool) override {
    entries_.push_back({mfa});
    return &entries_.back();
  }

 private:
  std::deque<ExportIdentity> entries_;
};

inline Term term_from_hex(Allocator& heap, AnyExport& exports, std::string_view hex) {
  std::vector<uint8_t> bytes;
  auto digit = [](char c) { return static_cast<uint8_t>(c <= '9' ? c - '0' : c - 'a' + 10); };
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<uint8_t>(digit(hex[i]) << 4 | digit(hex[i + 1])));
  }
  DecodeOptions options;
  options.resolver = &exports;
  std::optional<Decoded> decoded = decode_external(bytes, heap, options);
  REQUIRE(decoded);
  return decoded->term;
}

}  // namespace joist::test
