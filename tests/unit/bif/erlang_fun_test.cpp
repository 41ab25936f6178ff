#include <catch2/catch.hpp>

#include "tests/unit/bif/call_native.h"
#include "vm/code/export.h"

using namespace joist;

TEST_CASE("what is known about an export fun") {
  NativeCaller n;
  ExportIdentity entry{{must_atom("lists"), must_atom("map"), 2}};
  Term fun = make_export_fun(n.heap(), &entry);
  auto info = [&](const char* item) {
    return n.text("erlang", "fun_info", {fun, must_atom(item)});
  };
  CHECK(info("module") == "{module,lists}");
  CHECK(info("name") == "{name,map}");
  CHECK(info("arity") == "{arity,2}");
  CHECK(info("env") == "{env,[]}");
  CHECK(info("type") == "{type,external}");
  CHECK(info("pid") == "{pid,undefined}");
  CHECK(info("foo") == "!badarg");
  CHECK(n.text("erlang", "fun_info", {atoms::ok, atoms::arity}) == "!badarg");
  CHECK(n.text("erlang", "fun_info_mfa", {fun}) == "{lists,map,2}");
  CHECK(n.text("erlang", "fun_to_list", {fun}) == "\"fun lists:map/2\"");
}

TEST_CASE("what is known about a local fun") {
  NativeCaller n;
  FunEntry lambda;
  static_cast<FunIdentity&>(lambda) = {must_atom("m"),          1, 2, 5, 3316493, {1, 2, 3},
                                       must_atom("-f/1-fun-5-")};
  Term environment[] = {Term::small(1), atoms::ok};
  Term fun = make_local_fun(n.heap(), &lambda, make_local_pid(9, 0), environment);
  auto info = [&](const char* item) {
    return n.text("erlang", "fun_info", {fun, must_atom(item)});
  };
  CHECK(info("module") == "{module,m}");
  CHECK(info("name") == "{name,'-f/1-fun-5-'}");
  lambda.code.store(lambda.unloaded_stub);
  CHECK(info("name") == "{name,[]}");
  CHECK(info("arity") == "{arity,1}");
  CHECK(info("env") == "{env,[1,ok]}");
  CHECK(info("type") == "{type,local}");
  CHECK(info("index") == "{index,5}");
  CHECK(info("new_index") == "{new_index,5}");
  CHECK(info("uniq") == "{uniq,3316493}");
  CHECK(info("new_uniq") == "{new_uniq,<<1,2,3,0,0,0,0,0,0,0,0,0,0,0,0,0>>}");
  CHECK(info("pid") == "{pid,<0.9.0>}");
  n.runtime().otp_release = 27;
  CHECK(info("pid") == "{pid,<0.0.0>}");
  CHECK(n.text("erlang", "fun_to_list", {fun}) == "\"#Fun<m.5.3316493>\"");
}

TEST_CASE("is_builtin") {
  NativeCaller n;
  auto builtin = [&n](const char* module, const char* function, int64_t arity) {
    return n.text("erlang", "is_builtin",
                  {must_atom(module), must_atom(function), Term::small(arity)});
  };
  CHECK(builtin("erlang", "apply", 3) == "true");
  CHECK(builtin("erlang", "++", 2) == "true");
  CHECK(builtin("lists", "map", 2) == "false");
  CHECK(builtin("lists", "map", -1) == "false");
  CHECK(n.text("erlang", "is_builtin", {Term::small(1), atoms::ok, Term::small(1)}) == "!badarg");
}
