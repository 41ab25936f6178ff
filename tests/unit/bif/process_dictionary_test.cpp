#include <catch2/catch.hpp>

#include "tests/unit/bif/call_native.h"
#include "vm/term/compare.h"

using namespace joist;

TEST_CASE("put, get and erase answer with the old value") {
  NativeCaller n;
  Term a = must_atom("a");
  CHECK(n.text("erlang", "get", {}) == "[]");
  CHECK(n.text("erlang", "erase", {a}) == "undefined");
  CHECK(n.text("erlang", "put", {a, Term::small(1)}) == "undefined");
  CHECK(n.text("erlang", "put", {a, Term::small(2)}) == "1");
  CHECK(n.text("erlang", "get", {a}) == "2");
  CHECK(n.text("erlang", "get", {Term::nil()}) == "undefined");
  CHECK(n.text("erlang", "get", {}) == "[{a,2}]");
  CHECK(n.text("erlang", "get_keys", {}) == "[a]");
  CHECK(n.text("erlang", "get_keys", {Term::small(2)}) == "[a]");
  CHECK(n.text("erlang", "get_keys", {Term::small(1)}) == "[]");
  CHECK(n.text("erlang", "erase", {a}) == "2");
  CHECK(n.text("erlang", "get", {}) == "[]");
  n.call("erlang", "put", {a, Term::small(3)});
  CHECK(n.text("erlang", "erase", {}) == "[{a,3}]");
  CHECK(n.text("erlang", "get", {a}) == "undefined");
}

TEST_CASE("the dictionary keeps its terms alive") {
  NativeCaller n;
  for (int i = 0; i < 100; ++i) {
    n.call("erlang", "put", {n.tuple({Term::small(i)}), n.list({Term::small(i), atoms::ok})});
  }
  REQUIRE(n.process().collect_gc(0, 0, Collection::kFull));
  REQUIRE(n.process().collect_gc(0, 0, Collection::kMinor));
  for (int i = 0; i < 100; ++i) {
    std::string expected = "[" + std::to_string(i) + ",ok]";
    CHECK(n.text("erlang", "get", {n.tuple({Term::small(i)})}) == expected);
  }
}
