#include "bif/in_slices.h"

#include <catch2/catch.hpp>

#include "tests/unit/bif/call_native.h"
#include "vm/term/bits.h"
#include "vm/term/compare.h"

using namespace joist;

namespace {

// Of many slices, a native's result; and that it has yielded, each time with its arguments.
struct SliceCaller : NativeCaller {
  Term sliced(std::string_view module, std::string_view function,
              std::initializer_list<Term> arguments) {
    const int before = yields();
    Term result = call(module, function, arguments);
    INFO(std::string(function));
    CHECK(yields() > before + 3);
    size_t i = 0;
    for (Term argument : arguments) CHECK(process().registers->x[i++] == argument);
    CHECK(process().suspended == nullptr);
    return result;
  }
  Term zeros(size_t bytes) {
    uint8_t* to;
    Term binary = make_bits_uninitialised(heap(), bytes * 8, &to);
    std::fill_n(to, bytes, 0);
    return binary;
  }
};

constexpr int64_t kMany = 400000;
constexpr size_t kManyBytes = 8 << 20;

}  // namespace

TEST_CASE("++ and -- of long lists yield and come to the same") {
  SliceCaller n;
  Term numbers = n.range(kMany);
  Term improper = n.call("lists", "reverse", {numbers, Term::small(0)});
  Term doubled = n.sliced("erlang", "++", {numbers, numbers});
  CHECK(term_text(n.sliced("erlang", "length", {doubled})) == std::to_string(2 * kMany));
  Term left = n.sliced("erlang", "--", {doubled, numbers});
  CHECK(exact_equal(left, numbers));
  CHECK(n.text("--", {numbers, doubled}) == "[]");
  CHECK(n.sliced("erlang", "++", {improper, numbers}).is_none());
  CHECK(n.process().exception_reason == atoms::badarg);
  CHECK(n.sliced("erlang", "--", {numbers, improper}).is_none());
}

TEST_CASE("iodata is joined, measured and summed up in slices") {
  SliceCaller n;
  Term zeros = n.zeros(kManyBytes);
  Term bytes = n.list({});
  for (int64_t i = 0; i < kMany; ++i) bytes = make_cons(n.heap(), Term::small(i & 0xff), bytes);
  Term odd = make_part(n.heap(), zeros, 3, (kManyBytes - 1) * 8);
  Term iodata = n.list({zeros, bytes, odd}, zeros);
  const size_t size = 3 * kManyBytes - 1 + kMany;
  Term joined = n.sliced("erlang", "iolist_to_binary", {iodata});
  CHECK(bits_size(joined) == size * 8);
  CHECK(n.text("iolist_size", {iodata}) == std::to_string(size));
  Term bits = n.sliced("erlang", "list_to_bitstring", {n.list({odd, bytes, odd})});
  CHECK(bits_size(bits) == (2 * (kManyBytes - 1) + kMany) * 8);
  for (const char* sum : {"md5", "crc32", "adler32"}) {
    CHECK(exact_equal(n.sliced("erlang", sum, {iodata}), n.sliced("erlang", sum, {joined})));
  }
  CHECK(n.sliced("erlang", "crc32", {n.list({zeros, bytes, zeros}, atoms::ok)}).is_none());
  CHECK(n.sliced("erlang", "list_to_binary", {n.list({bytes, bytes, bytes}, atoms::ok)}).is_none());
}

TEST_CASE("binaries are searched and copied in slices") {
  SliceCaller n;
  Term zeros = n.zeros(kManyBytes);
  Term word = n.binary("needle");
  Term hay = n.call("erlang", "list_to_binary", {n.list({zeros, word, zeros, word})});
  const std::string second = std::to_string(2 * kManyBytes + 6);
  CHECK(term_text(n.sliced("binary", "matches", {hay, word})) ==
        "[{" + std::to_string(kManyBytes) + ",6},{" + second + ",6}]");
  Term others = n.list({n.binary("edl"), n.binary("no")});
  CHECK(term_text(n.sliced("binary", "match", {hay, others})) ==
        "{" + std::to_string(kManyBytes + 2) + ",3}");
  Term pieces = n.sliced("binary", "split", {hay, word, n.list({atoms::global})});
  CHECK(exact_equal(pieces, n.list({zeros, zeros, n.binary("")})));
  CHECK(bits_size(n.sliced("binary", "copy", {hay, Term::small(2)})) == 2 * bits_size(hay));
  // Matches lie across the borders of what is searched at a time.
  Term text = n.call("binary", "copy", {n.binary("abc"), Term::small(kManyBytes / 2)});
  Term found = n.sliced("binary", "matches", {text, n.list({n.binary("bca"), n.binary("x")})});
  CHECK(n.text("length", {found}) == std::to_string(kManyBytes / 2 - 1));
}

TEST_CASE("terms are encoded, measured and decoded in slices") {
  SliceCaller n;
  Term zeros = n.zeros(kManyBytes);
  Term odd = make_part(n.heap(), zeros, 3, kManyBytes * 8 - 20);
  std::vector<Term> elements;
  for (int64_t i = 0; i < kMany; ++i) {
    elements.push_back(i % 7 == 0 ? n.tuple({Term::small(i), n.number(0.5)}) : Term::small(i));
  }
  Term tuple = make_tuple(n.heap(), std::span<const Term>(elements));
  Term list = make_list(n.heap(), elements, atoms::ok);
  Term term = n.list({zeros, tuple, odd, list, n.range(kMany)}, odd);
  Term bytes = n.sliced("erlang", "term_to_binary", {term});
  CHECK(term_text(n.sliced("erlang", "external_size", {term})) ==
        std::to_string(bits_size(bytes) / 8));
  CHECK(exact_equal(n.sliced("erlang", "binary_to_term", {bytes}), term));
  // The same at no byte boundary.
  Term shifted =
      n.call("erlang", "list_to_bitstring", {n.list({make_part(n.heap(), zeros, 0, 5), bytes})});
  Term unaligned = make_part(n.heap(), shifted, 5, bits_size(bytes));
  CHECK(exact_equal(n.sliced("erlang", "binary_to_term", {unaligned}), term));
  Term cut = make_part(n.heap(), bytes, 0, bits_size(bytes) - 8);
  CHECK(n.sliced("erlang", "binary_to_term", {cut}).is_none());
  // zlib is not cut into slices: a dirty thread is to do it (tests/programs/large_terms does).
  CHECK(n.call("erlang", "term_to_binary", {term, n.list({atoms::compressed})}).is_none());
  CHECK(n.process().outcome == NativeOutcome::kDirty);
}
