#include "loader/transform.h"

#include <string>

#include "loader/control_flow.h"
#include "loader/verify.h"
#include "loader/verify_flow.h"
#include "tests/unit/loader/sample.h"

using namespace joist;
using namespace joist::testing;

namespace {

using Op = GenericOp;

std::string text_of(const Operand& operand) {
  const char* prefix = "?";
  switch (operand.kind) {
    case OperandKind::kX:
      prefix = "x";
      break;
    case OperandKind::kY:
      prefix = "y";
      break;
    case OperandKind::kUnsigned:
      prefix = "u";
      break;
    case OperandKind::kInteger:
      prefix = "i";
      break;
    case OperandKind::kAtom:
      prefix = "a";
      break;
    case OperandKind::kLabel:
      prefix = "L";
      break;
    case OperandKind::kList:
      prefix = "#";
      break;
    case OperandKind::kAllocation:
      prefix = "A";
      break;
    case OperandKind::kNil:
      return "[]";
    case OperandKind::kNoLabel:
      return "L0";
    default:
      break;
  }
  return prefix + std::to_string(operand.value);
}

// The body of the function after transform(), one instruction after the other.
std::string transformed(const ModuleBuilder& builder) {
  auto parsed = parse_beam(builder.bytes());
  REQUIRE(parsed.ok());
  BeamFile file = parsed.take();
  const auto verified = verify(file);
  if (!verified.ok()) FAIL(verified.error().text);
  file.code = transform(file, file.code);
  const GenericFunction& function = file.code.functions[0];
  LabelTable labels(file.label_count);
  for (const GenericFunction& each : file.code.functions) labels.add(file.code, each);
  FlowScratch scratch;
  CHECK_FALSE(follow_flow(file, file.code, labels, function, 0, nullptr, scratch).fault.found());

  std::string text;
  for (uint32_t index = function.entry + 1; index < function.end; ++index) {
    const GenericInstruction& instruction = file.code.instructions[index];
    if (!text.empty()) text += "; ";
    text += generic_op_info(instruction.op).name;
    for (const Operand& operand : file.code.operands_of(instruction)) {
      text += " " + text_of(operand);
    }
  }
  return text;
}

}  // namespace

TEST_CASE("code that cannot be reached and labels nobody names are dropped") {
  ModuleBuilder module(1);
  module.op(Op::label_1, {u(3)}).op(Op::jump_1, {f(4)}).op(Op::move_2, {x(0), x(1)});
  module.op(Op::label_1, {u(5)}).op(Op::move_2, {x(0), x(2)}).op(Op::return_0, {});
  module.op(Op::label_1, {u(4)}).op(Op::move_2, {x(0), x(0)}).op(Op::return_0, {});
  CHECK(transformed(module) == "return");
}

TEST_CASE("labels that are branched to stay") {
  ModuleBuilder module(1);
  module.op(Op::is_atom_2, {f(3), x(0)}).op(Op::jump_1, {f(3)}).op(Op::label_1, {u(3)});
  module.op(Op::return_0, {});
  CHECK(transformed(module) == "is_atom L3 x0; label u3; return");
}

TEST_CASE("obsolete forms become current ones") {
  ModuleBuilder init(1);
  init.op(Op::allocate_2, {u(3), u(1)})
      .op(Op::init_1, {y(0)})
      .op(Op::init_yregs_1, {list(1), y(1)});
  init.op(Op::init_1, {y(0)}).op(Op::init_1, {y(2)}).op(Op::call_last_3, {u(1), f(2), u(3)});
  CHECK(transformed(init) == "allocate u3 u1; init_yregs #3 y0 y1 y2; call_last u1 L2 u3");

  ModuleBuilder fun(2);
  fun.lambda(2);
  fun.op(Op::make_fun2_1, {u(0)}).op(Op::return_0, {});
  CHECK(transformed(fun) == "test_heap A0 u2; make_fun3 u0 x0 #2 x0 x1; return");

  ModuleBuilder call(1);
  call.op(Op::allocate_2, {u(0), u(1)}).op(Op::call_fun_1, {u(0)});
  call.op(Op::move_2, {x(0), x(1)}).op(Op::call_fun2_3, {a(6), u(1), x(1)});
  call.op(Op::move_2, {x(0), x(1)}).op(Op::call_fun2_3, {a(5), u(1), x(1)});
  call.op(Op::deallocate_1, {u(0)}).op(Op::return_0, {});
  CHECK(transformed(call) ==
        "allocate u0 u1; call_fun2 [] u0 x0; move x0 x1; call_fun2 [] u1 x1; move x0 x1; "
        "call_fun2 a5 u1 x1; deallocate u0; return");
}

TEST_CASE("binary matching starts in one form") {
  ModuleBuilder module(1);
  module.op(Op::bs_start_match3_4, {f(1), x(0), u(1), x(1)});
  module.op(Op::bs_start_match4_4, {a(8), u(2), x(0), x(1)});
  module.op(Op::bs_start_match4_4, {a(7), u(2), x(1), x(0)});
  module.op(Op::bs_start_match4_4, {a(7), u(1), x(0), x(0)}).op(Op::return_0, {});
  CHECK(transformed(module) ==
        "bs_start_match4 L1 u1 x0 x1; bs_start_match4 L0 u2 x0 x1; move x1 x0; return");
}

TEST_CASE("a call that never returns keeps its frame") {
  ModuleBuilder module(1);
  const int64_t error = module.import(3, 4, 1);
  module.op(Op::allocate_2, {u(0), u(1)}).op(Op::call_ext_last_3, {u(1), u(error), u(7)});
  CHECK(transformed(module) == "allocate u0 u1; call_ext u1 u0");
}

TEST_CASE("selects without choices are jumps") {
  ModuleBuilder module(1);
  module.op(Op::select_val_3, {x(0), f(3), list(0)}).op(Op::label_1, {u(4)});
  module.op(Op::return_0, {}).op(Op::label_1, {u(3)}).op(Op::move_2, {i(1), x(0)});
  module.op(Op::return_0, {});
  CHECK(transformed(module) == "move i1 x0; return");
}

TEST_CASE("control does not run into a try handler") {
  ModuleBuilder module(1);
  module.op(Op::allocate_2, {u(1), u(1)}).op(Op::try_2, {y(0), f(3)});
  module.op(Op::call_2, {u(1), f(2)}).op(Op::label_1, {u(3)}).op(Op::try_case_1, {y(0)});
  module.op(Op::deallocate_1, {u(1)}).op(Op::return_0, {});
  CHECK(transformed(module) ==
        "allocate u1 u1; try y0 L3; call u1 L2; if_end; label u3; try_case y0; deallocate u1; "
        "return");

  ModuleBuilder jump(1);
  jump.op(Op::allocate_2, {u(1), u(1)}).op(Op::try_2, {y(0), f(3)});
  jump.op(Op::call_2, {u(1), f(2)}).op(Op::jump_1, {f(3)}).op(Op::label_1, {u(3)});
  jump.op(Op::try_case_1, {y(0)}).op(Op::deallocate_1, {u(1)}).op(Op::return_0, {});
  CHECK(transformed(jump) == transformed(module));
}

TEST_CASE("an error stands where no path was checked") {
  ModuleBuilder module(1);
  module.op(Op::allocate_2, {u(1), u(1)}).op(Op::try_2, {y(0), f(3)});  // nothing raises
  module.op(Op::try_end_1, {y(0)}).op(Op::deallocate_1, {u(1)}).op(Op::return_0, {});
  module.op(Op::label_1, {u(3)}).op(Op::try_case_1, {y(0)}).op(Op::trim_2, {u(9), u(999)});
  module.op(Op::return_0, {});
  CHECK(transformed(module) ==
        "allocate u1 u1; try y0 L3; try_end y0; deallocate u1; return; label u3; if_end");
}

TEST_CASE("sizes that nothing has are not tested for") {
  ModuleBuilder module(1);
  module.op(Op::test_arity_3, {f(3), x(0), u(int64_t{1} << 24)}).op(Op::label_1, {u(4)});
  module.op(Op::return_0, {}).op(Op::label_1, {u(3)}).op(Op::move_2, {i(1), x(0)});
  module.op(Op::return_0, {});
  CHECK(transformed(module) == "move i1 x0; return");
}

TEST_CASE("wide constants of bs_match are taken apart") {
  ModuleBuilder module(1);
  module.atom("ensure_at_least");  // 9
  module.atom("=:=");              // 10
  module.op(Op::bs_start_match4_4, {a(8), u(1), x(0), x(0)});
  module.op(Op::bs_match_3,
            {f(1), x(0), list(7), a(9), u(40), u(8), a(10), nil(), u(40), u(0x1122334455)});
  module.op(Op::return_0, {});
  CHECK(transformed(module) ==
        "bs_start_match4 L0 u1 x0 x0; bs_match L1 x0 #11 a9 u40 u8 a10 [] u8 u17 a10 [] u32 "
        "u573785173; return");
}

TEST_CASE("a bs_match that no binary is long enough for is a jump") {
  ModuleBuilder module(1);
  module.atom("ensure_exactly");  // 9
  module.atom("skip");            // 10
  module.op(Op::bs_start_match4_4, {a(8), u(1), x(0), x(0)});
  module.op(Op::bs_match_3, {f(1), x(0), list(4), a(9), overflow(), a(10), overflow()});
  module.op(Op::return_0, {});
  CHECK(transformed(module) == "bs_start_match4 L0 u1 x0 x0; jump L1");
}

TEST_CASE("registers that may be empty are cleared") {
  ModuleBuilder x_register(1);
  x_register.op(Op::is_atom_2, {f(3), x(0)}).op(Op::move_2, {x(0), x(1)});
  x_register.op(Op::label_1, {u(3)}).op(Op::move_2, {x(1), x(0)}).op(Op::return_0, {});
  CHECK(transformed(x_register) ==
        "move [] x1; is_atom L3 x0; move x0 x1; label u3; move x1 x0; return");

  ModuleBuilder frame(1);
  frame.op(Op::allocate_heap_3, {u(1), u(2), u(1)}).op(Op::call_last_3, {u(1), f(2), u(1)});
  CHECK(transformed(frame) == "allocate_heap_zero u1 u2 u1; call_last u1 L2 u1");
}

TEST_CASE("positions become part of the instructions they precede") {
  auto parsed = parse_beam(sample());
  REQUIRE(parsed.ok());
  BeamFile file = parsed.take();
  REQUIRE(verify(file).ok());
  const GenericCode code = transform(file, file.code);
  REQUIRE(code.functions.size() == file.code.functions.size());
  // Function g/1 stands in line 5 of the source, where its fun adds as well.
  const GenericFunction& g = code.functions[1];
  const uint32_t info = code.instructions[g.entry - 1].line;
  REQUIRE(info != 0);
  CHECK(file.lines[info].line == 5);
  for (const GenericInstruction& instruction : code.instructions) {
    CHECK(instruction.op != Op::line_1);
    if (instruction.op == Op::gc_bif2_6) CHECK(file.lines[instruction.line].line == 5);
  }
  CHECK(code.instructions.back().op == Op::int_code_end_0);
}
