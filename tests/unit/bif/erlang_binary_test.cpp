// Expected values are OTP 25's.
#include "tests/unit/bif/call_native.h"
#include "vm/heap/bit_syntax.h"

using namespace joist;

namespace {

// <<0, 1:1>>
Term nine_bits(NativeCaller& vm) {
  uint8_t* bytes;
  Term bits = make_bits_uninitialised(vm.heap(), 9, &bytes);
  bytes[0] = 0;
  bytes[1] = 0x80;
  return bits;
}

Term small(int64_t value) { return Term::small(value); }

}  // namespace

TEST_CASE("sizes of bitstrings and tuples") {
  NativeCaller vm;
  Term bits = nine_bits(vm);
  CHECK(vm.text("size", {bits}) == "1");
  CHECK(vm.text("byte_size", {bits}) == "2");
  CHECK(vm.text("bit_size", {bits}) == "9");
  CHECK(vm.text("size", {make_tuple(vm.heap(), {bits, bits})}) == "2");
  CHECK(vm.text("size", {atoms::ok}) == "!badarg");
  CHECK(vm.text("byte_size", {atoms::ok}) == "!badarg");
}

TEST_CASE("parts of binaries") {
  NativeCaller vm;
  Term bits = nine_bits(vm);
  Term binary = vm.binary("abcdef");
  CHECK(vm.text("binary_part", {bits, small(0), small(1)}) == "<<0>>");
  CHECK(vm.text("binary_part", {binary, small(6), small(-6)}) ==
        vm.text("binary_part", {binary, small(0), small(6)}));
  CHECK(vm.text("binary_part", {binary, small(7), small(-1)}) == "!badarg");
  CHECK(vm.text("binary_part", {binary, small(Term::kMaxSmall), small(Term::kMinSmall)}) ==
        "!badarg");
  CHECK(vm.text("binary_part", {binary, make_tuple(vm.heap(), {small(1), small(2)})}) ==
        "<<\"bc\">>");
  CHECK(vm.text("split_binary", {bits, small(1)}) == "{<<0>>,<<1:1>>}");
  CHECK(vm.text("split_binary", {bits, small(2)}) == "!badarg");
  CHECK(vm.text("split_binary", {binary, small(7)}) == "!badarg");
}

TEST_CASE("binaries become lists") {
  NativeCaller vm;
  Term bits = nine_bits(vm);
  Term binary = vm.binary("abcdef");
  CHECK(vm.text("binary_to_list", {bits}) == "!badarg");
  CHECK(vm.text("binary_to_list", {binary, small(2), small(3)}) == "\"bc\"");
  CHECK(vm.text("binary_to_list", {binary, small(3), small(2)}) == "!badarg");
  CHECK(vm.text("binary_to_list", {binary, small(0), small(2)}) == "!badarg");
  CHECK(vm.text("binary_to_list", {binary, small(7), small(7)}) == "!badarg");
  CHECK(vm.text("binary_to_list", {bits, small(1), small(1)}) == "[0]");
  CHECK(vm.text("bitstring_to_list", {bits}) == "[0,<<1:1>>]");
}

TEST_CASE("iodata becomes binaries") {
  NativeCaller vm;
  Term bits = nine_bits(vm);
  Term binary = vm.binary("ab");
  Term one = small(1);
  auto list = [&](std::initializer_list<Term> terms, Term tail = Term::nil()) {
    return make_list(vm.heap(), std::span<const Term>(terms.begin(), terms.size()), tail);
  };
  CHECK(vm.text("list_to_bitstring", {list({one}, bits)}) == "<<1,0,1:1>>");
  CHECK(vm.text("list_to_bitstring", {list({one, bits}, bits)}) == "<<1,0,128,1:2>>");
  CHECK(vm.text("list_to_bitstring", {bits}) == "!badarg");
  CHECK(vm.text("list_to_binary", {list({one, list({binary, Term::nil()}, binary)})}) ==
        "<<1,97,98,97,98>>");
  CHECK(vm.text("list_to_binary", {binary}) == "!badarg");
  CHECK(vm.text("list_to_binary", {list({bits})}) == "!badarg");
  CHECK(vm.text("iolist_to_binary", {list({one}, one)}) == "!badarg");
  CHECK(vm.text("iolist_to_binary", {list({small(256)})}) == "!badarg");
  CHECK(vm.text("iolist_to_binary", {list({small(-1)})}) == "!badarg");
  CHECK(vm.call("erlang", "iolist_to_binary", {binary}) == binary);
  CHECK(vm.text("iolist_size", {bits}) == "!badarg");
  CHECK(vm.text("iolist_size", {list({one, binary}, binary)}) == "5");
  CHECK(vm.text("iolist_to_iovec", {list({Term::nil()})}) == "[]");
}

TEST_CASE("iovecs join what is small and refer to what is large") {
  NativeCaller vm;
  Term large = vm.binary(std::string(1000, 'x'));
  Term list = make_list(vm.heap(), std::vector<Term>{small(1), vm.binary("ab"), large, large});
  Term parts = vm.call("erlang", "iolist_to_iovec", {list});
  std::vector<size_t> sizes;
  for (; parts.is_list(); parts = parts.tail()) sizes.push_back(bits_size(parts.head()) / 8);
  // The first part is filled up to 256 bytes from the large binary.
  CHECK(sizes == std::vector<size_t>{256, 747, 1000});
}

TEST_CASE("checksums") {
  NativeCaller vm;
  Term binary = vm.binary("abcdef");
  CHECK(vm.text("crc32", {small(1), binary}) == "2161306186");
  CHECK(vm.text("crc32", {small(int64_t{1} << 32), binary}) == "!badarg");
  CHECK(vm.text("crc32", {nine_bits(vm)}) == "!badarg");
  CHECK(vm.text("adler32", {binary}) == "136184406");
  CHECK(vm.text("adler32", {small(5), binary}) == "137757274");
  CHECK(vm.text("adler32_combine", {small(5), small(6), small(7)}) == "1835018");
  CHECK(vm.text("crc32_combine", {small(5), small(6), small(7)}) == "1379413921");
  CHECK(vm.text("md5", {binary}) == "<<232,11,80,23,9,137,80,252,88,170,216,60,140,20,151,142>>");
}

TEST_CASE("module binary searches") {
  NativeCaller vm;
  auto patterns = [&](std::initializer_list<const char*> texts) {
    std::vector<Term> terms;
    for (const char* text : texts) terms.push_back(vm.binary(text));
    return make_list(vm.heap(), terms);
  };
  Term subject = vm.binary("xabcabcdabx");
  CHECK(vm.text("binary", "match", {subject, vm.binary("abcd")}) == "{4,4}");
  CHECK(vm.text("binary", "match", {subject, vm.binary("q")}) == "nomatch");
  // The leftmost, and the longest of those.
  CHECK(vm.text("binary", "match", {subject, patterns({"bc", "abcx", "ab", "abca"})}) == "{1,4}");
  CHECK(vm.text("binary", "matches", {subject, patterns({"ab", "abcd", "cd"})}) ==
        "[{1,2},{4,4},{8,2}]");
  CHECK(vm.text("binary", "match", {subject, vm.binary("")}) == "!badarg");
  CHECK(vm.text("binary", "match", {vm.binary(""), atoms::ok}) == "nomatch");
  Term options = make_list(vm.heap(), std::vector<Term>{atoms::global, atoms::trim_all});
  CHECK(vm.text("binary", "split", {vm.binary("xaxxbx"), vm.binary("x"), options}) ==
        "[<<\"a\">>,<<\"b\">>]");
}

TEST_CASE("unsigned integers of module binary") {
  NativeCaller vm;
  CHECK(vm.text("binary", "encode_unsigned", {small(0)}) == "<<0>>");
  CHECK(vm.text("binary", "encode_unsigned", {small(0x1234), atoms::little}) == "<<52,18>>");
  CHECK(vm.text("binary", "encode_unsigned", {small(-1)}) == "!badarg");
  CHECK(vm.text("binary", "decode_unsigned", {vm.binary("\x12\x34")}) == "4660");
  CHECK(vm.text("binary", "decode_unsigned", {vm.binary("")}) == "0");
}

TEST_CASE("the size of a match context is that of what is still to be matched") {
  NativeCaller c;
  Word* object = c.heap().alloc(kMatchContextWords);
  auto* context = reinterpret_cast<MatchContext*>(object);
  context->header = make_header(Boxed::kMatchContext, kMatchContextWords - 1);
  context->base = nullptr;
  context->position = 12;
  context->end = 47;
  context->holder = Term::nil();
  const Term term = Term::boxed(object);
  CHECK(c.call("erlang", "bit_size", {term}) == Term::small(35));
  CHECK(c.call("erlang", "byte_size", {term}) == Term::small(5));
}
