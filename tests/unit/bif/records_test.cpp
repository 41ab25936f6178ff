#include <catch2/catch.hpp>

#include "tests/unit/bif/call_native.h"
#include "vm/heap/map_build.h"
#include "vm/term/compare.h"

using namespace joist;

namespace {

Term pair(NativeCaller& c, Term a, Term b) { return make_tuple(c.heap(), {a, b}); }

Term options(NativeCaller& c, Term exported) {
  return make_map(c.heap(), std::vector<Term>{atoms::is_exported, exported});
}

// #module:name{ok = 1, error = 2}
Term example(NativeCaller& c) {
  Term fields = make_list(c.heap(), std::vector<Term>{pair(c, atoms::ok, Term::small(1)),
                                                      pair(c, atoms::error, Term::small(2))});
  return c.call("records", "create",
                {atoms::module, atoms::name, fields, options(c, atoms::true_)});
}

std::string reason(NativeCaller& c) { return term_text(c.process().exception_reason); }

}  // namespace

TEST_CASE("records tell what they were made of") {
  NativeCaller c;
  Term record = example(c);
  CHECK(c.call("records", "get", {atoms::error, record}) == Term::small(2));
  CHECK(c.call("records", "get_module", {record}) == atoms::module);
  CHECK(c.call("records", "get_name", {record}) == atoms::name);
  CHECK(c.call("records", "is_exported", {record}) == atoms::true_);
  CHECK(term_text(c.call("records", "get_field_names", {record})) == "[ok,error]");
  CHECK(record_definition(record) == record_definition(example(c)));
  CHECK(exact_equal(record, example(c)));
  CHECK(c.call("records", "get", {atoms::name, record}).is_none());
  CHECK(reason(c) == "badarg");
}

TEST_CASE("an update changes known fields and names the unknown one") {
  NativeCaller c;
  Term record = example(c);
  Term change = make_map(c.heap(), std::vector<Term>{atoms::ok, Term::small(7)});
  Term updated = c.call("records", "update", {record, atoms::module, atoms::name, change});
  CHECK(c.call("records", "get", {atoms::ok, updated}) == Term::small(7));
  CHECK(c.call("records", "get", {atoms::error, updated}) == Term::small(2));
  CHECK(c.call("records", "get", {atoms::ok, record}) == Term::small(1));
  Term unknown = make_map(c.heap(), std::vector<Term>{atoms::all, Term::small(7)});
  CHECK(c.call("records", "update", {record, atoms::module, atoms::underscore, unknown}).is_none());
  CHECK(reason(c) == "{badfield,{{module,name},all}}");
  CHECK(c.call("records", "update", {record, atoms::module, atoms::all, change}).is_none());
  CHECK(reason(c) == "{badrecord,all}");
}

TEST_CASE("a record's fields must be different atoms") {
  NativeCaller c;
  Term twice = make_list(c.heap(), std::vector<Term>{pair(c, atoms::ok, Term::small(1)),
                                                     pair(c, atoms::ok, Term::small(2))});
  Term yes = options(c, atoms::true_);
  CHECK(c.call("records", "create", {atoms::module, atoms::name, twice, yes}).is_none());
  CHECK(reason(c) == "badarg");
  Term number = make_list(c.heap(), std::vector<Term>{pair(c, Term::small(1), Term::small(1))});
  CHECK(c.call("records", "create", {atoms::module, atoms::name, number, yes}).is_none());
  CHECK(reason(c) == "{badfield,{{module,name},1}}");
  Term none = Term::nil();
  CHECK(c.call("records", "create", {atoms::module, atoms::name, none, none}).is_none());
  CHECK(reason(c) == "{badmap,[]}");
}
