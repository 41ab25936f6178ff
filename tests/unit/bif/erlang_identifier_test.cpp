// Expected values are OTP 25's, where nothing else is said.
#include "tests/unit/bif/call_native.h"
#include "vm/term/compare.h"
#include "vm/term/rules.h"

using namespace joist;

TEST_CASE("pids, ports and references are read back from their texts") {
  NativeCaller vm;
  auto round_trip = [&](const char* reader, const char* writer, std::string_view text) {
    Term identifier = vm.call("erlang", reader, {vm.string(text)});
    REQUIRE_FALSE(identifier.is_none());
    CHECK(vm.text(writer, {identifier}) == "\"" + std::string(text) + "\"");
    return identifier;
  };
  CHECK(round_trip("list_to_pid", "pid_to_list", "<0.1.8191>") == make_local_pid(1, 8191));
  CHECK(round_trip("list_to_port", "port_to_list", "#Port<0.7>") == Term::local_port(7));
  Term ref = round_trip("list_to_ref", "ref_to_list", "#Ref<0.4265487076.2334654465.231392>");
  CHECK(ref_numbers(ref).number[0] == 231392);
}

TEST_CASE("texts that are no identifiers are bad arguments") {
  NativeCaller vm;
  for (std::string_view text :
       {"", "<0.1>", "<0.1.2", "<0.1.2> ", " <0.1.2>", "<1.1.0>", "<0.1.8192>", "<0.268435456.0>",
        "<.1.2>", "<0.-1.2>", "<0.1.2.3>"}) {
    INFO(text);
    CHECK(vm.text("list_to_pid", {vm.string(text)}) == "!badarg");
  }
  for (std::string_view text : {"#Port<0.268435456>", "#Port<0.1> ", "#Port<1.1>", "Port<0.1>"}) {
    INFO(text);
    CHECK(vm.text("list_to_port", {vm.string(text)}) == "!badarg");
  }
  for (std::string_view text : {"#Ref<0.1>", "#Ref<0.1.2.3.4>", "#Ref<0.1.2.262144>",
                                "#Ref<0.4294967296.2.1>", "#Ref<0.1.2.3.4.5>", "#Ref<0.1.2.3>>"}) {
    INFO(text);
    CHECK(vm.text("list_to_ref", {vm.string(text)}) == "!badarg");
  }
  for (const char* name : {"list_to_pid", "list_to_port", "list_to_ref", "pid_to_list",
                           "port_to_list", "ref_to_list"}) {
    CHECK(vm.text(name, {atoms::ok}) == "!badarg");
  }
}

TEST_CASE("identifiers have more bits from OTP 26 on") {
  set_term_rules(27);
  NativeCaller vm;
  CHECK(vm.text("list_to_pid", {vm.string("<0.268435455.9000>")}) == "<0.268435455.9000>");
  CHECK(vm.text("list_to_pid", {vm.string("<0.268435456.0>")}) == "!badarg");
  CHECK(vm.text("list_to_port", {vm.string("#Port<0.268435456>")}) == "#Port<0.268435456>");
  CHECK(vm.text("list_to_ref", {vm.string("#Ref<0.1.2.3.4.5>")}) == "#Ref<0.1.2.3.4.5>");
  set_term_rules(25);
}
