#include "vm/match/pattern.h"

#include <catch2/catch.hpp>

#include "vm/heap/builder.h"
#include "vm/term/atom.h"

using namespace joist;

namespace {

Term tuple(Allocator& heap, std::initializer_list<Term> elements) {
  return joist::make_tuple(heap, elements);
}

}  // namespace

TEST_CASE("variables are $ and a number without leading zeros") {
  CHECK(match_variable(must_atom("$0")) == 0);
  CHECK(match_variable(must_atom("$17")) == 17);
  CHECK(match_variable(must_atom("$01")) == -1);
  CHECK(match_variable(must_atom("$")) == -1);
  CHECK(match_variable(must_atom("$1a")) == -1);
  CHECK(match_variable(must_atom("$$")) == -1);
  CHECK(match_variable(Term::small(1)) == -1);
}

TEST_CASE("keys are compared with as much of a pattern as is bound, from the left") {
  Allocator heap;
  const Term any = atoms::underscore;
  const Term pattern = tuple(heap, {Term::small(2), any, Term::small(5)});
  const auto key = [&heap](int64_t a, int64_t b, int64_t c) {
    return tuple(heap, {Term::small(a), Term::small(b), Term::small(c)});
  };
  CHECK(compare_bound_part(pattern, key(1, 9, 9)) > 0);
  CHECK(compare_bound_part(pattern, key(2, 0, 0)) == 0);
  CHECK(compare_bound_part(pattern, key(2, 9, 9)) == 0);
  CHECK(compare_bound_part(pattern, key(3, 0, 0)) < 0);
  // Smaller tuples come first.
  CHECK(compare_bound_part(pattern, tuple(heap, {Term::small(9)})) > 0);
  CHECK_FALSE(is_fully_bound(pattern));
  CHECK(is_fully_bound(key(1, 2, 3)));
  const Term list = make_cons(heap, Term::small(1), any);
  CHECK(compare_bound_part(list, make_cons(heap, Term::small(1), Term::nil())) == 0);
  CHECK(compare_bound_part(list, Term::nil()) > 0);
  CHECK_FALSE(is_fully_bound(list));
}

TEST_CASE("a body keeps the key when it can build no other") {
  Allocator heap;
  const Term one = must_atom("$1");
  const Term two = must_atom("$2");
  const Term head = tuple(heap, {one, two});
  const auto body = [&heap](Term result) { return make_cons(heap, result, Term::nil()); };
  const auto built = [&](Term a, Term b) { return body(tuple(heap, {tuple(heap, {a, b})})); };
  CHECK(keeps_key(head, body(atoms::dollar_underscore), 1));
  CHECK(keeps_key(head, built(one, Term::nil()), 1));
  CHECK_FALSE(keeps_key(head, built(two, Term::nil()), 1));
  CHECK(keeps_key(head, built(Term::nil(), two), 2));
  const Term element = tuple(heap, {atoms::element, Term::small(1), atoms::dollar_underscore});
  CHECK(keeps_key(head, built(element, two), 1));
  CHECK(keeps_key(head, built(element, two), 2));
  CHECK_FALSE(keeps_key(head, built(one, element), 2));
  CHECK_FALSE(keeps_key(head, one, 1));
}
