#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <vector>

#include "vm/heap/builder.h"
#include "vm/heap/hamt_build_impl.h"

using namespace joist;

namespace {

// Hashes that collide: wholly, in the lowest levels, in the highest, and often but not always.
struct OneHash {
  static uint32_t of(Term) { return 0xdeadbeef; }
};
struct LowBitsEqual {
  static uint32_t of(Term key) { return static_cast<uint32_t>(key.small_value() % 16) << 28; }
};
struct HighBitsEqual {
  static uint32_t of(Term key) { return static_cast<uint32_t>(key.small_value() % 8); }
};
struct FewHashes {
  static uint32_t of(Term key) { return map_key_hash(key) & 0x30000003; }
};

using Model = std::map<int64_t, int64_t>;

// Follows the trie by hand, checking its invariants; the number of pairs.
size_t check_node(const Word* node, unsigned level) {
  if (level == kHamtLevels) {
    size_t count = hamt_collision_pairs(node);
    REQUIRE(count >= 2);
    return count;
  }
  Word bitmap = node[0];
  REQUIRE((bitmap & bitmap >> kHamtSlots & 0xffff) == 0);
  REQUIRE(hamt_pair_count(bitmap) ==
          static_cast<unsigned>(std::popcount(static_cast<uint16_t>(bitmap))));
  REQUIRE(header_words(node[level == 0 ? -2 : -1]) ==
          (level == 0 ? 2 : 1) + hamt_entry_words(bitmap));
  size_t size = hamt_pair_count(bitmap);
  const Term* child = hamt_entries(node) + 2 * size;
  for (unsigned i = 0; i < hamt_child_count(bitmap); ++i) {
    size_t below = check_node(hamt_node(child[i]), level + 1);
    REQUIRE(below >= 2);
    size += below;
  }
  return size;
}

template <class Hash>
void check_same(Term map, const Model& model) {
  REQUIRE(map_size(map) == model.size());
  REQUIRE(check_node(hamt_root(map), 0) == model.size());
  for (const auto& [number, value] : model) {
    Term key = Term::small(number);
    const Term* found = hamt_find(map, key, Hash::of(key));
    REQUIRE(found != nullptr);
    REQUIRE(*found == Term::small(value));
    REQUIRE(hamt_find(map, Term::small(number + 100000), Hash::of(key)) == nullptr);
  }
}

template <class Hash>
Term from_model(Allocator& heap, const Model& model) {
  std::vector<Term> pairs;
  for (auto i = model.rbegin(); i != model.rend(); ++i) {
    pairs.push_back(Term::small(i->first));
    pairs.push_back(Term::small(i->second));
  }
  return HamtBuild<Hash>(heap).from_pairs(pairs);
}

std::vector<Term> pairs_of(Term map) {
  std::vector<Term> pairs;
  Term key;
  Term value;
  for (MapIterator i(map); i.next(&key, &value);) {
    pairs.push_back(key);
    pairs.push_back(value);
  }
  return pairs;
}

}  // namespace

TEMPLATE_TEST_CASE("tries stay correct when hashes collide", "", KeyHash, OneHash, LowBitsEqual,
                   HighBitsEqual, FewHashes) {
  using Hash = TestType;
  Allocator heap;
  HamtBuild<Hash> build(heap);
  std::mt19937 random(5);
  for (int64_t range : {3, 40, 200}) {
    Model model = {{range, 0}, {range + 1, 1}};
    Term map = from_model<Hash>(heap, model);
    for (int step = 0; step < 800; ++step) {
      int64_t number = static_cast<int64_t>(random() % range);
      Term key = Term::small(number);
      Term value = Term::small(static_cast<int64_t>(random() % 3));
      Term before = map;
      Model old = model;
      if (random() % (step < 400 ? 3 : 2) != 0) {
        map = build.put(map, key, value);
        bool same = old.count(number) != 0 && old[number] == value.small_value();
        REQUIRE((map == before) == same);
        model[number] = value.small_value();
      } else if (random() % 4 == 0) {
        REQUIRE(build.update(map, key, value).is_none() == (model.count(number) == 0));
      } else {
        map = build.remove(map, key);
        REQUIRE((map == before) == (model.count(number) == 0));
        model.erase(number);
      }
      if (step % 20 == 0) {
        check_same<Hash>(map, model);
        check_same<Hash>(before, old);
        REQUIRE(pairs_of(map) == pairs_of(from_model<Hash>(heap, model)));
      }
    }
  }
}

TEMPLATE_TEST_CASE("tries merge correctly when hashes collide", "", KeyHash, OneHash, LowBitsEqual,
                   HighBitsEqual, FewHashes) {
  using Hash = TestType;
  Allocator heap;
  std::mt19937 random(6);
  for (int round = 0; round < 200; ++round) {
    int64_t range = 1 + static_cast<int64_t>(random() % 120);
    Model a = {{0, 1}};
    Model b = {{static_cast<int64_t>(random() % range), 2}};
    for (uint64_t i = random() % 100; i > 0; --i) a[static_cast<int64_t>(random() % range)] = 1;
    for (uint64_t i = random() % 100; i > 0; --i) b[static_cast<int64_t>(random() % range)] = 2;
    Model both = b;
    both.insert(a.begin(), a.end());
    Term map_a = from_model<Hash>(heap, a);
    Term map_b = from_model<Hash>(heap, b);
    Term merged = HamtBuild<Hash>(heap).merge(map_a, map_b);
    check_same<Hash>(merged, both);
    REQUIRE(pairs_of(merged) == pairs_of(from_model<Hash>(heap, both)));
    check_same<Hash>(map_a, a);
    check_same<Hash>(map_b, b);
  }
}

TEST_CASE("keys that share a hash prefix of any length fork at the right level") {
  Allocator heap;
  for (unsigned level = 0; level < kHamtLevels; ++level) {
    struct Prefix {
      static uint32_t of(Term key) { return static_cast<uint32_t>(key.small_value()); }
    };
    int64_t low = 0x12345678 & ((int64_t{1} << (level * kHamtSlotBits)) - 1);
    int64_t other = low | int64_t{5} << (level * kHamtSlotBits);
    HamtBuild<Prefix> build(heap);
    Term map = build.from_pairs(std::vector<Term>{Term::small(low), Term::small(1)});
    map = build.put(map, Term::small(other), Term::small(2));
    check_same<Prefix>(map, {{low, 1}, {other, 2}});
    map = build.remove(map, Term::small(low));
    check_same<Prefix>(map, {{other, 2}});
  }
}
