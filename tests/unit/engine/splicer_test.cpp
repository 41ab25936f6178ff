#include "vm/code/splicer.h"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "loader/load.h"
#include "vm/engine/vm.h"
#include "vm/exec/run.h"
#include "vm/heap/builder.h"
#include "vm/term/print.h"

using namespace joist;

namespace {

// OTP 25, options deterministic, no_line_info:
//
//   -module(spliced).
//   -export([fib/1, map/2, sort/1, fail/2, deep/1]).
//   fib(N) when N < 2 -> N;
//   fib(N) -> fib(N - 1) + fib(N - 2).
//   map(_, []) -> [];
//   map(F, [X | Xs]) when is_integer(F) -> [X * F | map(F, Xs)].
//   sort([]) -> [];
//   sort([P | Xs]) -> sort([X || X <- Xs, X < P]) ++ [P | sort([X || X <- Xs, X >= P])].
//   fail(0, X) -> X + a;
//   fail(N, X) -> 1 + fail(N - 1, X).
//   deep(N) -> try fail(N, 1) catch error:badarith -> {caught, N} end.
constexpr std::string_view kSpliced =
    "464f5231000004d84245414d417455380000009b000000140773706c69636564036669620665726c616e67012d01"
    "2b036d6170012a04736f7274022b2b046661696c01610464656570056572726f7208626164617269746806636175"
    "6768740b6d6f64756c655f696e666f0f6765745f6d6f64756c655f696e666f122d736f72742f312d6c63245e302f"
    "312d312d0d6261645f67656e657261746f72122d736f72742f312d6c63245e312f312d302d00436f6465000001e1"
    "0000001000000000000000b20000001f000000090110021222100120273503211301307d0510000311130c102040"
    "03044013030410257d05100057041021134003044013030410257d05101004030312101301400212622001503865"
    "13411323332d45037d05402023570320130c10404013044033130420551020104504030312101301603445134002"
    "031301700212821001803895030c20104103140440141340040304200d1b041085a9040340141304200d16041085"
    "102010451403134004030820302001903475031301a00212a22001b02bc503017d05201013b2031301c07d052000"
    "0311030620b501d00212c21001e00c20104003046814f54011130420b501f06a142b0d10570330d22b0d1013e210"
    "3000a4031720f2041220130108106c231301081102120a10000108124012034e104001081302120a101001081440"
    "03134012034e205001081502120a1220010816380d180341032303280d1723130c103040230404200d1610201045"
    "04030312101301081706200d16010818340d190313010819103010a40317200a13034e106001081a02120a142001"
    "081b380d1d0341032303270d1c23130c103040230404200d1b1020104504030312101301081c06200d1b01081d34"
    "0d1e031301081e103010a40317200a13034e1060030000005374725400000000496d705400000058000000070000"
    "00030000000400000002000000030000000500000002000000030000000700000002000000030000000900000002"
    "000000030000001100000001000000030000001100000002000000030000000d0000000145787054000000580000"
    "00070000001000000001000000140000001000000000000000120000000c000000010000000e0000000a00000002"
    "0000000b0000000800000001000000080000000600000002000000050000000200000001000000024d6574610000"
    "001d836c000000016802640010656e61626c65645f66656174757265736a6a0000004c6f63540000001c00000002"
    "00000014000000020000001b0000001200000002000000164174747200000028836c00000001680264000376736e"
    "6c000000016e1000425c5d54c1272da74097fc8a1baf4d6c6a6a43496e660000001b836c00000001680264000776"
    "657273696f6e6b0005382e322e336a00446267690000005d83500000005e789c25cc310a80300c40d1a0828b0e1e"
    "c51385368936521368abe75774fbcbfba9679859e2b5a3dae678af0c8b948c21d65602352467491dc3606e9201e0"
    "174dcaa9a6b529318ce6c84e95617a2babc9773b1eaa3a1f490000004c696e650000001400000000000000000000"
    "00000000000000000000547970650000005000000001000000041fff0000000000000000ffffffffffffffff0050"
    "0000000000000000ffffffffffffffff00400000000000000000ffffffffffffffff00010000000000000000ffff"
    "ffffffffffff";

class Machine {
 public:
  Machine() {
    auto created = Vm::create(VmOptions());
    REQUIRE(created.ok());
    vm_ = std::move(created.value());
    std::vector<uint8_t> bytes;
    for (size_t i = 0; i < kSpliced.size(); i += 2) {
      bytes.push_back(
          static_cast<uint8_t>(std::stoi(std::string(kSpliced.substr(i, 2)), nullptr, 16)));
    }
    REQUIRE(load_module(bytes, vm_->code(), vm_->literals()).ok());
    vm_->code().prepare_all(*vm_->code().find_module(must_atom("spliced")));
  }
  std::string text(std::string_view function, std::initializer_list<Term> arguments) {
    const Vm::CallResult result = vm_->call("spliced", function, arguments);
    return result.returned ? term_text(result.value) : "!" + term_text(result.reason);
  }
  Term list(std::initializer_list<int> numbers) {
    std::vector<Term> terms;
    for (int number : numbers) terms.push_back(Term::small(number));
    return make_list(vm_->process().heap, std::span<const Term>(terms));
  }
  CodeSplicer& splicer() { return vm_->code().splicer(); }
  const Module& module() { return *vm_->code().find_module(must_atom("spliced")); }
  std::vector<Cell> cells() {
    std::vector<Cell> all;
    for (const auto& range : module().ranges) {
      if (range == nullptr) break;
      all.insert(all.end(), &module().cells[range->begin], &module().cells[range->used]);
    }
    return all;
  }
  void set_cells(const std::vector<Cell>& all) {
    auto from = all.begin();
    for (const auto& range : module().ranges) {
      if (range == nullptr) break;
      const auto end = from + (range->used - range->begin);
      std::copy(from, end, &module().cells[range->begin]);
      from = end;
    }
  }
  const Cell& entry(std::string_view name) {
    for (const FunctionRange& range : module().functions) {
      if (range.name == must_atom(name)) return module().cells[range.entry];
    }
    FAIL("no such function");
    return module().cells[0];
  }
  std::string all() {
    return text("fib", {Term::small(15)}) + text("map", {Term::small(3), list({1, 2, 3})}) +
           text("map", {must_atom("a"), list({1})}) + text("sort", {list({3, 1, 2, 3, 0})}) +
           text("sort", {Term::small(1)}) + text("fail", {Term::small(3), Term::small(1)}) +
           text("deep", {Term::small(100)});
  }

 private:
  std::unique_ptr<Vm> vm_;
};

// Sanitizers and other machines do without.
bool is_possible(Machine& m) { return m.splicer().enable(); }

}  // namespace

TEST_CASE("spliced functions do what they did") {
  Machine m;
  if (!is_possible(m)) return;
  const std::vector<Cell> before = m.cells();
  const std::string expected = m.all();
  CHECK(m.splicer().functions() == 0);
  m.splicer().splice_module(m.module());
  CHECK(m.splicer().functions() == m.module().functions.size());
  CHECK(m.cells() != before);
  CHECK(m.all() == expected);
  m.splicer().splice_module(m.module());
  CHECK(m.splicer().functions() == m.module().functions.size());
}

TEST_CASE("a function that uses up timeslices is spliced, others are not") {
  Machine m;
  if (!is_possible(m)) return;
  // More calls than one slice has, fewer than two have.
  CHECK(m.text("fib", {Term::small(17)}) == "1597");
  CHECK(m.splicer().functions() == 0);
  CHECK(m.text("fib", {Term::small(22)}) == "17711");
  CHECK(m.splicer().functions() == 1);
}

TEST_CASE("nothing is made for splicing before a function is hot") {
  Machine m;
  m.splicer().allow();
  CHECK(m.text("fib", {Term::small(5)}) == "5");
  CHECK(m.splicer().functions() == 0);
  CHECK(m.text("fib", {Term::small(22)}) == "17711");
  const size_t functions = m.splicer().functions();
  CHECK(functions == (is_possible(m) ? 1 : 0));
}

TEST_CASE("a function that is traced when it is found hot is spliced later") {
  Machine m;
  if (!is_possible(m)) return;
  Cell& entry = const_cast<Cell&>(m.entry("fib"));
  const Cell before = entry;
  entry = handler_table().handlers[static_cast<size_t>(Op::breakpoint)][0];
  m.splicer().splice(m.module(), &entry);
  CHECK(m.splicer().functions() == 0);
  entry = before;
  m.splicer().splice(m.module(), &entry);
  CHECK(m.splicer().functions() == 1);
  CHECK(m.text("fib", {Term::small(10)}) == "55");
}

TEST_CASE("copies of modules that are gone leave their memory to others") {
  Machine m;
  if (!is_possible(m)) return;
  const std::string expected = m.all();
  const Module& module = m.module();
  const std::vector<Cell> handlers = m.cells();
  // More than there is memory for at once.
  for (int i = 0; i < 5000; ++i) {
    m.splicer().splice_module(module);
    m.set_cells(handlers);
    m.splicer().forget(module);
  }
  m.splicer().splice_module(module);
  CHECK(m.cells() != handlers);
  CHECK(m.splicer().functions() == 5001 * module.functions.size());
  CHECK(m.all() == expected);
}

TEST_CASE("a function that is not as the loader made it is left alone") {
  Machine m;
  if (!is_possible(m)) return;
  Cell& entry = const_cast<Cell&>(m.entry("fib"));
  const Cell stop = handler_table().handlers[static_cast<size_t>(Op::breakpoint)][0];
  const Cell before = entry;
  entry = stop;
  m.splicer().splice(m.module(), &entry);
  CHECK(m.splicer().functions() == 0);
  CHECK(entry == stop);
  entry = before;
  CHECK(m.text("fib", {Term::small(10)}) == "55");
}
