#include "loader/verify.h"

#include "tests/unit/loader/sample.h"

using namespace joist;
using namespace joist::testing;

namespace {

// The error of a module of which everything but its code is sound; empty if it is accepted.
std::string error_of(const ModuleBuilder& builder) {
  auto parsed = parse_beam(builder.bytes());
  if (!parsed.ok()) return parsed.error().text;
  BeamFile file = parsed.take();
  const auto verified = verify(file);
  return verified.ok() ? "" : verified.error().text;
}

bool refused(const ModuleBuilder& builder, const char* why) {
  const std::string error = error_of(builder);
  INFO(error);
  CHECK(error.find(why) != std::string::npos);
  return error.find(why) != std::string::npos;
}

using Op = GenericOp;

}  // namespace

TEST_CASE("a fault names module, function, instruction and what is wrong") {
  ModuleBuilder module(1);
  module.op(Op::move_2, {x(5), x(0)}).op(Op::return_0, {});
  CHECK(error_of(module) ==
        "module m: function f/1: instruction 3 (move): reads an x register that holds nothing");
}

TEST_CASE("operands must be of the kinds of the signature") {
  CHECK(refused(ModuleBuilder(1).op(Op::move_2, {u(1), x(0)}), "operand 0 is not: source"));
  CHECK(refused(ModuleBuilder(1).op(Op::move_2, {x(0), a(1)}), "operand 1 is not: x or y"));
  CHECK(refused(ModuleBuilder(1).op(Op::jump_1, {f(0)}), "operand 0 is not: label"));
  CHECK(refused(ModuleBuilder(1).op(Op::allocate_2, {u(2000), u(0)}), "frame size"));
  CHECK(refused(ModuleBuilder(1).op(Op::call_2, {u(256), f(2)}), "arity"));
  CHECK(refused(ModuleBuilder(1).op(Op::call_ext_2, {u(0), u(0)}), "import index"));
  CHECK(refused(ModuleBuilder(1).op(Op::make_fun3_3, {u(0), x(0), list(0)}), "lambda index"));
  CHECK(refused(ModuleBuilder(1).op(Op::put_tuple2_2, {x(0), x(0)}), "list"));
  CHECK(refused(ModuleBuilder(1).op(Op::select_val_3, {x(0), f(1), list(1), i(1)}), "constant"));
  CHECK(refused(ModuleBuilder(1).op(Op::select_val_3, {x(0), f(1), list(2), x(0), f(1)}),
                "constant"));
  CHECK(refused(ModuleBuilder(1).op(Op::put_tuple_2, {u(1), x(0)}), "too old"));
}

TEST_CASE("import arities must agree with the call") {
  ModuleBuilder module(1);
  const int64_t error = module.import(3, 4, 1);
  module.op(Op::call_ext_only_2, {u(2), u(error)});
  CHECK(refused(module, "the import's arity"));

  ModuleBuilder bif(1);
  const int64_t import = bif.import(3, 4, 1);
  bif.op(Op::bif2_5, {f(0), u(import), x(0), x(0), x(0)}).op(Op::return_0, {});
  CHECK(refused(bif, "import of arity 2"));
}

TEST_CASE("strings stay within the string table") {
  for (const int64_t bits : {40, 48}) {
    ModuleBuilder module(1);
    module.strings("hello");
    module.op(Op::bs_start_match4_4, {a(8), u(1), x(0), x(0)});
    module.op(Op::bs_match_string_4, {f(1), x(0), u(bits), u(0)}).op(Op::return_0, {});
    CHECK((error_of(module).empty() == (bits == 40)));
  }
}

TEST_CASE("labels are defined once, in the function that names them") {
  CHECK(refused(ModuleBuilder(1).op(Op::label_1, {u(2)}).op(Op::return_0, {}), "a second time"));
  CHECK(refused(ModuleBuilder(1).op(Op::jump_1, {f(7)}), "not defined"));
  CHECK(refused(ModuleBuilder(1).op(Op::jump_1, {f(99)}), "malformed operand: label"));
  CHECK(refused(ModuleBuilder(1).op(Op::label_1, {u(0)}), "label number"));
}

TEST_CASE("calls go to functions of that arity") {
  CHECK(error_of(ModuleBuilder(1).op(Op::call_only_2, {u(1), f(2)})).empty());
  CHECK(refused(ModuleBuilder(1).op(Op::call_only_2, {u(0), f(2)}), "no function of that arity"));
  CHECK(refused(ModuleBuilder(1).op(Op::call_only_2, {u(1), f(1)}), "no function of that arity"));
}

TEST_CASE("control does not run off the function") {
  CHECK(refused(ModuleBuilder(1).op(Op::move_2, {x(0), x(1)}), "runs off"));
  ModuleBuilder unreachable(1);
  unreachable.op(Op::return_0, {}).op(Op::move_2, {x(9), x(0)});
  CHECK(error_of(unreachable).empty());
}

TEST_CASE("x registers do not survive a call") {
  const auto module = [](int64_t read) {
    ModuleBuilder builder(2);
    builder.op(Op::allocate_2, {u(0), u(2)}).op(Op::call_2, {u(2), f(2)});
    return builder.op(Op::move_2, {x(read), x(0)})
        .op(Op::deallocate_1, {u(0)})
        .op(Op::return_0, {});
  };
  CHECK(error_of(module(0)).empty());
  CHECK(refused(module(1), "x register that holds nothing"));
}

TEST_CASE("live counts are held against what is live") {
  CHECK(refused(ModuleBuilder(1).op(Op::test_heap_2, {u(3), u(2)}), "below the live count"));
  ModuleBuilder lost(2);
  lost.op(Op::test_heap_2, {u(3), u(1)}).op(Op::move_2, {x(1), x(0)}).op(Op::return_0, {});
  CHECK(refused(lost, "holds nothing"));
}

TEST_CASE("frames match on every path") {
  CHECK(refused(ModuleBuilder(1).op(Op::call_2, {u(1), f(2)}), "without a stack frame"));
  CHECK(refused(ModuleBuilder(1).op(Op::deallocate_1, {u(0)}), "another frame size"));
  const auto framed = [] {
    ModuleBuilder builder(1);
    builder.op(Op::allocate_2, {u(2), u(1)});
    return builder.op(Op::init_yregs_1, {list(2), y(0), y(1)});
  };
  CHECK(refused(framed().op(Op::return_0, {}), "returns with a frame"));
  CHECK(refused(framed().op(Op::deallocate_1, {u(1)}), "another frame size"));
  CHECK(refused(framed().op(Op::allocate_2, {u(1), u(1)}), "second frame"));
  CHECK(refused(framed().op(Op::trim_2, {u(1), u(2)}), "trims"));
  CHECK(refused(framed().op(Op::move_2, {x(0), y(2)}), "outside the frame"));
  CHECK(refused(framed().op(Op::trim_2, {u(1), u(1)}).op(Op::move_2, {y(1), x(0)}),
                "outside the frame"));
  CHECK(refused(framed().op(Op::call_last_3, {u(1), f(2), u(1)}), "another frame size"));
  CHECK(error_of(framed().op(Op::call_last_3, {u(1), f(2), u(2)})).empty());
}

TEST_CASE("y registers are initialised before the stack is scanned") {
  ModuleBuilder module(1);
  module.op(Op::allocate_2, {u(1), u(1)}).op(Op::test_heap_2, {u(2), u(1)});
  module.op(Op::deallocate_1, {u(1)}).op(Op::return_0, {});
  auto parsed = parse_beam(module.bytes());
  REQUIRE(parsed.ok());
  BeamFile file = parsed.take();
  REQUIRE(verify(file).ok());  // accepted, but the frame has to be cleared
  CHECK(file.code.functions[0].clear_frames);
}

TEST_CASE("an x register that is empty on a branch is set to []") {
  ModuleBuilder module(1);
  module.op(Op::is_atom_2, {f(3), x(0)}).op(Op::move_2, {x(0), x(1)}).op(Op::label_1, {u(3)});
  module.op(Op::move_2, {x(1), x(0)}).op(Op::return_0, {});
  auto parsed = parse_beam(module.bytes());
  REQUIRE(parsed.ok());
  BeamFile file = parsed.take();
  REQUIRE(verify(file).ok());
  REQUIRE(file.code.clear_x.size() == 1);
  CHECK(file.code.clear_x[0].instruction == 3);
  CHECK(file.code.clear_x[0].x == 1);
}

TEST_CASE("terms are built in reserved heap only") {
  CHECK(refused(ModuleBuilder(1).op(Op::put_list_3, {x(0), nil(), x(0)}), "not reserved"));
  const auto module = [](int64_t words) {
    ModuleBuilder builder(1);
    builder.op(Op::test_heap_2, {u(words), u(1)});
    return builder.op(Op::put_tuple2_2, {x(0), list(2), x(0), x(0)}).op(Op::return_0, {});
  };
  CHECK(error_of(module(3)).empty());
  CHECK(refused(module(2), "not reserved"));
}

TEST_CASE("catches nest and end where they belong") {
  const auto start = [] {
    ModuleBuilder builder(1);
    builder.op(Op::allocate_2, {u(2), u(1)});
    return builder.op(Op::init_yregs_1, {list(2), y(0), y(1)});
  };
  const auto finish = [](ModuleBuilder builder) {
    builder.op(Op::deallocate_1, {u(2)}).op(Op::return_0, {});
    builder.op(Op::label_1, {u(3)}).op(Op::try_case_1, {y(1)});
    return builder.op(Op::deallocate_1, {u(2)}).op(Op::return_0, {});
  };
  CHECK(error_of(finish(start().op(Op::try_2, {y(1), f(3)}).op(Op::try_end_1, {y(1)}))).empty());
  CHECK(
      refused(finish(start().op(Op::try_2, {y(1), f(3)}).op(Op::try_end_1, {y(0)})), "not active"));
  CHECK(refused(finish(start().op(Op::try_2, {y(1), f(3)}).op(Op::catch_end_1, {y(1)})),
                "not the innermost"));
  CHECK(refused(finish(start().op(Op::try_2, {y(1), f(3)})), "inside catch or try"));
  CHECK(refused(start().op(Op::try_2, {y(1), f(3)}).op(Op::move_2, {x(0), y(1)}), "catch tag"));
  CHECK(refused(start().op(Op::try_2, {y(1), f(3)}).op(Op::move_2, {y(1), x(0)}), "catch tag"));
  CHECK(refused(start().op(Op::try_2, {y(0), f(3)}).op(Op::try_2, {y(1), f(3)}), "behind"));
  CHECK(refused(finish(start().op(Op::is_atom_2, {f(3), x(0)})), "handler of a try"));
}

TEST_CASE("sizes that no tuple has are refused where one is built or read") {
  constexpr int64_t kLimit = int64_t{1} << 24;
  CHECK(refused(ModuleBuilder(1).op(Op::get_tuple_element_3, {x(0), u(kLimit - 1), x(0)}),
                "index into a tuple"));
  CHECK(error_of(ModuleBuilder(1)
                     .op(Op::get_tuple_element_3, {x(0), u(kLimit - 2), x(0)})
                     .op(Op::return_0, {}))
            .empty());
}

TEST_CASE("bs_match commands are well formed") {
  const auto module = [](std::initializer_list<Operand> tail) {
    ModuleBuilder builder(1);
    builder.atom("ensure_at_least");  // 9
    builder.atom("integer");          // 10
    builder.atom("skip");             // 11
    builder.op(Op::bs_start_match4_4, {a(8), u(1), x(0), x(0)});
    std::vector<Operand> operands = {f(1), x(0), list(static_cast<int64_t>(tail.size()))};
    operands.insert(operands.end(), tail);
    builder.op(Op::bs_match_3, operands);
    return builder.op(Op::return_0, {});
  };
  CHECK(error_of(module({a(9), u(8), u(1), a(10), u(1), nil(), u(8), u(1), x(1)})).empty());
  CHECK(refused(module({a(9), u(8)}), "command"));
  CHECK(refused(module({a(9), u(8), u(0)}), "command"));
  CHECK(refused(module({a(1), u(8), u(1)}), "command"));
  CHECK(refused(module({a(10), u(1), nil(), u(8), u(300), x(1)}), "command"));
  CHECK(refused(module({a(9), u(8), u(1), a(10), u(5), nil(), u(8), u(1), x(1)}),
                "below the live count"));
  CHECK(refused(module({a(9), u(8), u(1), a(10), u(1), nil(), u(9), u(1), x(1)}), "ensured bits"));
  CHECK(refused(module({a(9), u(8), u(1), a(11), overflow()}), "ensured bits"));
  CHECK(error_of(module({a(9), overflow(), u(1), a(11), overflow(), a(11), u(8)})).empty());
}
