#include "vm/term/atom.h"

#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "vm/term/atom_batch.h"
#include "vm/term/atoms_emulator.h"

using namespace joist;

TEST_CASE("fixed atoms have their text before anything is initialised") {
  CHECK(atom_text(atoms::badarg) == "badarg");
  CHECK(existing_atom("badarg") == atoms::badarg);
  CHECK(make_atom("true") == atoms::true_);
}

TEST_CASE("every list of fixed atoms is numbered as its header says") {
  CHECK(atom_text(atoms::addrs) == "addrs");
  CHECK(atom_text(atoms::call_trace) == "call_trace");
  CHECK(atom_text(atoms::available_internal_state) == "available_internal_state");
}

TEST_CASE("the fixed atoms are all different and all found") {
  for (uint32_t i = 0; i < atoms::kFixedAtomCount; ++i) {
    CHECK(existing_atom(atom_text(Term::atom(i))) == Term::atom(i));
  }
}

TEST_CASE("new names get new indices and keep them") {
  CHECK(!existing_atom("an atom nobody made"));
  Term made = must_atom("an atom nobody made");
  CHECK(existing_atom("an atom nobody made") == made);
  CHECK(must_atom("an atom nobody made") == made);
  CHECK(made.atom_index() >= atoms::kFixedAtomCount);
}

TEST_CASE("many names at once are the atoms that they are one by one, in their order") {
  std::vector<std::string> names = {"", "true", "batch 0", "true"};
  for (int i = 0; i < 50; ++i) names.push_back("batch " + std::to_string(i));
  const std::vector<std::string_view> texts(names.begin(), names.end());
  for (size_t count = 0; count <= texts.size(); ++count) {
    const size_t before = atom_count();
    std::vector<Term> atoms(count);
    REQUIRE(make_atoms(std::span(texts).first(count), atoms.data()));
    for (size_t i = 0; i < count; ++i) CHECK(existing_atom(texts[i]) == atoms[i]);
    CHECK(atom_count() - before <= 1);
    if (atom_count() != before) CHECK(atoms.back().atom_index() == before);
  }
}

// Values from erlang:phash2('...', 1 bsl 32) of OTP 25.
TEST_CASE("the empty name needs no bytes") {
  CHECK(make_atom(std::string_view()) == atoms::empty);
  CHECK(existing_atom(std::string_view()) == atoms::empty);
}

TEST_CASE("the hash is OTP's") {
  CHECK(atom_entry(must_atom("true")).hash == 506293);
  CHECK(atom_entry(must_atom("hello_world_this_is_long")).hash == 108134615);
  CHECK(atom_entry(must_atom("\xc3\xa5\xc3\xa4\xc3\xb6")).hash == 62518);
  CHECK(atom_entry(must_atom("\xce\xbb\xe2\x82\xac")).hash == 14326476);
  CHECK(atom_entry(must_atom("")).hash == 0);
}

TEST_CASE("characters and Latin-1") {
  CHECK(atom_entry(must_atom("\xc3\xa5\xc3\xa4\xc3\xb6")).characters == 3);
  CHECK(atom_entry(must_atom("\xc3\xbf")).latin1);
  CHECK(!atom_entry(must_atom("\xc4\x80")).latin1);
}

TEST_CASE("atoms are ordered by text") {
  CHECK(compare_atoms(must_atom("a"), must_atom("b")) < 0);
  CHECK(compare_atoms(must_atom("abcd"), must_atom("abcde")) < 0);
  CHECK(compare_atoms(must_atom("abcde"), must_atom("abcdd")) > 0);
  CHECK(compare_atoms(must_atom("ab"), must_atom(std::string_view("ab\0", 3))) < 0);
  CHECK(compare_atoms(must_atom("\xc3\xa5"), must_atom("z")) > 0);
  CHECK(compare_atoms(atoms::ok, atoms::ok) == 0);
}

TEST_CASE("the limit holds for new names only") {
  size_t old_limit = atom_limit();
  set_atom_limit(atom_count());
  CHECK(!make_atom("one too many"));
  CHECK(make_atom("ok") == atoms::ok);
  set_atom_limit(old_limit);
  CHECK(make_atom("one too many"));
}

TEST_CASE("many threads that make the same names agree") {
  constexpr int kNames = 20000;
  std::vector<std::vector<Term>> seen(4, std::vector<Term>(kNames));
  std::vector<std::thread> threads;
  for (auto& mine : seen) {
    threads.emplace_back([&mine] {
      for (int i = 0; i < kNames; ++i) mine[i] = must_atom("shared_" + std::to_string(i));
    });
  }
  for (auto& thread : threads) thread.join();
  for (auto& mine : seen) CHECK(mine == seen[0]);
  for (int i = 0; i < kNames; ++i) CHECK(atom_text(seen[0][i]) == "shared_" + std::to_string(i));
}
