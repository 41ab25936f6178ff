#include "loader/flow_state.h"

#include <catch2/catch.hpp>

using namespace joist;

TEST_CASE("RegisterSet counts from 0 and shifts across words") {
  RegisterSet set;
  set.add_below(70);
  CHECK(set.has(69));
  CHECK_FALSE(set.has(70));
  CHECK(set.has_below(70));
  CHECK_FALSE(set.has_below(71));
  set.remove(3);
  CHECK_FALSE(set.has_below(70));
  set.shift_down(5);
  CHECK(set.has_below(65));
  CHECK_FALSE(set.has(65));

  RegisterSet all;
  all.add_below(1024);
  CHECK(all.has_below(1024));
  all.shift_down(1000);
  CHECK(all.has_below(24));
  CHECK_FALSE(all.has(24));
  all.shift_down(64);
  CHECK(all.empty());
}

TEST_CASE("merging keeps what both paths know") {
  CatchStacks stacks;
  FlowState a;
  a.x.add_below(3);
  a.heap.words = 5;
  FlowState b;
  b.x.add_below(2);
  b.heap.words = 9;
  CHECK(merge_state(a, b, stacks) == MergeOutcome::kChanged);
  CHECK(a.x.has_below(2));
  CHECK_FALSE(a.x.has(2));
  CHECK(a.heap.words == 5);
  CHECK(merge_state(a, b, stacks) == MergeOutcome::kUnchanged);
}

TEST_CASE("frames of different sizes meet only if initialised") {
  CatchStacks stacks;
  FlowState a;
  a.frame = 2;
  FlowState b;
  b.frame = 1;
  b.y.add_below(1);
  FlowState c = a;
  CHECK(merge_state(c, b, stacks) == MergeOutcome::kUnsafe);
  a.y.add_below(2);
  CHECK(merge_state(a, b, stacks) == MergeOutcome::kChanged);
  CHECK_FALSE(a.decided);
  CHECK(a.frame == 1);
  CHECK(a.y.has(0));
  CHECK_FALSE(a.y.has(1));
  CHECK(merge_state(a, b, stacks) == MergeOutcome::kUnchanged);
}

TEST_CASE("catch stacks merge where only the handlers differ") {
  CatchStacks stacks;
  const uint32_t outer = stacks.push({kNoCatch, 7, 1, true});
  const uint32_t left = stacks.push({outer, 8, 2, true});
  const uint32_t right = stacks.push({outer, 9, 2, true});
  const uint32_t other_kind = stacks.push({outer, 9, 2, false});
  CHECK(stacks.push({outer, 8, 2, true}) == left);
  uint32_t merged = 0;
  REQUIRE(stacks.merge(left, right, merged));
  CHECK(stacks[merged].handler == kAmbiguousHandler);
  CHECK(stacks[merged].parent == outer);
  CHECK_FALSE(stacks.merge(left, other_kind, merged));
  CHECK_FALSE(stacks.merge(left, outer, merged));
}
