#include "vm/term/print.h"

#include <catch2/catch.hpp>

#include "tests/unit/term/etf_terms.h"
#include "vm/heap/builder.h"
#include "vm/heap/map_build.h"

using namespace joist;

namespace {

Term ints(Allocator& heap, std::initializer_list<int64_t> values, Term tail = Term::nil()) {
  std::vector<Term> terms;
  for (int64_t value : values) terms.push_back(Term::small(value));
  return make_list(heap, terms, tail);
}

}  // namespace

// The expectations are what erlang:display/1 of OTP 25 prints.
TEST_CASE("numbers") {
  Allocator heap;
  CHECK(term_text(Term::small(-17)) == "-17");
  CHECK(term_text(make_float(heap, 1.5)) == "1.500000e+00");
  CHECK(term_text(make_float(heap, -0.0)) == "-0.000000e+00");
  CHECK(term_text(make_float(heap, 1e300)) == "1.000000e+300");
  test::AnyExport exports;
  // -(1 bsl 200)
  CHECK(term_text(test::term_from_hex(
            heap, exports, "836e1a010000000000000000000000000000000000000000000000000001")) ==
        "-1606938044258990275541962092341162602522202993782792835301376");
}

TEST_CASE("atoms are quoted where they must be") {
  auto text = [](std::string_view name) { return term_text(must_atom(name)); };
  CHECK(text("ok") == "ok");
  CHECK(text("aB_9") == "aB_9");
  CHECK(text("") == "''");
  CHECK(text("A") == "'A'");
  CHECK(text("_a") == "'_a'");
  CHECK(text("a@b") == "'a@b'");
  CHECK(text("a b") == "'a b'");
  CHECK(text("\xc3\xa5") == "\xc3\xa5");
  CHECK(text("a\xc3\x85") == "a\xc3\x85");
  CHECK(text("a\xc3\xb7") == "'a\xc3\xb7'");
  CHECK(text("\xce\xbb") == "'\xce\xbb'");
  CHECK(text("it's\n\\") == "'it\\'s\\n\\\\'");
  CHECK(text("a\x01") == "'a\\001'");
  CHECK(text("a\xc2\x90") == "'a\\220'");
}

TEST_CASE("lists and strings") {
  Allocator heap;
  CHECK(term_text(Term::nil()) == "[]");
  CHECK(term_text(ints(heap, {1, 2, 3})) == "[1,2,3]");
  CHECK(term_text(ints(heap, {1}, Term::small(2))) == "[1|2]");
  CHECK(term_text(make_string(heap, "hi \"you\"\n")) == "\"hi \\\"you\\\"\\n\"");
  CHECK(term_text(ints(heap, {104, 105}, atoms::ok)) == "[104,105|ok]");
  CHECK(term_text(ints(heap, {255})) == "\"\xff\"");
  CHECK(term_text(ints(heap, {127})) == "[127]");
  CHECK(term_text(ints(heap, {9, 13})) == "\"\t\r\"");
}

TEST_CASE("tuples, maps and bitstrings") {
  Allocator heap;
  CHECK(term_text(make_tuple(heap, {})) == "{}");
  CHECK(term_text(make_tuple(heap, {atoms::ok, ints(heap, {1})})) == "{ok,[1]}");
  CHECK(term_text(make_empty_map(heap)) == "#{}");
  std::vector<Term> pairs = {must_atom("a"), Term::small(1), must_atom("b"), Term::nil()};
  CHECK(term_text(make_map(heap, pairs)) == "#{a=>1,b=>[]}");
  CHECK(term_text(make_binary(heap, "")) == "<<>>");
  CHECK(term_text(make_binary(heap, "a\"b")) == "<<\"a\\\"b\">>");
  CHECK(term_text(make_binary(heap, "a\n")) == "<<97,10>>");
  uint8_t* bytes;
  Term bits = make_bits_uninitialised(heap, 11, &bytes);
  bytes[0] = 'a';
  bytes[1] = 0xa0;
  CHECK(term_text(bits) == "<<97,5:3>>");
}

TEST_CASE("identifiers and funs") {
  Allocator heap;
  CHECK(term_text(make_local_pid(80, 2)) == "<0.80.2>");
  CHECK(term_text(Term::local_port(6)) == "#Port<0.6>");
  CHECK(term_text(make_ref(heap, {3, {7, 8, 9}})) == "#Ref<0.9.8.7>");
  const Node* node = intern_node(must_atom("print@test"), 1);
  std::string channel = std::to_string(node->name.atom_index());
  CHECK(term_text(make_external_pid(heap, node, 3, 4)) == "<" + channel + ".3.4>");
  CHECK(term_text(make_external_port(heap, node, 3)) == "#Port<" + channel + ".3>");
  ExportIdentity entry{{must_atom("Mod"), must_atom("f"), 2}};
  CHECK(term_text(make_export_fun(heap, &entry)) == "fun 'Mod':f/2");
  FunIdentity lambda{must_atom("Mod"), 1, 0, 5, 0x80000001, {}, must_atom("-f/0-fun-5-")};
  CHECK(term_text(make_local_fun(heap, &lambda, Term::local_pid(1), {})) ==
        "#Fun<Mod.5.-2147483647>");
}

TEST_CASE("a native record shows its fields") {
  Term fields[] = {must_atom("y"), must_atom("x")};
  RecordDefinition definition{must_atom("m"), must_atom("point"), true, 2, fields};
  alignas(8) Word words[4] = {make_header(Boxed::kRecord, 3), reinterpret_cast<Word>(&definition),
                              Term::small(1).bits(), Term::nil().bits()};
  CHECK(term_text(Term::boxed(words)) == "#m:point{y=1,x=[]}");
}

// As "%.*T" of erts' own printf does it: each term and each character counts.
TEST_CASE("a limit cuts the text short") {
  Allocator heap;
  Term list = ints(heap, {1, 2, 3});
  CHECK(term_text(list, 5) == "[1,2,3]");
  CHECK(term_text(list, 4) == "[1,2,3]... ");
  CHECK(term_text(list, 3) == "[1,2,... ");
  CHECK(term_text(make_string(heap, "hello"), 3) == "\"he... ");
  CHECK(term_text(atoms::badarg, 4) == "badarg... ");
}

TEST_CASE("a deep term needs no native recursion") {
  Allocator heap;
  Term deep = Term::nil();
  for (int i = 0; i < 1'000'000; ++i) deep = make_tuple(heap, {deep});
  CHECK(term_text(deep).size() == 2'000'002);
}
