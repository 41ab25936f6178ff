// Expected values are OTP 25's, those of erts_internal OTP 27's.
#include "tests/unit/bif/call_native.h"
#include "vm/heap/arith.h"

using namespace joist;

namespace {

Term small(int64_t value) { return Term::small(value); }

// The characters of `head` before `tail`.
Term ending(NativeCaller& vm, std::string_view head, Term tail) {
  return make_string(vm.heap(), head, tail);
}

}  // namespace

TEST_CASE("numbers become lists and binaries") {
  NativeCaller vm;
  CHECK(vm.text("integer_to_list", {small(-12)}) == "\"-12\"");
  CHECK(vm.text("integer_to_binary", {small(-255), small(16)}) == "<<\"-FF\">>");
  CHECK(vm.text("float_to_list", {vm.number(1.5)}) == "\"1.50000000000000000000e+00\"");
  CHECK(vm.text("float_to_binary", {vm.number(1.5)}) == "<<\"1.50000000000000000000e+00\">>");
  for (Term base : {small(1), small(37), atoms::ok}) {
    CHECK(vm.text("integer_to_list", {small(12), base}) == "!badarg");
    CHECK(vm.text("integer_to_binary", {small(12), base}) == "!badarg");
  }
  CHECK(vm.text("integer_to_list", {vm.number(1.0)}) == "!badarg");
  CHECK(vm.text("float_to_list", {small(1)}) == "!badarg");
}

TEST_CASE("the last option of float_to_list counts") {
  NativeCaller vm;
  Allocator& heap = vm.heap();
  auto text = [&](std::initializer_list<Term> options) {
    return vm.text("float_to_list", {vm.number(1.5), make_list(heap, options)});
  };
  Term three = make_tuple(heap, {atoms::decimals, small(3)});
  CHECK(text({three}) == "\"1.500\"");
  CHECK(text({atoms::compact, three}) == "\"1.5\"");
  CHECK(text({atoms::short_, three}) == "\"1.500\"");
  CHECK(text({three, atoms::short_}) == "\"1.5\"");
  CHECK(text({atoms::compact}) == "\"1.50000000000000000000e+00\"");
  CHECK(text({make_tuple(heap, {atoms::scientific, small(0)})}) == "\"2e+00\"");
  CHECK(text({make_tuple(heap, {atoms::scientific, small(int64_t{1} << 32)})}) == "\"2e+00\"");
  CHECK(text({make_tuple(heap, {atoms::decimals, small(254)})}) == "!badarg");
  CHECK(text({make_tuple(heap, {atoms::decimals, atoms::ok})}) == "!badarg");
  CHECK(text({make_tuple(heap, {atoms::ok, small(3)})}) == "!badarg");
  CHECK(text({atoms::ok}) == "!badarg");
  CHECK(vm.text("float_to_list", {vm.number(1.5), atoms::short_}) == "!badarg");
}

TEST_CASE("texts become numbers") {
  NativeCaller vm;
  CHECK(vm.text("list_to_integer", {vm.string("-12")}) == "-12");
  CHECK(vm.text("list_to_integer", {vm.string("zZ"), small(36)}) == "1295");
  CHECK(vm.text("binary_to_integer", {vm.binary("+12")}) == "12");
  CHECK(vm.text("binary_to_integer", {vm.binary("-100000000000000000000"), small(2)}) ==
        "-1048576");
  CHECK(vm.text("list_to_float", {vm.string("-1,5e1")}) == "-1.500000e+01");
  CHECK(vm.text("binary_to_float", {vm.binary("0.25")}) == "2.500000e-01");
  // A character's low byte is what counts in lists.
  Term wide = make_list(vm.heap(), std::initializer_list<Term>{small('1' + 256), small('2')});
  CHECK(vm.text("list_to_integer", {wide}) == "12");
}

TEST_CASE("texts that are no numbers are bad arguments") {
  NativeCaller vm;
  for (Term list : {vm.string(""), vm.string("+"), vm.string("1x"), vm.string("1.0"), atoms::ok,
                    ending(vm, "1", atoms::ok)}) {
    CHECK(vm.text("list_to_integer", {list}) == "!badarg");
    CHECK(vm.text("list_to_integer", {list, small(10)}) == "!badarg");
  }
  for (Term binary : {vm.binary(""), vm.binary("+"), vm.binary("12 "), vm.string("1"), atoms::ok}) {
    CHECK(vm.text("binary_to_integer", {binary}) == "!badarg");
    CHECK(vm.text("binary_to_integer", {binary, small(10)}) == "!badarg");
  }
  CHECK(vm.text("list_to_integer", {vm.string("12"), small(1)}) == "!badarg");
  CHECK(vm.text("list_to_float", {vm.string("1")}) == "!badarg");
  CHECK(vm.text("list_to_float", {ending(vm, "1.5", atoms::ok)}) == "!badarg");
  CHECK(vm.text("binary_to_float", {vm.string("1.5")}) == "!badarg");
}

TEST_CASE("an integer at the head of a list") {
  NativeCaller vm;
  auto text = [&](Term list) { return vm.text("string", "list_to_integer", {list}); };
  CHECK(text(vm.string("12abc")) == "{12,\"abc\"}");
  CHECK(text(vm.string("-7")) == "{-7,[]}");
  CHECK(text(ending(vm, "1", atoms::ok)) == "{1,ok}");
  CHECK(text(vm.string("")) == "{error,no_integer}");
  CHECK(text(vm.string("--1")) == "{error,no_integer}");
  CHECK(text(ending(vm, "-", atoms::ok)) == "{error,no_integer}");
  CHECK(text(atoms::ok) == "{error,not_a_list}");
}

TEST_CASE("a float at the head of a list") {
  NativeCaller vm;
  auto text = [&](Term list) { return vm.text("string", "list_to_float", {list}); };
  CHECK(text(vm.string("+1.5")) == "{1.500000e+00,[]}");
  CHECK(text(vm.string("1.5e")) == "{1.500000e+00,\"e\"}");
  CHECK(text(vm.string("1.5e+x")) == "{1.500000e+00,\"e+x\"}");
  CHECK(text(vm.string("1.5e1.5")) == "{1.500000e+01,\".5\"}");
  CHECK(text(vm.string("1.5.5")) == "{1.500000e+00,\".5\"}");
  CHECK(text(ending(vm, "1.5", atoms::ok)) == "{1.500000e+00,ok}");
  for (std::string_view wrong : {"", "1", "1.", "1.x", ".5", "-", "--1.5", "1e5", "1.5e400x"}) {
    CHECK(text(vm.string(wrong)) == "{error,no_float}");
  }
  CHECK(text(atoms::ok) == "{error,not_a_list}");
}

TEST_CASE("helpers of the Erlang code that converts texts from OTP 27 on") {
  NativeCaller vm;
  auto list = [&](Term text, Term base) {
    return vm.text("erts_internal", "list_to_integer", {text, base});
  };
  CHECK(list(vm.string("12x"), small(10)) == "{12,\"x\"}");
  CHECK(list(vm.string("x"), small(10)) == "no_integer");
  CHECK(list(vm.string("-"), small(10)) == "no_integer");
  CHECK(list(Term::nil(), small(99)) == "no_integer");
  CHECK(list(atoms::ok, small(99)) == "not_a_list");
  CHECK(list(vm.string("1"), small(99)) == "badarg");
  CHECK(list(vm.string(std::string(50000, '1')), small(10)) == "big");
  auto binary = [&](Term text, Term base) {
    return vm.text("erts_internal", "binary_to_integer", {text, base});
  };
  CHECK(binary(vm.binary("-ff"), small(16)) == "-255");
  CHECK(binary(vm.binary(""), small(10)) == "badarg");
  CHECK(binary(vm.string("1"), small(10)) == "badarg");
  CHECK(binary(vm.binary("1"), atoms::ok) == "badarg");
  CHECK(binary(vm.binary(std::string(50000, '1')), small(10)) == "big");
}
