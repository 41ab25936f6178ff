#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "tests/unit/bif/call_native.h"
#include "vm/term/compare.h"

using namespace joist;

namespace {
const Term kA = Term::small(1000), kB = Term::small(1001), kC = Term::small(1002);
}

TEST_CASE("hd, tl and length") {
  NativeCaller n;
  Term list = n.list({kA, kB, kC});
  CHECK(n.text("erlang", "hd", {list}) == "1000");
  CHECK(n.text("erlang", "tl", {list}) == "[1001,1002]");
  CHECK(n.text("erlang", "length", {list}) == "3");
  CHECK(n.text("erlang", "length", {Term::nil()}) == "0");
  CHECK(n.text("erlang", "hd", {Term::nil()}) == "!badarg");
  CHECK(n.text("erlang", "tl", {atoms::ok}) == "!badarg");
  CHECK(n.text("erlang", "length", {n.list({kA}, kB)}) == "!badarg");
}

TEST_CASE("++ accepts any tail and proper lists only before it") {
  NativeCaller n;
  for (const char* name : {"++", "append"}) {
    CHECK(n.text("erlang", name, {n.list({kA}), n.list({kB, kC})}) == "[1000,1001,1002]");
    CHECK(n.text("erlang", name, {n.list({kA}), kB}) == "[1000|1001]");
    CHECK(n.text("erlang", name, {Term::nil(), kB}) == "1001");
    CHECK(n.text("erlang", name, {n.list({kA, kB}), Term::nil()}) == "[1000,1001]");
    CHECK(n.text("erlang", name, {kA, Term::nil()}) == "!badarg");
    CHECK(n.text("erlang", name, {n.list({kA}, kB), Term::nil()}) == "!badarg");
  }
}

TEST_CASE("-- takes away first occurrences, by exact equality") {
  NativeCaller n;
  for (const char* name : {"--", "subtract"}) {
    CHECK(n.text("erlang", name, {n.list({kA, kB, kA, kC, kA}), n.list({kA, kC, kA})}) ==
          "[1001,1000]");
    Term one = make_float(n.heap(), 1.0);
    CHECK(n.text("erlang", name, {n.list({Term::small(300), one}), n.list({one})}) == "[300]");
    CHECK(n.text("erlang", name, {Term::nil(), n.list({kA})}) == "[]");
    CHECK(n.text("erlang", name, {n.list({kA}), Term::nil()}) == "[1000]");
    for (Term bad : {kA, n.list({kA}, kB)}) {
      CHECK(n.text("erlang", name, {bad, Term::nil()}) == "!badarg");
      CHECK(n.text("erlang", name, {Term::nil(), bad}) == "!badarg");
    }
  }
}

TEST_CASE("-- of long lists gives the same as the definition") {
  NativeCaller n;
  std::mt19937 random(5);
  for (int round = 0; round < 300; ++round) {
    std::vector<int> left(random() % 60), right(random() % 60);
    for (int& x : left) x = static_cast<int>(random() % 20);
    for (int& x : right) x = static_cast<int>(random() % 25);
    auto term = [&n](const std::vector<int>& numbers) {
      ListBuilder list(n.heap());
      for (int x : numbers) list.add(n.tuple({Term::small(x)}));
      return list.finish();
    };
    Term result = n.call("erlang", "--", {term(left), term(right)});
    for (int x : right) {
      auto place = std::find(left.begin(), left.end(), x);
      if (place != left.end()) left.erase(place);
    }
    CHECK(exact_equal(result, term(left)));
  }
}

TEST_CASE("-- of long lists takes time linear in their lengths") {
  NativeCaller n;
  Term list = n.range(300'000);
  CHECK(n.call("erlang", "--", {list, list}).is_nil());
}
