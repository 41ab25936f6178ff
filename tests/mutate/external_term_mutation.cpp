// Decodes mutants of external terms: whatever the bytes are, decode_external() must neither crash
// nor use memory out of proportion, and what it accepts must survive encoding and decoding.
//
//   external_term_mutation [--count N] [--seed S] [--write FOLDER]
//
// The originals are random terms of all kinds. Each mutant is decoded with `safe` and without.
// --write only writes N originals to files of that folder: a corpus for the fuzzer.

#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "vm/codec/etf.h"
#include "vm/heap/arith.h"
#include "vm/heap/builder.h"
#include "vm/heap/map_build.h"
#include "vm/term/atom.h"
#include "vm/term/bits.h"
#include "vm/term/compare.h"
#include "vm/term/rules.h"

namespace {

using namespace joist;
using Bytes = std::vector<uint8_t>;
using Random = std::mt19937_64;

constexpr size_t kLargestExpansion = 1032;  // of deflate

size_t below(Random& random, size_t limit) { return random() % limit; }

// Gives every fun and record an identity, as a VM would.
class Resolver : public ExternalResolver {
 public:
  const ExportIdentity* find_export(const Mfa& mfa, bool) override {
    return keep(exports_, ExportIdentity{mfa});
  }
  const FunIdentity* find_fun(const ExternalFun& external) override {
    FunIdentity fun{};
    fun.module = external.module;
    fun.function = external.module;
    fun.arity = external.arity;
    fun.free_count = external.free_count;
    fun.index = external.index;
    fun.old_unique = external.old_unique;
    std::memcpy(fun.unique, external.unique, sizeof fun.unique);
    return keep(funs_, fun);
  }
  const RecordDefinition* find_record(Term module, Term name, bool exported,
                                      std::span<const Term> fields) override {
    fields_.emplace_back(fields.begin(), fields.end());
    auto count = static_cast<uint32_t>(fields.size());
    return keep(records_, {module, name, exported, count, fields_.back().data()});
  }
  void forget() {
    exports_.clear();
    funs_.clear();
    records_.clear();
    fields_.clear();
  }

 private:
  template <typename T>
  static const T* keep(std::vector<std::unique_ptr<T>>& all, T value) {
    all.push_back(std::make_unique<T>(value));
    return all.back().get();
  }
  std::vector<std::unique_ptr<ExportIdentity>> exports_;
  std::vector<std::unique_ptr<FunIdentity>> funs_;
  std::vector<std::unique_ptr<RecordDefinition>> records_;
  std::vector<std::vector<Term>> fields_;
};

// Random terms; `depth` bounds the nesting.
class Generator {
 public:
  Generator(Random& random, Allocator& heap, Resolver& resolver)
      : random_(random), heap_(heap), resolver_(resolver) {}

  Term term(size_t depth) {
    size_t kind = below(random_, depth == 0 ? 12 : 18);
    switch (kind) {
      case 0:
        return Term::small(static_cast<int64_t>(below(random_, 300)));
      case 1:
        return make_integer(heap_, static_cast<int64_t>(random_() >> below(random_, 64)));
      case 2:
        return big();
      case 3:
        return make_float(heap_, std::ldexp(static_cast<double>(below(random_, 1000)),
                                            static_cast<int>(below(random_, 1900)) - 950));
      case 4:
        return atom();
      case 5:
        return bits();
      case 6:
        return make_string(heap_, std::string(below(random_, 40), 'x'));
      case 7:
        return make_local_pid(static_cast<uint32_t>(below(random_, 1000)), 1);
      case 8:
        return make_external_pid(heap_, node(), 1, 2);
      case 9:
        return below(random_, 2) == 0 ? Term::local_port(random_() >> 6)
                                      : make_external_port(heap_, node(), random_());
      case 10:
        return reference();
      case 11:
        return make_export_fun(heap_, resolver_.find_export({atom(), atom(), 2}, false));
      case 12:
        return list(depth);
      case 13:
        return joist::make_tuple(heap_, terms(depth, below(random_, 6)));
      case 14:
        return make_map(heap_, terms(depth, 2 * below(random_, 5)));
      case 15:
        return make_map(heap_, terms(0, 2 * below(random_, 50)));
      case 16:
        return fun(depth);
      default:
        return make_tuple(heap_, {term(depth - 1)});
    }
  }

 private:
  std::vector<Term> terms(size_t depth, size_t count) {
    std::vector<Term> result;
    for (size_t i = 0; i < count; ++i) result.push_back(term(depth == 0 ? 0 : depth - 1));
    return result;
  }
  Term list(size_t depth) {
    Term tail = below(random_, 4) == 0 ? atom() : Term::nil();
    return make_list(heap_, terms(depth, 1 + below(random_, 5)), tail);
  }
  Term atom() {
    static const char* const kNames[] = {"ok", "error", "\xc3\xa5", "\xce\xb1\xce\xb2", ""};
    return must_atom(kNames[below(random_, std::size(kNames))]);
  }
  Term big() {
    Bytes magnitude(1 + below(random_, 40));
    for (uint8_t& byte : magnitude) byte = static_cast<uint8_t>(random_());
    return make_integer_from_magnitude(heap_, magnitude.data(), magnitude.size(),
                                       below(random_, 2) == 0);
  }
  Term bits() {
    size_t count = below(random_, 4) == 0 ? below(random_, 3000) : below(random_, 100);
    uint8_t* bytes;
    Term result = make_bits_uninitialised(heap_, count, &bytes);
    std::memset(bytes, 0xa0, (count + 7) / 8);
    if (count % 8 != 0) bytes[count / 8] &= static_cast<uint8_t>(0xff00 >> count % 8);
    return result;
  }
  Term reference() {
    RefNumbers numbers{3, {1, 2, 3, 0, 0}};
    return below(random_, 2) == 0 ? make_ref(heap_, numbers)
                                  : make_external_ref(heap_, node(), numbers);
  }
  Term fun(size_t depth) {
    static const uint8_t kUnique[16] = {1, 2, 3};
    std::vector<Term> environment = terms(depth, below(random_, 3));
    auto free_count = static_cast<uint32_t>(environment.size());
    const FunIdentity* entry = resolver_.find_fun({atom(), 1, 1, 1000, kUnique, 1, free_count});
    return make_local_fun(heap_, entry, make_local_pid(0, 0), environment);
  }
  const Node* node() { return intern_node(must_atom("a@b"), 1); }

  Random& random_;
  Allocator& heap_;
  Resolver& resolver_;
};

void mutate(Random& random, Bytes& bytes) {
  static const uint8_t kTags[] = {67,  70,  77,  80,  82,  88,  89,  90,  97,  98,  99,
                                  100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110,
                                  111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121};
  for (size_t edits = 1 + below(random, 4); edits > 0 && bytes.size() > 1; --edits) {
    size_t at = 1 + below(random, bytes.size() - 1);
    auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    size_t length = std::min(1 + below(random, 8), bytes.size() - at);
    auto place_end = place + static_cast<std::ptrdiff_t>(length);
    switch (below(random, 7)) {
      case 0:
        *place = static_cast<uint8_t>(random());
        break;
      case 1:
        *place ^= static_cast<uint8_t>(1u << below(random, 8));
        break;
      case 2:
        *place = kTags[below(random, std::size(kTags))];
        break;
      case 3:
        std::fill(place, place_end, below(random, 2) == 0 ? 0xff : 0);
        break;
      case 4:
        bytes.erase(place, place_end);
        break;
      case 5: {
        Bytes doubled(place, place_end);
        bytes.insert(place, doubled.begin(), doubled.end());
        break;
      }
      default:
        bytes.resize(at);
    }
  }
}

[[noreturn]] void fail(const char* what, const Bytes& bytes) {
  std::printf("%s:", what);
  for (uint8_t byte : bytes) std::printf(" %02x", byte);
  std::printf("\n");
  std::exit(1);
}

// True: accepted.
bool check(const Bytes& bytes, bool safe, Resolver& resolver) {
  DecodeOptions options;
  options.safe = safe;
  options.resolver = &resolver;
  Allocator heap;
  size_t atoms_before = atom_count();
  std::optional<Decoded> decoded = decode_external(bytes, heap, options);
  const bool compressed = bytes.size() > 1 && bytes[1] == 80;
  const size_t plain = bytes.size() * (compressed ? kLargestExpansion : 1);
  if (heap.fragment_words > 1000 + 40 * plain) fail("too much memory", bytes);
  if (safe && atom_count() != atoms_before) fail("an atom was made", bytes);
  if (!decoded) return false;
  if (decoded->used > bytes.size()) fail("more was used than there is", bytes);
  EncodeOptions encoding = EncodeOptions::of_release(27);
  encoding.init_creates_funs = false;
  std::optional<size_t> size = external_size(decoded->term, encoding);
  if (!size) fail("too large to encode", bytes);
  Bytes again(*size);
  encode_external(decoded->term, encoding, again.data());
  std::optional<Decoded> second = decode_external(again, heap, options);
  if (!second || second->used != again.size()) fail("the copy was refused", bytes);
  Bytes third(*size);
  encode_external(second->term, encoding, third.data());
  if (third != again) fail("the copy differs", bytes);
  return true;
}

// The external form of a random term: as one release or another writes it, or compressed.
Bytes original(Random& random, Resolver& resolver) {
  Allocator heap;
  Term term = Generator(random, heap, resolver).term(4);
  EncodeOptions options = EncodeOptions::of_release(below(random, 2) == 0 ? 27 : 25);
  options.local = below(random, 8) == 0;
  if (below(random, 8) == 0) {
    ByteScratch scratch;
    const ByteSpan packed = binary_bytes(external_binary(heap, term, options, 9), scratch);
    return Bytes(packed.begin(), packed.end());
  }
  Bytes bytes(*external_size(term, options));
  encode_external(term, options, bytes.data());
  return bytes;
}

int write_originals(Random& random, Resolver& resolver, const char* folder, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const Bytes bytes = original(random, resolver);
    const std::string path = std::string(folder) + "/" + std::to_string(i);
    std::FILE* file = std::fopen(path.c_str(), "wb");
    if (file == nullptr) return 2;
    std::fwrite(bytes.data(), 1, bytes.size(), file);
    std::fclose(file);
    resolver.forget();
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  size_t count = 200000;
  uint64_t seed = 1;
  const char* corpus = nullptr;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--count") == 0) count = std::strtoull(argv[i + 1], nullptr, 10);
    if (std::strcmp(argv[i], "--seed") == 0) seed = std::strtoull(argv[i + 1], nullptr, 10);
    if (std::strcmp(argv[i], "--write") == 0) corpus = argv[i + 1];
  }
  set_term_rules(27);
  std::printf("seed %" PRIu64 "\n", seed);
  Random random(seed);
  Resolver resolver;
  if (corpus != nullptr) return write_originals(random, resolver, corpus, count);
  size_t accepted = 0;
  size_t safe = 0;
  for (size_t i = 0; i < count; ++i) {
    Bytes bytes = original(random, resolver);
    if (!check(bytes, false, resolver)) fail("an original was refused", bytes);
    mutate(random, bytes);
    // First with `safe`: afterwards the atoms exist.
    const bool is_safe = check(bytes, true, resolver);
    const bool is_accepted = check(bytes, false, resolver);
    if (is_safe && !is_accepted) fail("only `safe` accepts", bytes);
    safe += is_safe;
    accepted += is_accepted;
    resolver.forget();
  }
  std::printf("%zu mutants: %zu accepted, %zu of them safe\n", count, accepted, safe);
  return 0;
}
