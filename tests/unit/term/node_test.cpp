#include "vm/term/node.h"

#include <catch2/catch.hpp>

#include "vm/term/atom.h"

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
