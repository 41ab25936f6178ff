#include "vm/code/genops.h"

#include <catch2/catch.hpp>
#include <string_view>

using namespace joist;

TEST_CASE("generic opcodes are those of OTP's genop.tab") {
  CHECK(kMaxGenericOp == 191);
  CHECK(static_cast<int>(GenericOp::label_1) == 1);
  CHECK(static_cast<int>(GenericOp::swap_2) == 169);
  CHECK(static_cast<int>(GenericOp::get_record_field_5) == 191);
  CHECK(std::string_view(generic_op_info(GenericOp::call_ext_last_3).name) == "call_ext_last");
  CHECK(generic_op_info(GenericOp::bs_match_3).since == 27);
  CHECK(generic_op_info(GenericOp::put_tuple_2).obsolete == 25);
  CHECK(generic_op_info(GenericOp::bs_add_5).obsolete == 29);
}

TEST_CASE("find_generic_op knows its bounds") {
  CHECK(find_generic_op(0) == nullptr);
  CHECK(find_generic_op(192) == nullptr);
  CHECK(find_generic_op(255) == nullptr);
  REQUIRE(find_generic_op(64) != nullptr);
  CHECK(find_generic_op(64)->arity == 2);
}
