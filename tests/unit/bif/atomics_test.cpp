#include <catch2/catch.hpp>

#include "tests/unit/bif/call_native.h"
#include "vm/term/map.h"

using namespace joist;

namespace {

// The text of what a call gives; an exception as its reason after a '!'.
std::string text(NativeCaller& c, std::string_view module, std::string_view function,
                 std::initializer_list<Term> arguments) {
  Term result = c.call(module, function, arguments);
  return result.is_none() ? "!" + term_text(c.process().exception_reason) : term_text(result);
}

}  // namespace

TEST_CASE("atomics count in 64 bits, signed or unsigned, and wrap around") {
  NativeCaller c;
  Term one = Term::small(1);
  Term signed_array = c.call("erts_internal", "atomics_new", {Term::small(2), one});
  Term unsigned_array = c.call("erts_internal", "atomics_new", {Term::small(2), Term::small(0)});
  Term maximum = make_integer(c.heap(), INT64_MAX);
  CHECK(text(c, "atomics", "put", {signed_array, one, maximum}) == "ok");
  CHECK(text(c, "atomics", "add_get", {signed_array, one, one}) == "-9223372036854775808");
  CHECK(text(c, "atomics", "get", {signed_array, Term::small(2)}) == "0");
  CHECK(text(c, "atomics", "add", {unsigned_array, one, Term::small(-1)}) == "ok");
  CHECK(text(c, "atomics", "get", {unsigned_array, one}) == "18446744073709551615");
  CHECK(text(c, "atomics", "put", {unsigned_array, one, Term::small(-1)}) == "!badarg");
  CHECK(text(c, "atomics", "exchange", {unsigned_array, one, Term::small(5)}) ==
        "18446744073709551615");
  CHECK(text(c, "atomics", "compare_exchange", {unsigned_array, one, one, Term::small(7)}) == "5");
  CHECK(text(c, "atomics", "compare_exchange",
             {unsigned_array, one, Term::small(5), Term::small(7)}) == "ok");
  CHECK(text(c, "atomics", "get", {unsigned_array, one}) == "7");
}

TEST_CASE("indices, sizes and references of atomics and counters are checked") {
  NativeCaller c;
  Term one = Term::small(1);
  Term array = c.call("erts_internal", "atomics_new", {Term::small(3), one});
  Term counters = c.call("erts_internal", "counters_new", {Term::small(3)});
  for (int64_t index : {0, 4, -1}) {
    CHECK(text(c, "atomics", "get", {array, Term::small(index)}) == "!badarg");
    CHECK(text(c, "erts_internal", "counters_get", {counters, Term::small(index)}) == "!badarg");
  }
  CHECK(text(c, "atomics", "get", {counters, one}) == "!badarg");
  CHECK(text(c, "erts_internal", "counters_get", {array, one}) == "!badarg");
  CHECK(text(c, "atomics", "get", {c.call("erlang", "make_ref", {}), one}) == "!badarg");
  CHECK(text(c, "erts_internal", "counters_new", {Term::small(0)}) == "!badarg");
  CHECK(text(c, "erts_internal", "counters_new", {Term::small(int64_t{1} << 60)}) ==
        "!system_limit");
  Term info = c.call("atomics", "info", {array});
  REQUIRE(is_map(info));
  CHECK(*map_find(info, atoms::size) == Term::small(3));
  CHECK(term_text(*map_find(info, atoms::min)) == "-9223372036854775808");
}
