// The operators themselves are tested in tests/unit/heap/arith_test.cpp; here it is what the
// functions add: their exceptions. Expected values are OTP 25's.
#include "tests/unit/bif/call_native.h"
#include "vm/heap/arith.h"

using namespace joist;

namespace {
Term small(int64_t value) { return Term::small(value); }
}  // namespace

TEST_CASE("operators as functions") {
  NativeCaller vm;
  CHECK(vm.text("+", {small(3), small(4)}) == "7");
  CHECK(vm.text("-", {small(3), small(4)}) == "-1");
  CHECK(vm.text("-", {small(3)}) == "-3");
  CHECK(vm.text("*", {small(1), small(4)}) == "4");
  CHECK(vm.text("/", {small(3), small(4)}) == "7.500000e-01");
  CHECK(vm.text("div", {small(-7), small(2)}) == "-3");
  CHECK(vm.text("rem", {small(-7), small(2)}) == "-1");
  CHECK(vm.text("band", {small(-7), small(12)}) == "8");
  CHECK(vm.text("bor", {small(-7), small(2)}) == "-5");
  CHECK(vm.text("bxor", {small(-7), small(2)}) == "-5");
  CHECK(vm.text("bsl", {small(-7), small(2)}) == "-28");
  CHECK(vm.text("bsr", {small(-7), small(1)}) == "-4");
  CHECK(vm.text("bnot", {small(-7)}) == "6");
  CHECK(vm.text("+", {vm.number(1.5)}) == "1.500000e+00");
}

TEST_CASE("operators raise badarith, functions badarg") {
  NativeCaller vm;
  for (const char* name : {"+", "-", "*", "/", "div", "rem", "band", "bor", "bxor", "bsl", "bsr"}) {
    INFO(name);
    CHECK(vm.text(name, {small(1), atoms::ok}) == "!badarith");
  }
  for (const char* name : {"+", "-", "bnot"}) CHECK(vm.text(name, {atoms::ok}) == "!badarith");
  for (const char* name : {"abs", "float", "round", "trunc", "floor", "ceil"}) {
    CHECK(vm.text(name, {atoms::ok}) == "!badarg");
  }
  Term huge = arith_shift_left(vm.heap(), small(1), small(1024)).value;
  CHECK(vm.text("float", {huge}) == "!badarg");
  CHECK(vm.text("+", {huge, vm.number(1.0)}) == "!badarith");
  CHECK(vm.text("bsl", {small(1), huge}) == "!system_limit");
  CHECK(vm.text("*", {vm.number(1e308), small(10)}) == "!badarith");
}

TEST_CASE("floats become integers") {
  NativeCaller vm;
  CHECK(vm.text("round", {vm.number(2.5)}) == "3");
  CHECK(vm.text("round", {vm.number(-2.5)}) == "-3");
  CHECK(vm.text("round", {vm.number(0x1.fffffffffffffp-2)}) == "0");
  CHECK(vm.text("trunc", {vm.number(-2.9)}) == "-2");
  CHECK(vm.text("floor", {vm.number(-2.1)}) == "-3");
  CHECK(vm.text("ceil", {vm.number(-2.9)}) == "-2");
  CHECK(vm.text("trunc", {vm.number(1e25)}) == "10000000000000000905969664");
  CHECK(vm.text("abs", {vm.number(-0.0)}) == "-0.000000e+00");  // OTP 25 compares with 0.0
  CHECK(vm.text("round", {small(7)}) == "7");
}

TEST_CASE("mathematical functions") {
  NativeCaller vm;
  auto text = [&](const char* name, std::initializer_list<Term> arguments) {
    return vm.text("math", name, arguments);
  };
  CHECK(text("sqrt", {small(16)}) == "4.000000e+00");
  CHECK(text("pow", {small(2), small(1000)}) == "1.071509e+301");
  CHECK(text("atan2", {small(0), small(-1)}) == "3.141593e+00");
  CHECK(text("fmod", {vm.number(-1.5), small(-1)}) == "-5.000000e-01");
  CHECK(text("floor", {vm.number(-1.5)}) == "-2.000000e+00");
  for (const char* name : {"acos", "asin", "acosh", "atanh"}) {
    CHECK(text(name, {small(-2)}) == "!badarith");
  }
  for (const char* name : {"log", "log2", "log10"}) CHECK(text(name, {small(0)}) == "!badarith");
  CHECK(text("sqrt", {small(-1)}) == "!badarith");
  CHECK(text("exp", {small(1000)}) == "!badarith");
  CHECK(text("pow", {small(0), small(-1)}) == "!badarith");
  CHECK(text("fmod", {small(1), small(0)}) == "!badarith");
  CHECK(text("exp", {small(-1000)}) == "0.000000e+00");
  Term huge = arith_shift_left(vm.heap(), small(1), small(1024)).value;
  CHECK(text("sin", {huge}) == "!badarith");
  CHECK(text("sin", {atoms::ok}) == "!badarg");
  CHECK(text("pow", {huge, atoms::ok}) == "!badarith");
  CHECK(text("pow", {atoms::ok, huge}) == "!badarg");
}
