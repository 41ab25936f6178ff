#include <catch2/catch.hpp>

#include "tests/unit/bif/call_native.h"
#include "vm/term/rules.h"

using namespace joist;

namespace {
Term small(int64_t value) { return Term::small(value); }
}  // namespace

TEST_CASE("comparison operators as functions") {
  NativeCaller n;
  Term one = make_float(n.heap(), 1.0);
  CHECK(n.text("erlang", "==", {small(1), one}) == "true");
  CHECK(n.text("erlang", "/=", {small(1), one}) == "false");
  CHECK(n.text("erlang", "=:=", {small(1), one}) == "false");
  CHECK(n.text("erlang", "=/=", {small(1), one}) == "true");
  CHECK(n.text("erlang", "<", {small(1), atoms::ok}) == "true");
  CHECK(n.text("erlang", "=<", {small(1), one}) == "true");
  CHECK(n.text("erlang", ">", {small(1), one}) == "false");
  CHECK(n.text("erlang", ">=", {Term::nil(), atoms::ok}) == "true");
  // Of equal terms the first is returned.
  CHECK(n.text("erlang", "max", {small(1), one}) == "1");
  CHECK(n.text("erlang", "min", {one, small(1)}) == "1.000000e+00");
  CHECK(n.text("erts_internal", "cmp_term", {small(1), one}) == "-1");
  CHECK(n.text("erts_internal", "cmp_term", {atoms::ok, atoms::ok}) == "0");
}

TEST_CASE("booleans") {
  NativeCaller n;
  CHECK(n.text("erlang", "and", {atoms::true_, atoms::false_}) == "false");
  CHECK(n.text("erlang", "or", {atoms::true_, atoms::false_}) == "true");
  CHECK(n.text("erlang", "xor", {atoms::true_, atoms::true_}) == "false");
  CHECK(n.text("erlang", "not", {atoms::false_}) == "true");
  CHECK(n.text("erlang", "and", {atoms::false_, atoms::ok}) == "!badarg");
  CHECK(n.text("erlang", "not", {small(0)}) == "!badarg");
}

TEST_CASE("is_function/2") {
  NativeCaller n;
  ExportIdentity entry{{atoms::lists, must_atom("map"), 2}};
  Term fun = make_export_fun(n.heap(), &entry);
  Term big = make_big_limb(n.heap(), false, ~Word{0});
  Term negative = make_big_limb(n.heap(), true, ~Word{0});
  CHECK(n.text("erlang", "is_function", {fun, small(2)}) == "true");
  CHECK(n.text("erlang", "is_function", {fun, small(1)}) == "false");
  CHECK(n.text("erlang", "is_function", {fun, big}) == "false");
  CHECK(n.text("erlang", "is_function", {fun, negative}) == "!badarg");
  CHECK(n.text("erlang", "is_function", {fun, small(-1)}) == "!badarg");
  CHECK(n.text("erlang", "is_function", {atoms::ok, atoms::ok}) == "!badarg");
}

TEST_CASE("is_record") {
  NativeCaller n;
  Term tuple = n.tuple({atoms::ok, small(1)});
  CHECK(n.text("erlang", "is_record", {tuple, atoms::ok}) == "true");
  CHECK(n.text("erlang", "is_record", {tuple, atoms::error}) == "false");
  CHECK(n.text("erlang", "is_record", {n.tuple({}), atoms::error}) == "false");
  CHECK(n.text("erlang", "is_record", {tuple, small(1)}) == "!badarg");
  CHECK(n.text("erlang", "is_record", {tuple, atoms::ok, small(2)}) == "true");
  CHECK(n.text("erlang", "is_record", {tuple, atoms::ok, small(-1)}) == "false");
  CHECK(n.text("erlang", "is_record", {tuple, small(1), small(2)}) == "!badarg");
  CHECK(n.text("erlang", "is_record", {tuple, atoms::ok, atoms::ok}) == "!badarg");
  set_term_rules(29);
  CHECK(n.text("erlang", "is_record", {tuple, atoms::ok, atoms::ok}) == "false");
  set_term_rules(25);
}

TEST_CASE("integers within bounds") {
  NativeCaller n;
  CHECK(n.text("erlang", "is_integer", {small(2), small(1), small(2)}) == "true");
  CHECK(n.text("erlang", "is_integer", {small(3), small(1), small(2)}) == "false");
  CHECK(n.text("erlang", "is_integer", {atoms::ok, small(1), small(2)}) == "false");
  CHECK(n.text("erlang", "is_integer", {atoms::ok, atoms::ok, small(2)}) == "!badarg");
}

TEST_CASE("hashes within ranges") {
  NativeCaller n;
  Term pair = n.tuple({must_atom("a"), small(1)});
  Term a = must_atom("a");
  CHECK(n.text("erlang", "phash2", {a, small(int64_t{1} << 32)}) == "97");
  CHECK(n.text("erlang", "phash2", {pair, small(1000)}) == "996");
  CHECK(n.text("erlang", "phash", {a, small(int64_t{1} << 32)}) == "98");
  CHECK(n.text("erlang", "phash", {pair, small(1000)}) == "805");
  CHECK(n.text("erlang", "phash2", {a}) == "97");
  for (Term bad : {small(0), small((int64_t{1} << 32) + 1), atoms::ok, small(-1)}) {
    CHECK(n.text("erlang", "phash", {a, bad}) == "!badarg");
    CHECK(n.text("erlang", "phash2", {a, bad}) == "!badarg");
  }
}

TEST_CASE("what OTP calls the representations of terms") {
  NativeCaller n;
  auto type = [&n](Term term) { return n.text("erts_internal", "term_type", {term}); };
  CHECK(type(small(1)) == "fixnum");
  CHECK(type(make_big_limb(n.heap(), false, ~Word{0})) == "bignum");
  CHECK(type(make_float(n.heap(), 1.0)) == "hfloat");
  CHECK(type(make_float(n.heap(), 1e300)) == "hfloat");
  CHECK(type(make_binary(n.heap(), "")) == "heap_binary");
  CHECK(type(make_binary(n.heap(), std::string(100, 'a'))) == "refc_binary");
  Term binary = make_binary(n.heap(), std::string(200, 'a'));
  CHECK(type(make_part(n.heap(), binary, 8, 800)) == "sub_binary");
  CHECK(type(n.tuple({})) == "tuple");
  CHECK(type(Term::nil()) == "nil");
}
