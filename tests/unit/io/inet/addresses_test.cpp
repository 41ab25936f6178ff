#include "vm/io/inet/addresses.h"

#include <catch2/catch.hpp>
#include <string>

using namespace joist;
using namespace joist::inet;

namespace {

using Bytes = std::vector<uint8_t>;

// The error, or the address written again.
std::string read(SocketFamily family, const Bytes& bytes, Bytes* written, size_t* left = nullptr) {
  ByteReader reader{ByteSpan(bytes)};
  SocketAddress address;
  if (const char* error = read_address(family, reader, &address)) return error;
  if (left != nullptr) *left = reader.remaining();
  return write_address(address, written) ? "" : "unwritable";
}

}  // namespace

TEST_CASE("addresses are read and written as prim_inet has them") {
  Bytes written;
  const Bytes four = {1, 0x1f, 0x90, 127, 0, 0, 1};
  size_t left = 0;
  Bytes longer = four;
  longer.push_back(9);
  CHECK(read(SocketFamily::kInet, longer, &written, &left) == "");
  CHECK(written == four);
  CHECK(left == 1);

  Bytes six = {2, 0, 80};
  for (uint8_t i = 0; i < 16; ++i) six.push_back(i);
  Bytes with_scope = six;
  with_scope.insert(with_scope.end(), {0, 0, 0, 0, 0, 0, 0, 3});
  written.clear();
  CHECK(read(SocketFamily::kInet6, with_scope, &written) == "");
  CHECK(written == six);

  const Bytes local = {5, 4, '/', 't', '/', 's'};
  written.clear();
  CHECK(read(SocketFamily::kLocal, local, &written) == "");
  CHECK(written == local);
  const Bytes abstract = {5, 3, 0, 'a', 'b'};
  written.clear();
  CHECK(read(SocketFamily::kLocal, abstract, &written) == "");
  CHECK(written == abstract);
}

TEST_CASE("any and loopback are of the family of the socket") {
  Bytes written;
  CHECK(read(SocketFamily::kInet, {3, 0, 7}, &written) == "");
  CHECK(written == Bytes{1, 0, 7, 0, 0, 0, 0});
  written.clear();
  CHECK(read(SocketFamily::kInet6, {4, 0, 7}, &written) == "");
  CHECK(written.size() == 19);
  CHECK(written.back() == 1);
  CHECK(read(SocketFamily::kLocal, {4, 0, 7}, &written) == "einval");
}

TEST_CASE("what is no address is refused") {
  Bytes written;
  CHECK(read(SocketFamily::kInet, {}, &written) == "einval");
  CHECK(read(SocketFamily::kInet, {1, 0, 80, 127, 0, 0}, &written) == "einval");
  CHECK(read(SocketFamily::kInet6, {2, 0, 80, 1, 2, 3}, &written) == "einval");
  CHECK(read(SocketFamily::kLocal, {5, 4, 'a'}, &written) == "einval");
  CHECK(read(SocketFamily::kInet, {77, 0, 80}, &written) == "eafnosupport");
  Bytes too_long = {5, 200};
  too_long.insert(too_long.end(), 200, 'x');
  CHECK(read(SocketFamily::kLocal, too_long, &written) == "einval");
}
