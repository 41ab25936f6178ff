#include "bif/re_pattern.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <vector>

#include "bif/re_tables.h"

using namespace joist;

namespace {

std::vector<uint8_t> encoded(std::string_view text, uint32_t options = 0) {
  RegexSource source{RegexDialect::kPcre8, 0, 0, options, text};
  std::vector<uint8_t> bytes(encoded_regex_size(source));
  encode_regex(source, bytes.data());
  return bytes;
}

int run(RegexCache& cache, Regex& regex, std::string_view subject) {
  RegexScratch* scratch = cache.borrow_scratch(regex.groups + 1);
  ByteSpan bytes(reinterpret_cast<const uint8_t*>(subject.data()), subject.size());
  int result = match_regex(regex, bytes, 0, 0, RegexLimits(), scratch);
  cache.give_back(scratch);
  return result;
}

}  // namespace

TEST_CASE("the tables are laid out as PCRE2 lays them out") {
  const uint8_t* own = pcre2_maketables(nullptr);
  constexpr RegexTable table = make_regex_table(false);
  for (size_t i = 0; i < kRegexTableBytes; ++i) {
    if (table[i] != own[i]) FAIL("byte " << i);
  }
  pcre2_maketables_free(nullptr, own);
}

TEST_CASE("an encoded pattern is read back, a damaged one refused") {
  std::vector<uint8_t> bytes = encoded("a+b", PCRE2_CASELESS);
  RegexSource source;
  REQUIRE(decode_regex(bytes, &source));
  CHECK(source.text == "a+b");
  CHECK(source.options == PCRE2_CASELESS);
  bytes.pop_back();
  CHECK_FALSE(decode_regex(bytes, &source));
  bytes[0] = 'X';
  CHECK_FALSE(decode_regex(bytes, &source));
}

TEST_CASE("equal patterns are compiled once, and matched by the processor's code when used often") {
  RegexCache cache;
  RegexError error;
  RegexRef first = cache.acquire(encoded("(a+)b"), &error);
  RegexRef second = cache.acquire(encoded("(a+)b"), &error);
  REQUIRE(first);
  CHECK(&*first == &*second);
  for (uint32_t i = 0; i < 2 * kUsesBeforeJit; ++i) {
    CHECK(run(cache, *first, "xaab") == 2);
    CHECK(run(cache, *first, "xaac") == PCRE2_ERROR_NOMATCH);
  }
  CHECK(first->jit.load() != nullptr);
  CHECK_FALSE(cache.acquire(encoded("(a"), &error));
  CHECK(error.code == PCRE2_ERROR_MISSING_CLOSING_PARENTHESIS);
}

TEST_CASE("the cache forgets what was used longest ago; what is in use lives on") {
  RegexCache cache;
  RegexError error;
  std::string filler(20000, 'x');
  RegexRef kept = cache.acquire(encoded("kept" + filler), &error);
  Regex* address = &*kept;
  size_t bytes = 0;
  for (int i = 0; bytes < 3 * kRegexCacheBytes; ++i) {
    RegexRef other = cache.acquire(encoded(std::to_string(i) + filler), &error);
    bytes += other->bytes;
  }
  CHECK(run(cache, *kept, "kept" + filler) == 1);
  RegexRef again = cache.acquire(encoded("kept" + filler), &error);
  CHECK(&*again != address);
}
