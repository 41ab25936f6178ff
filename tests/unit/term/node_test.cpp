#include "vm/term/node.h"

#include <catch2/catch.hpp>

#include "vm/term/atom.h"
#include "vm/term/rules.h"

using namespace joist;

TEST_CASE("a node's name and creation have one entry") {
  const Node* node = intern_node(must_atom("a@host"), 3);
  CHECK(node->name == must_atom("a@host"));
  CHECK(node->creation == 3);
  CHECK(intern_node(must_atom("a@host"), 3) == node);
  CHECK(intern_node(must_atom("a@host"), 4) != node);
  CHECK(intern_node(must_atom("b@host"), 3) != node);
}

TEST_CASE("the local node has a name only once distribution starts") {
  CHECK(local_node() == intern_node(must_atom("nonode@nohost"), 0));
  const Node* named = intern_node(must_atom("me@here"), 7);
  set_local_node(named);
  CHECK(node_of(Term::local_pid(1)) == named);
  set_local_node(intern_node(must_atom("nonode@nohost"), 0));
}

TEST_CASE("numbers of local pids are split as the release does") {
  // list_to_pid("<0.7311.1>") of OTP 25 is the process 1 bsl 15 + 7311.
  CHECK(local_pid_of({7311, 1}) == Term::local_pid((1 << 15) + 7311));
  CHECK(pid_numbers(Term::local_pid((1 << 15) + 7311)).serial == 1);
  set_term_rules(27);
  CHECK(pid_numbers(Term::local_pid((1 << 15) + 7311)).number == (1 << 15) + 7311);
  CHECK(pid_numbers(local_pid_of({5, 9})).serial == 9);
  set_term_rules(25);
}
