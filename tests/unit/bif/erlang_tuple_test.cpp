#include <catch2/catch.hpp>

#include "tests/unit/bif/call_native.h"

using namespace joist;

namespace {
Term small(int64_t value) { return Term::small(value); }
}  // namespace

// Results are those of OTP 25.
TEST_CASE("element, setelement and sizes") {
  NativeCaller n;
  Term tuple = n.tuple({atoms::ok, atoms::error});
  CHECK(n.text("erlang", "element", {small(2), tuple}) == "error");
  CHECK(n.text("erlang", "setelement", {small(1), tuple, small(7)}) == "{7,error}");
  CHECK(n.text("erlang", "tuple_size", {tuple}) == "2");
  CHECK(n.text("erlang", "size", {tuple}) == "2");
  CHECK(n.text("erlang", "size", {make_binary(n.heap(), "abc")}) == "3");
  uint8_t* bytes;
  Term bits = make_bits_uninitialised(n.heap(), 11, &bytes);
  bytes[0] = bytes[1] = 0;
  CHECK(n.text("erlang", "size", {bits}) == "1");
  CHECK(n.text("erlang", "size", {Term::nil()}) == "!badarg");
  Term big = make_big_limb(n.heap(), false, ~Word{0});
  for (Term bad : {small(0), small(3), small(-1), atoms::ok, big}) {
    CHECK(n.text("erlang", "element", {bad, tuple}) == "!badarg");
    CHECK(n.text("erlang", "setelement", {bad, tuple, small(1)}) == "!badarg");
  }
  CHECK(n.text("erlang", "element", {small(1), atoms::ok}) == "!badarg");
  CHECK(n.text("erlang", "tuple_size", {Term::nil()}) == "!badarg");
}

TEST_CASE("make_tuple") {
  NativeCaller n;
  CHECK(n.text("erlang", "make_tuple", {small(3), atoms::ok}) == "{ok,ok,ok}");
  CHECK(n.text("erlang", "make_tuple", {small(0), atoms::ok}) == "{}");
  CHECK(n.text("erlang", "make_tuple", {small(-1), atoms::ok}) == "!badarg");
  CHECK(n.text("erlang", "make_tuple", {small(16777216), atoms::ok}) == "!badarg");
  Term settings = n.list({n.tuple({small(1), small(5)}), n.tuple({small(3), small(6)}),
                          n.tuple({small(1), small(7)})});
  CHECK(n.text("erlang", "make_tuple", {small(3), atoms::ok, settings}) == "{7,ok,6}");
  for (Term bad : {n.list({n.tuple({small(4), small(1)})}), n.list({small(1)}), small(1),
                   n.list({n.tuple({small(1), small(1)})}, atoms::ok)}) {
    CHECK(n.text("erlang", "make_tuple", {small(3), atoms::ok, bad}) == "!badarg");
  }
}

TEST_CASE("elements put in, put behind and taken out") {
  NativeCaller n;
  Term tuple = n.tuple({small(1), small(2)});
  CHECK(n.text("erlang", "append_element", {tuple, small(3)}) == "{1,2,3}");
  CHECK(n.text("erlang", "append_element", {n.tuple({}), small(3)}) == "{3}");
  CHECK(n.text("erlang", "insert_element", {small(1), tuple, small(0)}) == "{0,1,2}");
  CHECK(n.text("erlang", "insert_element", {small(3), tuple, small(0)}) == "{1,2,0}");
  CHECK(n.text("erlang", "insert_element", {small(4), tuple, small(0)}) == "!badarg");
  CHECK(n.text("erlang", "delete_element", {small(1), tuple}) == "{2}");
  CHECK(n.text("erlang", "delete_element", {small(0), tuple}) == "!badarg");
  CHECK(n.text("erlang", "delete_element", {small(3), tuple}) == "!badarg");
}

TEST_CASE("lists and tuples") {
  NativeCaller n;
  CHECK(n.text("erlang", "tuple_to_list", {n.tuple({small(1), atoms::ok})}) == "[1,ok]");
  CHECK(n.text("erlang", "tuple_to_list", {n.tuple({})}) == "[]");
  CHECK(n.text("erlang", "tuple_to_list", {Term::nil()}) == "!badarg");
  CHECK(n.text("erlang", "list_to_tuple", {n.list({small(1), atoms::ok})}) == "{1,ok}");
  CHECK(n.text("erlang", "list_to_tuple", {n.list({small(1)}, atoms::ok)}) == "!badarg");
  CHECK(n.text("erlang", "list_to_tuple", {atoms::ok}) == "!badarg");
}
