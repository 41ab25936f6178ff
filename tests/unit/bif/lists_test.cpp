#include <catch2/catch.hpp>

#include "tests/unit/bif/call_native.h"

using namespace joist;

TEST_CASE("lists:member compares exactly") {
  NativeCaller n;
  Term float_one = make_float(n.heap(), 1.0);
  Term list = n.list({Term::small(1), n.list({Term::small(2)})});
  CHECK(n.text("lists", "member", {Term::small(1), list}) == "true");
  CHECK(n.text("lists", "member", {float_one, list}) == "false");
  CHECK(n.text("lists", "member", {n.list({Term::small(2)}), list}) == "true");
  Term minus_zero = make_float(n.heap(), -0.0);
  CHECK(n.text("lists", "member", {make_float(n.heap(), 0.0), n.list({minus_zero})}) == "true");
  CHECK(n.text("lists", "member", {atoms::ok, n.list({atoms::error}, atoms::ok)}) == "!badarg");
  CHECK(n.text("lists", "member", {atoms::ok, atoms::ok}) == "!badarg");
}

TEST_CASE("lists:reverse onto any tail") {
  NativeCaller n;
  CHECK(n.text("lists", "reverse", {n.list({Term::small(1), Term::small(2)}), atoms::ok}) ==
        "[2,1|ok]");
  CHECK(n.text("lists", "reverse", {Term::nil(), atoms::ok}) == "ok");
  CHECK(n.text("lists", "reverse", {atoms::ok, Term::nil()}) == "!badarg");
  CHECK(n.text("lists", "reverse", {n.list({atoms::ok}, atoms::ok), Term::nil()}) == "!badarg");
}

TEST_CASE("keyfind and its kin compare keys by value and skip what has no such place") {
  NativeCaller n;
  Term pair = n.tuple({Term::small(2), make_float(n.heap(), 1.0)});
  Term list = n.list({n.tuple({Term::small(1)}), atoms::ok, pair});
  CHECK(n.text("lists", "keyfind", {Term::small(1), Term::small(2), list}) == "{2,1.000000e+00}");
  CHECK(n.text("lists", "keymember", {Term::small(1), Term::small(2), list}) == "true");
  CHECK(n.text("lists", "keysearch", {Term::small(2), Term::small(1), list}) ==
        "{value,{2,1.000000e+00}}");
  CHECK(n.text("lists", "keyfind", {atoms::ok, Term::small(1), list}) == "false");
  for (const char* name : {"keyfind", "keymember", "keysearch"}) {
    CHECK(n.text("lists", name, {atoms::ok, Term::small(0), Term::nil()}) == "!badarg");
    CHECK(n.text("lists", name, {atoms::ok, atoms::ok, Term::nil()}) == "!badarg");
    CHECK(n.text("lists", name, {atoms::ok, Term::small(1), atoms::ok}) == "!badarg");
    CHECK(n.text("lists", name, {atoms::ok, Term::small(1), Term::nil()}) == "false");
  }
}

TEST_CASE("walks over long lists yield and go on where they stopped") {
  NativeCaller n;
  Term list = n.range(500'000);
  CHECK(n.text("lists", "member", {Term::small(500'000), list}) == "true");
  CHECK(n.yields() > 3);
  int yields = n.yields();
  CHECK(n.text("lists", "keyfind", {Term::small(1), Term::small(1), list}) == "false");
  CHECK(n.yields() > yields + 3);
  yields = n.yields();
  Term reversed = n.call("lists", "reverse", {list, Term::nil()});
  CHECK(n.yields() > yields + 3);
  CHECK(reversed.head() == Term::small(500'000));
  CHECK(n.text("erlang", "length", {reversed}) == "500000");
}
