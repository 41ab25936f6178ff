#include <catch2/catch.hpp>

#include "tests/unit/bif/native_call.h"

using namespace joist;

TEST_CASE("term_to_string gives the bytes that display shows") {
  test::NativeCaller n;
  auto text = [&n](Term term, Term limit) {
    return n.text("erts_internal", "term_to_string", {term, limit});
  };
  Term term = n.tuple({must_atom("\xc3\xa5"), n.list({Term::small(1)})});
  CHECK(text(term, atoms::undefined) == "\"{\xc3\xa5,[1]}\"");
  CHECK(text(n.list({Term::small(1), Term::small(2)}), Term::small(2)) == "\"[1,... \"");
  for (Term bad : {Term::small(1), Term::small(int64_t{1} << 31), atoms::ok}) {
    CHECK(text(term, bad) == "error:badarg");
  }
}

TEST_CASE("display_string takes flat lists of characters") {
  test::NativeCaller n;
  CHECK(n.text("erlang", "display_string", {Term::nil()}) == "true");
  CHECK(n.text("erlang", "display_string", {atoms::ok}) == "error:badarg");
  CHECK(n.text("erlang", "display_string", {n.list({Term::small(0xd800)})}) == "error:badarg");
  CHECK(n.text("erlang", "display_string", {n.list({Term::nil()})}) == "error:badarg");
  CHECK(n.text("erlang", "display_string", {atoms::ok, Term::nil()}) == "error:badarg");
}
