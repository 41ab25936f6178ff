#include <catch2/catch.hpp>

#include "tests/unit/bif/call_native.h"

using namespace joist;

TEST_CASE("term_to_string gives the bytes that display shows") {
  NativeCaller n;
  auto text = [&n](Term term, Term limit) {
    return n.text("erts_internal", "term_to_string", {term, limit});
  };
  Term term = n.tuple({must_atom("\xc3\xa5"), n.list({Term::small(1)})});
  CHECK(text(term, atoms::undefined) == "\"{\xc3\xa5,[1]}\"");
  CHECK(text(n.list({Term::small(1), Term::small(2)}), Term::small(2)) == "\"[1,... \"");
  for (Term bad : {Term::small(1), Term::small(int64_t{1} << 31), atoms::ok}) {
    CHECK(text(term, bad) == "!badarg");
  }
}

TEST_CASE("display_string takes flat lists of characters") {
  NativeCaller n;
  CHECK(n.text("erlang", "display_string", {Term::nil()}) == "true");
  CHECK(n.text("erlang", "display_string", {atoms::ok}) == "!badarg");
  CHECK(n.text("erlang", "display_string", {n.list({Term::small(0xd800)})}) == "!badarg");
  CHECK(n.text("erlang", "display_string", {n.list({Term::nil()})}) == "!badarg");
  CHECK(n.text("erlang", "display_string", {atoms::ok, Term::nil()}) == "!badarg");
}
