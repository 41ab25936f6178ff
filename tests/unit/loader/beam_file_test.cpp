#include "loader/beam_file.h"

#include <cstdio>

#include "loader/iff.h"
#include "loader/verify.h"
#include "tests/unit/loader/sample.h"

using namespace joist;
using namespace joist::testing;

namespace {

std::string hex_of(std::span<const uint8_t> bytes) {
  std::string text;
  for (const uint8_t byte : bytes) {
    char two[3];
    std::snprintf(two, sizeof(two), "%02x", byte);
    text += two;
  }
  return text;
}

std::string error_of(const Bytes& bytes) {
  const auto result = parse_beam(bytes);
  return result.ok() ? "" : result.error().text;
}

// A file of the given chunks, after those a module must have.
Bytes with_chunk(std::string_view name, const ByteWriter& data) {
  ModuleBuilder builder(0);
  builder.atom("true");  // 9
  Bytes bytes = builder.op(GenericOp::return_0, {}).bytes();
  ByteWriter body;
  body.append(ByteSpan(bytes).subspan(8));
  ModuleBuilder::chunk(body, name, data);
  ByteWriter file;
  file.append("FOR1");
  file.u32(static_cast<uint32_t>(body.size()));
  file.append(body.span());
  return file.take();
}

ByteWriter words(std::initializer_list<uint32_t> numbers) {
  ByteWriter data;
  for (const uint32_t number : numbers) data.u32(number);
  return data;
}

}  // namespace

TEST_CASE("a module of the real compiler is taken apart") {
  auto parsed = parse_beam(sample());
  REQUIRE(parsed.ok());
  BeamFile file = parsed.take();
  CHECK(file.module_name() == "t1");
  CHECK(hex_of(file.md5) == kSampleMd5);
  CHECK(file.exports.size() == 5);
  CHECK(file.function_count == file.code.functions.size());
  REQUIRE(file.lambdas.size() == 1);
  CHECK(file.lambdas[0].num_free == 1);
  CHECK(file.lambdas[0].arity == 2);
  CHECK(file.lambdas[0].old_uniq == 82650170);
  REQUIRE(file.literals.size() == 2);
  CHECK(hex_of(file.literals[0]) == "83463ff8000000000000");  // 1.5
  CHECK(file.code.big_integers.size() == 1);
  CHECK(file.lines.size() > 4);
  CHECK(verify(file).ok());

  const GenericFunction& f = file.code.functions[0];
  CHECK(file.atoms[f.name] == "f");
  CHECK(f.arity == 2);
  CHECK(f.info_label == 1);
  CHECK(f.entry_label == 2);
  CHECK(file.code.instructions[f.entry].op == GenericOp::label_1);
}

TEST_CASE("a moved BeamFile keeps its views") {
  auto parsed = parse_beam(sample());
  REQUIRE(parsed.ok());
  BeamFile first = parsed.take();
  const BeamFile second = std::move(first);
  CHECK(second.module_name() == "t1");
  CHECK(second.literals[1][0] == 131);
}

TEST_CASE("every truncation of a module is refused or verified, never trusted") {
  auto unpacked = unpack_beam(sample());
  REQUIRE(unpacked.ok());
  const Bytes whole = unpacked.take();
  for (size_t size = 0; size < whole.size(); ++size) {
    CHECK_FALSE(
        error_of(Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size))).empty());
  }
  const Bytes packed = sample();
  for (size_t size = 0; size + 9 < packed.size(); ++size) {
    const Bytes cut(packed.begin(), packed.begin() + static_cast<ptrdiff_t>(size));
    CHECK_FALSE(error_of(cut).empty());
  }
}

TEST_CASE("what is not a module says so") {
  CHECK(error_of({}) == "corrupt file header: it is empty");
  CHECK(error_of({'F', 'O', 'R'}) == "corrupt file header: not an IFF file");
  CHECK(error_of({'F', 'O', 'R', '1', 0, 0, 0, 4, 'J', 'U', 'N', 'K'}) ==
        "corrupt file header: not a BEAM file");
  CHECK(error_of({'F', 'O', 'R', '1', 0, 0, 0, 4, 'B', 'E', 'A', 'M'}) == "missing code chunk");
  CHECK(error_of({0x1f, 0x8b, 8}).find("compressed") != std::string::npos);
}

TEST_CASE("atoms: long lengths of OTP 28, Latin-1 before OTP 20, UTF-8 checked") {
  const auto atoms_of = [](std::string_view name, const ByteWriter& chunk) {
    return parse_beam(with_chunk(name, chunk));
  };
  ByteWriter tagged = words({static_cast<uint32_t>(-2)});
  tagged.append(from_hex("10"));  // length 1
  tagged.append("m");
  tagged.append(from_hex("083c"));  // length 60
  tagged.append(std::string(60, 'z'));
  auto parsed = atoms_of("AtU8", tagged);
  // func_info names atom 2, which now is the long one.
  REQUIRE(parsed.ok());
  CHECK(parsed.value().atoms[2].size() == 60);

  for (const char* bad : {"c080", "ed a0 80", "f4908080", "e28", "ff"}) {
    ByteWriter broken = words({2});
    broken.u8(1);
    broken.append("m");
    const Bytes text = from_hex(bad);
    broken.u8(static_cast<uint8_t>(text.size()));
    broken.append(text);
    CHECK(atoms_of("AtU8", broken).error().text.find("atom 2") != std::string::npos);
  }

  ByteWriter too_long = words({static_cast<uint32_t>(-1)});
  too_long.append(from_hex("2800"));  // length 256
  too_long.append(std::string(256, 'z'));
  CHECK_FALSE(atoms_of("AtU8", too_long).ok());
  CHECK_FALSE(atoms_of("AtU8", words({0x80000000})).ok());
  CHECK_FALSE(atoms_of("AtU8", words({0x7fffffff})).ok());
}

TEST_CASE("a literal table is plain or compressed, and its claims are bounded") {
  ByteWriter plain = words({0, 1, 3});
  plain.append(from_hex("83616a"));
  auto parsed = parse_beam(with_chunk("LitT", plain));
  REQUIRE(parsed.ok());
  REQUIRE(parsed.value().literals.size() == 1);
  CHECK(hex_of(parsed.value().literals[0]) == "83616a");

  CHECK(error_of(with_chunk("LitT", words({0x7fffffff, 0x789c0000}))).find("cannot come from") !=
        std::string::npos);
  CHECK_FALSE(error_of(with_chunk("LitT", words({100, 0x789c0000}))).empty());
  CHECK_FALSE(error_of(with_chunk("LitT", words({0, 0x40000000}))).empty());
  CHECK_FALSE(error_of(with_chunk("LitT", words({0, 1, 0xffffffff}))).empty());
}

TEST_CASE("tables whose counts exceed their bytes are refused") {
  for (const char* name : {"ImpT", "ExpT", "LocT", "FunT"}) {
    INFO(name);
    CHECK_FALSE(error_of(with_chunk(name, words({0x10000000}))).empty());
    CHECK_FALSE(error_of(with_chunk(name, words({1, 1}))).empty());
    CHECK_FALSE(error_of(with_chunk(name, words({1, 999, 1, 1, 0, 0, 0}))).empty());
  }
}

TEST_CASE("record definitions of OTP 29 are read") {
  const auto records = [](const char* name_and_exported) {
    ByteWriter data = words({0, 1, 2});
    data.u8(static_cast<uint8_t>(GenericOp::call_last_3));
    data.append(from_hex(name_and_exported));
    data.append(
        from_hex("17402200"
                 "32f1"));  // a list of four: f without default, erlang = 15
    return with_chunk("Recs", data);
  };
  auto parsed = parse_beam(records("2292"));
  REQUIRE(parsed.ok());
  const BeamFile& file = parsed.value();
  REQUIRE(file.records.size() == 1);
  CHECK(file.atoms[file.records[0].name] == "f");
  CHECK(file.records[0].exported);
  REQUIRE(file.records[0].field_count == 2);
  CHECK_FALSE(file.record_fields[0].has_default);
  CHECK(file.atoms[file.record_fields[1].name] == "erlang");
  CHECK(file.record_fields[1].has_default);
  CHECK(file.record_fields[1].value.is(OperandKind::kInteger, 15));

  CHECK(error_of(records("2282")).find("record 0") != std::string::npos);  // exported: no_fail
  CHECK(error_of(records("0292")).find("record 0") != std::string::npos);  // the name is []
  CHECK_FALSE(error_of(with_chunk("Recs", words({1, 0, 0}))).empty());
}
