// Expected values are OTP 25's.
#include "tests/unit/bif/call_native.h"

using namespace joist;

namespace {

Term code_points(NativeCaller& vm, std::initializer_list<int64_t> values) {
  std::vector<Term> terms;
  for (int64_t value : values) terms.push_back(Term::small(value));
  return make_list(vm.heap(), terms);
}

std::string times(size_t count, std::string_view text) {
  std::string result;
  for (size_t i = 0; i < count; ++i) result += text;
  return result;
}

}  // namespace

TEST_CASE("lists become atoms") {
  NativeCaller vm;
  CHECK(vm.call("erlang", "list_to_atom", {vm.string("ok")}) == atoms::ok);
  CHECK(vm.call("erlang", "list_to_existing_atom", {vm.string("ok")}) == atoms::ok);
  CHECK(atom_text(vm.call("erlang", "list_to_atom", {code_points(vm, {0xE5, 0x436, 0x1F600})})) ==
        "\u00E5\u0436\U0001F600");
  CHECK(atom_text(vm.call("erlang", "list_to_atom", {Term::nil()})).empty());
  for (int64_t wrong : {int64_t{0xD800}, int64_t{0x110000}, int64_t{-1}}) {
    CHECK(vm.text("list_to_atom", {code_points(vm, {'a', wrong})}) == "!badarg");
  }
  CHECK(vm.text("list_to_atom", {make_string(vm.heap(), "a", atoms::ok)}) == "!badarg");
  CHECK(vm.text("list_to_existing_atom", {vm.string("never seen before")}) == "!badarg");
}

TEST_CASE("atoms have at most 255 characters") {
  NativeCaller vm;
  Term most = vm.string(times(255, "a"));
  CHECK(vm.call("erlang", "list_to_atom", {most}).is_atom());
  CHECK(vm.text("list_to_atom", {vm.string(times(256, "a"))}) == "!system_limit");
  CHECK(vm.text("list_to_existing_atom", {vm.string(times(256, "a"))}) == "!badarg");
  CHECK(vm.text("list_to_atom", {make_string(vm.heap(), times(255, "a"), atoms::ok)}) == "!badarg");
  Term wrong_at_the_end = make_cons(vm.heap(), atoms::ok, Term::nil());
  CHECK(vm.text("list_to_atom", {make_string(vm.heap(), times(255, "a"), wrong_at_the_end)}) ==
        "!system_limit");

  auto binary = [&](std::string_view text, Term encoding) {
    return vm.text("binary_to_atom", {vm.binary(text), encoding});
  };
  CHECK(vm.call("erlang", "binary_to_atom", {vm.binary(times(255, "\u00E5")), atoms::utf8})
            .is_atom());
  CHECK(binary(times(256, "\u00E5"), atoms::utf8) == "!system_limit");
  CHECK(binary(times(256, "a"), atoms::latin1) == "!system_limit");
  CHECK(binary(times(256, "\xFF"), atoms::utf8) == "!badarg");
  CHECK(binary(times(2000, "\xFF"), atoms::utf8) == "!system_limit");
  CHECK(binary(times(255, "a") + "\xFF", atoms::utf8) == "!system_limit");
  CHECK(vm.text("binary_to_existing_atom", {vm.binary(times(256, "a")), atoms::utf8}) == "!badarg");
}

TEST_CASE("binaries become atoms") {
  NativeCaller vm;
  auto atom = [&](std::string_view text, Term encoding) {
    return vm.call("erlang", "binary_to_atom", {vm.binary(text), encoding});
  };
  CHECK(atom("ok", atoms::unicode) == atoms::ok);
  CHECK(atom("\xE5", atoms::latin1) == atom("\u00E5", atoms::utf8));
  for (std::string_view wrong : {"\xFF", "\xED\xA0\x80", "\xC0\x80", "a\xC3"}) {
    CHECK(atom(wrong, atoms::utf8).is_none());
    CHECK(vm.process().exception_reason == atoms::badarg);
  }
  CHECK(atom("ok", atoms::ok).is_none());
  CHECK(vm.text("binary_to_atom", {vm.string("ok"), atoms::utf8}) == "!badarg");
  CHECK(vm.call("erlang", "binary_to_existing_atom", {vm.binary("ok"), atoms::latin1}) ==
        atoms::ok);
  CHECK(vm.text("binary_to_existing_atom", {vm.binary("not there"), atoms::utf8}) == "!badarg");
}

TEST_CASE("atoms become lists and binaries") {
  NativeCaller vm;
  Term latin1 = must_atom("\u00E5\u00F6");
  Term wide = must_atom("\u0436");
  CHECK(vm.text("atom_to_list", {wide}) == "[1078]");
  CHECK(vm.text("atom_to_list", {must_atom("")}) == "[]");
  CHECK(vm.text("atom_to_binary", {latin1, atoms::latin1}) == "<<229,246>>");
  CHECK(vm.text("atom_to_binary", {latin1, atoms::utf8}) == "<<195,165,195,182>>");
  CHECK(vm.text("atom_to_binary", {wide, atoms::unicode}) == "<<208,182>>");
  CHECK(vm.text("atom_to_binary", {wide, atoms::latin1}) == "!badarg");
  CHECK(vm.text("atom_to_binary", {wide, atoms::ok}) == "!badarg");
  CHECK(vm.text("atom_to_list", {Term::small(1)}) == "!badarg");
}
