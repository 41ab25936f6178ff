// Native records (OTP 29) in compiled code, from the loader to the values and errors of their
// instructions.
#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "loader/load.h"
#include "vm/engine/vm.h"
#include "vm/heap/builder.h"
#include "vm/term/print.h"

using namespace joist;

namespace {

// The compiler of OTP 29, options deterministic, no_docs, no_line_info, no_lint:
//
//   -module(other).
//   -export([hidden/0]).
//   -export_record([thing]).
//   -record #thing{v, w}.
//   -record #hidden{v = 1}.
//   hidden() -> #hidden{}.
constexpr std::string_view kOther =
    "464f5231000002304245414d4174553800000049fffffff6506f746865726068696464656eb06d6f64756c655f69"
    "6e666f6065726c616e67f06765745f6d6f64756c655f696e666f507468696e674074727565107610775066616c73"
    "65000000436f6465000000450000001000000000000000bd00000007000000030110021222000120bd0522020300"
    "17001301300212320001404012034e100001500212321001604003134012034e2010030000005374725400000000"
    "496d70540000001c0000000200000004000000050000000100000004000000050000000245787054000000280000"
    "0003000000030000000100000006000000030000000000000004000000020000000000000002526563730000001c"
    "0000000000000002000000030562721740820092000522a2172082114c6f63540000000400000000417474720000"
    "0027836c000000016802770376736e6c000000016e10008120b91b9e1f62ee954d34b4bc0ebe0f6a6a0043496e66"
    "0000001b836c000000016802770776657273696f6e6b000631302e302e366a004462676900000070835000000073"
    "789c1d8d410ec2300c0423a8c4a51c7ae419bcc84a1d438d523bb253fc7d426f2bcd6876bbc6bdd07abc81e5a5f0"
    "7dc6425621afde2d6307d442db252651a19a529ae2210ade72c8607be34a06cd14c9fd5fea643b0b7b678cdb308b"
    "a2c73c4665a1f3e3f3036d692ac94c696e6500000014000000000000000000000000000000000000000054797065"
    "0000000a00000004000000011fff0000";

//
//   -module(nr).
//   -export([own/0, own/1, read/1, update/1, bad/1, foreign/1, is/1, order/0]).
//   -export_record([point]).
//   -record #point{x = 0, y = 12345678901234567890, tag}.
//   -record #secret{b = [1], a = a}.
//   own() -> #point{tag = t}.
//   own(A) -> #secret{a = A}.
//   read(#point{y = Y, x = X}) -> {point, X, Y};
//   read(#secret{a = A}) -> {secret, A};
//   read(R) -> R#point.tag.
//   update(R) -> R#point{x = 1, y = [R]}.
//   bad(missing) -> #point{x = 1};
//   bad(unknown) -> #point{zz = 1, x = 1};
//   bad(R) -> R#point{zz = 1}.
//   foreign({new, V}) -> #other:thing{v = V, w = []};
//   foreign(missing) -> #other:thing{v = 1};
//   foreign(unknown) -> #other:thing{v = 1, zz = 2};
//   foreign(hidden) -> #other:hidden{v = 1};
//   foreign({bad, R}) -> R#other:thing{zz = 1};
//   foreign({field, R}) -> R#other:thing.v;
//   foreign({no_field, R}) -> R#other:thing.w;
//   foreign({update, R}) -> R#other:thing{v = u};
//   foreign(#other:thing{v = V}) -> {match, V};
//   foreign(_) -> none.
//   is(R) when is_record(R, secret) -> secret;
//   is(R) when is_record(R, other, thing) -> thing;
//   is(R) when is_record(R) -> record;
//   is(_) -> no.
//   order() -> order(#secret{a = 2}, #secret{b = 0}, #point{tag = 1}).
//   order(A, B, P) -> {A > B, P < B, {} < P, A < #{}, A =:= A#secret{a = 2}, A == B}.
constexpr std::string_view kRecords =
    "464f5231000006704245414d41745538000000d8ffffffd8206e72306f776e50706f696e74307461671074607365"
    "6372657410614072656164107910786075706461746530626164706d697373696e6770756e6b6e6f776e207a7a70"
    "666f726569676e506669656c64306e6577806e6f5f6669656c64506f74686572507468696e678065787465726e61"
    "6c1076107510776068696464656e506d61746368406e6f6e65206973607265636f7264206e6f506f726465721062"
    "6065726c616e67103c303d3a3d5066616c7365b06d6f64756c655f696e666ff06765745f6d6f64756c655f696e66"
    "6f4074727565436f64650000030e0000001000000000000000bf0000002e0000000b0110021222000120bd053202"
    "030017204252130130021222100140bd056202031017207203130150021282100160ba8503bb755703101232bc75"
    "0317409223a213104030a4031730321323130170bb855703101262bc850317207213103020a40317206213130180"
    "bf05033242031301900212b21001a0bab503bbb5570310123210201045030213bd05320303201740a21192131301"
    "b0b40301c00212c21001d03b030d101740d2f5e2e501e0bd05320203001740a211f2111301f0bd05320203001720"
    "a21113010810ba0d1103bb0d115703101232bd05320303101720f21113010811b40301081202120a101001081339"
    "0d1b033a0d20032042030013420310033b130d2017a0c20d190a110d180a120d170a130d16b20d14010814ba0d15"
    "03bb0d155703100a140a15be0d15030a16bd05470003031017200a170a1813010815b403010816bf050347000a19"
    "0313010817bd05470002031017400a17030a190213010818bf050347000a170313010819ba0d1a03bb0d1a570310"
    "0a140a15be0d1a030a16bd0547000303101720f2111301081ab40301081b300d1f033b5703200d2017600a1a0d1e"
    "d20d1de20d1c01081cbd05470002030017400a1711f2211301081dbd05470002030017200a17111301081ebd0547"
    "1002030017200a17111301081fba0d2003bb0d205703100a140a15be0d20030a16bc0d200317200a1703103010a4"
    "0317200a1b0313010820400a1c031301082102120a1d10010822ba0d2503bb0d23570310126240620313010823bb"
    "0d245703100a140a15400a150313010824400a1e0313010825400a1f031301082602120a2000010827bd05620203"
    "0017207221bd056202131017200a2101bd05320223201720421106300d2901082802120a20300108290b05005713"
    "10570310330b0500572310571310130b05004720572310230b0500570310473043bd056203535017207221107060"
    "0b051057031057531003a403176033132343030a251301082a02120a260001082b4012034e102001082c02120a26"
    "1001082d4003134012034e20300300005374725400000000496d7054000000340000000400000022000000230000"
    "0002000000220000002400000002000000220000002700000001000000220000002700000002457870540000007c"
    "0000000a00000026000000010000002d00000026000000000000002b0000002000000000000000270000001d0000"
    "0001000000220000001000000001000000130000000c000000010000000d0000000b000000010000000a00000008"
    "00000001000000060000000200000001000000040000000200000000000000024c6974540000004d000000000000"
    "00050000001183680277056f7468657277057468696e670000001283680277056f74686572770668696464656e00"
    "0000038368000000000683740000000000000005836b000101000000526563730000002e00000000000000020000"
    "000505320a281760a20192f90000ab54a98ceb1f0ad2420005620a2517400a214740727200004c6f635400000010"
    "000000010000002000000003000000294174747200000027836c000000016802770376736e6c000000016e1000f7"
    "a1093e32a6bac61ed88bc53aa2003c6a6a0043496e660000001b836c000000016802770776657273696f6e6b0006"
    "31302e302e366a00446267690000007383500000007c789c1d8dc10ec2300c432b18e202871df90cbe28ead2c082"
    "baa46ac2f2fb94dd6c3fcb5ecf712fb47cdfc0f252d89f3153af9017f39ed101b5d07a8a4954a8a6942ef110056b"
    "3964b0ad71a50ead2b92d97fc9a96f2c6cce18d7d12c8a16b7212a0b1d1f473c9c7f7efea52e3b004c696e650000"
    "00140000000000000000000000000000000000000000547970650000000e00000004000000031fff100000010000";

class Machine {
 public:
  Machine() {
    VmOptions options;
    options.otp_release = 29;
    auto created = Vm::create(std::move(options));
    REQUIRE(created.ok());
    vm_ = std::move(created.value());
    load(kOther);
    load(kRecords);
  }
  void load(std::string_view hex) {
    std::vector<uint8_t> bytes;
    for (size_t i = 0; i < hex.size(); i += 2) {
      bytes.push_back(static_cast<uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
    }
    REQUIRE(load_module(bytes, vm_->code(), vm_->literals()).ok());
  }

  Term call(std::string_view function, std::initializer_list<Term> arguments) {
    const Vm::CallResult result = vm_->call("nr", function, arguments);
    REQUIRE(result.returned);
    return result.value;
  }
  // The value, or the reason after a '!', as erlang:display/1 prints it.
  std::string text(std::string_view module, std::string_view function,
                   std::initializer_list<Term> arguments) {
    const Vm::CallResult result = vm_->call(module, function, arguments);
    return result.returned ? term_text(result.value) : "!" + term_text(result.reason);
  }
  std::string text(std::string_view function, std::initializer_list<Term> arguments) {
    return text("nr", function, arguments);
  }
  Term pair(Term a, Term b) { return make_tuple(vm_->process().heap, {a, b}); }
  Term thing() { return call("foreign", {pair(must_atom("new"), Term::small(7))}); }
  Term hidden() { return vm_->call("other", "hidden", {}).value; }
  CodeTable& code() { return vm_->code(); }

 private:
  std::unique_ptr<Vm> vm_;
};

}  // namespace

TEST_CASE("records of the module: defaults, fields, updates") {
  Machine m;
  CHECK(m.text("own", {}) == "#nr:point{x=0,y=12345678901234567890,tag=t}");
  CHECK(m.text("own", {Term::small(5)}) == "#nr:secret{b=[1],a=5}");
  CHECK(m.text("read", {m.call("own", {})}) == "{point,0,12345678901234567890}");
  CHECK(m.text("read", {m.call("own", {Term::small(5)})}) == "{secret,5}");
  CHECK(m.text("update", {m.call("own", {})}) ==
        "#nr:point{x=1,y=[#nr:point{x=0,y=12345678901234567890,tag=t}],tag=t}");
  CHECK(m.text("order", {}) == "{true,true,true,true,true,false}");
}

TEST_CASE("errors of records of the module") {
  Machine m;
  CHECK(m.text("bad", {must_atom("missing")}) == "!{novalue,{{nr,point},tag}}");
  // An unknown field comes before a missing one.
  CHECK(m.text("bad", {must_atom("unknown")}) == "!{badfield,{{nr,point},zz}}");
  CHECK(m.text("bad", {m.call("own", {})}) == "!{badfield,{{nr,point},zz}}");
  CHECK(m.text("update", {Term::small(1)}) == "!{badrecord,1}");
  CHECK(m.text("update", {m.thing()}) == "!{badrecord,#other:thing{v=7,w=[]}}");
  CHECK(m.text("read", {m.hidden()}) == "!{badrecord,#other:hidden{v=1}}");
}

TEST_CASE("records of other modules exist when they are exported") {
  Machine m;
  const auto ask = [&](const char* what, Term record) {
    return m.text("foreign", {m.pair(must_atom(what), record)});
  };
  CHECK(ask("new", Term::small(7)) == "#other:thing{v=7,w=[]}");
  CHECK(ask("field", m.thing()) == "7");
  CHECK(ask("field", m.hidden()) == "!{badrecord,#other:hidden{v=1}}");
  CHECK(ask("update", m.thing()) == "#other:thing{v=u,w=[]}");
  CHECK(ask("update", m.hidden()) == "!{badrecord,#other:hidden{v=1}}");
  CHECK(ask("bad", m.thing()) == "!{badfield,{{other,thing},zz}}");
  CHECK(m.text("foreign", {m.thing()}) == "{match,7}");
  CHECK(m.text("foreign", {m.hidden()}) == "none");
  CHECK(m.text("foreign", {must_atom("missing")}) == "!{novalue,{{other,thing},w}}");
  CHECK(m.text("foreign", {must_atom("unknown")}) == "!{badfield,{{other,thing},zz}}");
  CHECK(m.text("foreign", {must_atom("hidden")}) == "!{badrecord,{other,hidden}}");
}

TEST_CASE("guards tell records by module and name") {
  Machine m;
  CHECK(m.text("is", {m.call("own", {})}) == "record");
  CHECK(m.text("is", {m.call("own", {Term::small(1)})}) == "secret");
  CHECK(m.text("is", {m.thing()}) == "thing");
  CHECK(m.text("is", {m.hidden()}) == "record");
  CHECK(m.text("is", {Term::small(1)}) == "no");
}

TEST_CASE("definitions are those of the loaded module") {
  Machine m;
  const auto definition = [&](const char* module, const char* name) {
    return m.text("records", "get_definition", {must_atom(module), must_atom(name)});
  };
  CHECK(definition("nr", "point") == "{#{is_exported=>true},[{x,0},{y,12345678901234567890},tag]}");
  CHECK(definition("nr", "secret") == "{#{is_exported=>false},[{b,[1]},{a,a}]}");
  CHECK(definition("other", "nothing") == "!badarg");
  CHECK(definition("nowhere", "thing") == "!badarg");

  // Loaded again, the definition is the same one: records from before are equal to new ones.
  const Term before = m.thing();
  m.load(kOther);
  CHECK(record_definition(m.thing()) == record_definition(before));
}
