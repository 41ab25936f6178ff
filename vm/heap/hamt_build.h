// Making hash maps: the trie of vm/term/hamt.h is never changed, a new one shares all nodes but
// those on the way to the change. Results are bare tries: that a map of kFlatMapLimit or fewer
// keys must be flat is the business of vm/heap/map_build.cpp.
//
// The hash is a template parameter so that tests can force collisions; the VM uses KeyHash.
#pragma once

#include <cstdlib>
#include <memory>
#include <span>
#include <vector>

#include "vm/base/progress.h"
#include "vm/heap/allocator.h"
#include "vm/heap/gc_blocks.h"
#include "vm/term/hamt.h"
#include "vm/term/map.h"

namespace joist {

struct KeyHash {
  static uint32_t of(Term key) { return map_key_hash(key); }
};

template <class Hash>
class HamtBuild {
 public:
  explicit HamtBuild(Allocator& heap) : heap_(heap) {}

  // From pairs key, value, key, value...; of equal keys the last wins. At least one pair.
  Term from_pairs(std::span<const Term> pairs);
  // The same in slices.
  class Gradual;
  // `map` with the pair. The map itself when it has just this pair.
  Term put(Term map, Term key, Term value);
  // As put, but none() when the key is not there.
  Term update(Term map, Term key, Term value);
  // `map` without the key; the map itself when it is not there. At least two pairs.
  Term remove(Term map, Term key);
  // All pairs of both; where both have a key, the value is b's.
  Term merge(Term a, Term b);

 private:
  struct Pair {
    uint32_t hash;
    Term key;
    Term value;
  };
  // What is below a slot: nothing, one pair or a node.
  struct Slot {
    enum Kind : uint8_t { kEmpty, kPair, kChild } kind = kEmpty;
    Term key = Term::none();
    Term value = Term::none();  // or the child
  };
  // Collects the content of a new node in slot order.
  struct Draft {
    Word bitmap = 0;
    unsigned child_count = 0;
    Term pairs[2 * kHamtSlots];
    Term children[kHamtSlots];
    void add(unsigned slot, const Slot& content);
    bool is_one_pair() const;
    bool equals(const Word* node) const;
  };
  struct Built {
    Slot slot;
    size_t size;
  };
  struct Change {
    Term node;   // none(): refused (mode kReplace and the key is not there)
    bool added;  // the key is new
  };
  struct Step {
    const Word* node;
    unsigned child;  // index among the entries
  };
  enum class Mode {
    kAny,
    kReplace,  // refused where the key is not there
    kMerge,    // the key, too, is replaced, even where the value stays
  };

  static Slot pair_slot(Term key, Term value) { return {Slot::kPair, key, value}; }
  static Slot child_slot(Term child) { return {Slot::kChild, Term::none(), child}; }
  static Slot slot_of(const Word* node, unsigned slot);
  static size_t count_pairs(const Word* node, unsigned level);
  static const Word* node_at(Term node, unsigned level) {
    return level == 0 ? hamt_root(node) : hamt_node(node);
  }
  static Term* entries_of(Word* node) { return reinterpret_cast<Term*>(node + 1); }
  static Term term_of(const Word* node, unsigned level) {
    return Term::boxed(level == 0 ? node - 2 : node - 1);
  }
  static Term with_size(Term map, size_t size) {
    object_words(map)[0] = size;
    return map;
  }

  // New nodes. That of level 0 is a root whose size the caller sets.
  Word* new_node(unsigned level, Word bitmap);
  Term node_from(unsigned level, const Draft& draft);
  Term collision_from(std::vector<Pair>& pairs);
  Term join(unsigned level, const Pair& a, const Pair& b);
  Term with_entry(const Word* node, unsigned level, unsigned index, Term entry);
  Term with_pair_at(const Word* node, unsigned level, unsigned index, const Pair& pair);
  Term with_pair(const Word* node, unsigned level, const Pair& pair);
  Term pair_to_child(const Word* node, unsigned level, unsigned slot, Term child);
  Term child_to_pair(const Word* node, unsigned level, unsigned slot, const Slot& pair);
  Slot without_pair(const Word* node, unsigned level, unsigned slot);
  Slot without_colliding(const Word* node, const Term* pair);

  Built build(Pair* pairs, Pair* spare, size_t count, unsigned level);
  Built build_colliding(const Pair* pairs, size_t count);
  Change put_below(Term top, unsigned top_level, const Pair& pair, Mode mode);
  static bool stays(Term key, Term value, const Pair& pair, Mode mode);
  Change put_in_node(const Word* node, unsigned level, const Pair& pair, Mode mode);
  Change put_colliding(const Word* node, const Pair& pair, Mode mode);
  Term put_in_map(Term map, Term key, Term value, Mode mode);
  // `shared` counts the keys that are in both.
  Slot merge_slots(const Slot& a, const Slot& b, unsigned level, size_t* shared);
  Term merge_nodes(Term a, Term b, unsigned level, size_t* shared);
  Term merge_colliding(Term a, Term b, size_t* shared);

  Allocator& heap_;
};

// from_pairs() in slices: each pair is added, then run() builds. The upper levels of a large trie
// are done step by step, with a frame for each; what is small enough is built at once.
template <class Hash>
class HamtBuild<Hash>::Gradual {
 public:
  // Of `count` pairs, at least one.
  Gradual(Allocator& heap, size_t count);
  void add(Term key, Term value) { pairs_.get()[added_++] = {Hash::of(key), key, value}; }
  Progress run(int64_t* budget);
  Term result() const { return with_size(built_.slot.value, built_.size); }

 private:
  enum class Phase : uint8_t { kCount, kSpread, kBelow };
  // A node that is being made, as in build().
  struct Frame {
    Frame(Pair* first, Pair* spare_room, size_t pair_count, unsigned trie_level)
        : pairs(first), spare(spare_room), count(pair_count), level(trie_level) {}
    Pair* pairs;
    Pair* spare;
    size_t count;
    unsigned level;
    Phase phase = Phase::kCount;
    size_t next = 0;  // pair, or slot
    size_t size = 0;
    size_t starts[kHamtSlots + 1] = {};
    size_t ends[kHamtSlots] = {};
    Draft draft;
  };
  // In one block, as heaps have, which is given back at once however large it is.
  struct Free {
    size_t words = 0;
    void operator()(Pair* pairs) const { free_block(reinterpret_cast<Word*>(pairs), words); }
  };

  void push(Pair* pairs, Pair* spare, size_t count, unsigned level) {
    frames_.push_back(std::make_unique<Frame>(pairs, spare, count, level));
  }
  static size_t pair_words(size_t count) { return 2 * count * sizeof(Pair) / sizeof(Word); }
  // Each goes on as far as the budget allows; true: the phase is over.
  static bool count_slots(Frame& frame, int64_t* budget);
  static bool spread(Frame& frame, int64_t* budget);
  bool build_below(Frame& frame, int64_t* budget);
  void finish_frame();

  HamtBuild build_;
  std::unique_ptr<Pair, Free> pairs_;  // uninitialised: that, too, would take its time
  size_t added_ = 0;
  bool begun_ = false;
  std::vector<std::unique_ptr<Frame>> frames_;
  Built built_{};
};

extern template class HamtBuild<KeyHash>;

}  // namespace joist
