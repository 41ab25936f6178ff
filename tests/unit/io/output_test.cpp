#include "vm/io/output.h"

#include <catch2/catch.hpp>
#include <string>

#include "vm/heap/builder.h"

using namespace joist;

namespace {

std::string text_of(const OutputData& data) {
  const std::vector<uint8_t> bytes = data.joined();
  return std::string(bytes.begin(), bytes.end());
}

size_t references(Term binary) {
  const auto* sub = reinterpret_cast<const SubBits*>(binary.object());
  const auto* holder = reinterpret_cast<const OffHeap*>(sub->holder.object());
  return static_cast<size_t>(holder->binary->reference_count);
}

}  // namespace

TEST_CASE("iodata becomes pieces, of which large binaries are shared") {
  Allocator heap;
  const std::string large(5000, 'L');
  const Term binary = make_binary(heap, large);
  const Term small = make_binary(heap, "small");
  const size_t before = references(binary);
  {
    const Term nested = make_list(heap, std::vector<Term>{Term::small(0x78), small, binary}, small);
    const Term iodata =
        make_list(heap, std::vector<Term>{nested, Term::nil(), binary, Term::small(0x79)});
    std::optional<OutputData> data = OutputData::of_iodata(iodata);
    REQUIRE(data);
    CHECK(references(binary) == before + 2);
    CHECK(text_of(*data) == "xsmall" + large + "small" + large + "y");
    CHECK(data->size() == 1 + 5 + 5000 + 5 + 5000 + 1);
    data->drop(6 + 5000);
    CHECK(references(binary) == before + 1);
    data->drop(3);
    CHECK(text_of(*data) == "ll" + large + "y");
    OutputData other = std::move(*data);
    CHECK(data->empty());
    data->append({reinterpret_cast<const uint8_t*>("head:"), 5});
    data->append(std::move(other));
    CHECK(text_of(*data) == "head:ll" + large + "y");
    data->append({reinterpret_cast<const uint8_t*>("tail"), 4});
    CHECK(text_of(*data) == "head:ll" + large + "ytail");
  }
  CHECK(references(binary) == before);
}

TEST_CASE("what is not iodata is refused") {
  Allocator heap;
  uint8_t* bytes;
  const Term odd = make_bits_uninitialised(heap, 3, &bytes);
  bytes[0] = 0;
  CHECK_FALSE(OutputData::of_iodata(odd));
  CHECK_FALSE(OutputData::of_iodata(Term::small(1)));
  CHECK_FALSE(OutputData::of_iodata(make_list(heap, std::vector<Term>{Term::small(256)})));
  CHECK_FALSE(
      OutputData::of_iodata(make_list(heap, std::vector<Term>{Term::small(1)}, Term::small(2))));
  CHECK(OutputData::of_iodata(Term::nil())->empty());
}
