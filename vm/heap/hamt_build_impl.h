// The definitions behind vm/heap/hamt_build.h: included where HamtBuild is instantiated
// (hamt_build.cpp, and tests that bring their own hash). Recursion is bounded by the depth of
// the trie, nine levels.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>

#include "vm/heap/hamt_build.h"
#include "vm/term/compare.h"

namespace joist {
namespace detail {
inline Term* copy_terms(Term* to, const Term* from, const Term* end) {
  size_t count = static_cast<size_t>(end - from);
  std::memcpy(static_cast<void*>(to), from, count * sizeof(Term));
  return to + count;
}
}  // namespace detail

// --- drafts and slots ---

template <class Hash>
void HamtBuild<Hash>::Draft::add(unsigned slot, const Slot& content) {
  if (content.kind == Slot::kPair) {
    unsigned index = 2 * hamt_pair_count(bitmap);
    pairs[index] = content.key;
    pairs[index + 1] = content.value;
    bitmap = (bitmap | hamt_pair_bit(slot)) + kHamtOnePair;
  } else if (content.kind == Slot::kChild) {
    children[child_count++] = content.value;
    bitmap |= hamt_child_bit(slot);
  }
}

template <class Hash>
bool HamtBuild<Hash>::Draft::is_one_pair() const {
  return hamt_pair_count(bitmap) == 1 && child_count == 0;
}

template <class Hash>
bool HamtBuild<Hash>::Draft::equals(const Word* node) const {
  size_t pair_words = 2 * hamt_pair_count(bitmap);
  return node[0] == bitmap && std::equal(pairs, pairs + pair_words, hamt_entries(node)) &&
         std::equal(children, children + child_count, hamt_entries(node) + pair_words);
}

template <class Hash>
typename HamtBuild<Hash>::Slot HamtBuild<Hash>::slot_of(const Word* node, unsigned slot) {
  Word bitmap = node[0];
  const Term* entries = hamt_entries(node);
  if ((bitmap & hamt_pair_bit(slot)) != 0) {
    const Term* pair = entries + hamt_pair_index(bitmap, slot);
    return pair_slot(pair[0], pair[1]);
  }
  if ((bitmap & hamt_child_bit(slot)) != 0) {
    return child_slot(entries[hamt_child_index(bitmap, slot)]);
  }
  return {};
}

template <class Hash>
size_t HamtBuild<Hash>::count_pairs(const Word* node, unsigned level) {
  if (level == kHamtLevels) return hamt_collision_pairs(node);
  size_t count = hamt_pair_count(node[0]);
  const Term* child = hamt_entries(node) + 2 * count;
  const Term* end = child + hamt_child_count(node[0]);
  for (; child < end; ++child) count += count_pairs(hamt_node(*child), level + 1);
  return count;
}

// --- new nodes ---

template <class Hash>
Word* HamtBuild<Hash>::new_node(unsigned level, Word bitmap) {
  size_t entries = hamt_entry_words(bitmap);
  Word* node;
  if (level == 0) {
    node = heap_.alloc(3 + entries) + 2;
    node[-2] = make_header(Boxed::kHashMap, 2 + entries);
  } else {
    node = heap_.alloc(2 + entries) + 1;
    node[-1] = make_header(Boxed::kHashNode, 1 + entries);
  }
  node[0] = bitmap;
  return node;
}

template <class Hash>
Term HamtBuild<Hash>::node_from(unsigned level, const Draft& draft) {
  Word* node = new_node(level, draft.bitmap);
  size_t pair_words = 2 * hamt_pair_count(draft.bitmap);
  Term* to = detail::copy_terms(entries_of(node), draft.pairs, draft.pairs + pair_words);
  detail::copy_terms(to, draft.children, draft.children + draft.child_count);
  return term_of(node, level);
}

// Sorts `pairs`, which have one hash and different keys.
template <class Hash>
Term HamtBuild<Hash>::collision_from(std::vector<Pair>& pairs) {
  std::sort(pairs.begin(), pairs.end(),
            [](const Pair& a, const Pair& b) { return compare_exact(a.key, b.key) < 0; });
  size_t words = 1 + 2 * pairs.size();
  Word* node = heap_.alloc(1 + words) + 1;
  node[-1] = make_header(Boxed::kCollisionNode, words);
  node[0] = pairs[0].hash;
  Term* to = entries_of(node);
  for (const Pair& pair : pairs) {
    *to++ = pair.key;
    *to++ = pair.value;
  }
  return Term::boxed(node - 1);
}

// The node, at `level`, of two pairs with different keys.
template <class Hash>
Term HamtBuild<Hash>::join(unsigned level, const Pair& a, const Pair& b) {
  unsigned fork = level;
  while (fork < kHamtLevels && hamt_slot(a.hash, fork) == hamt_slot(b.hash, fork)) ++fork;
  Term made;
  if (fork == kHamtLevels) {
    std::vector<Pair> pairs = {a, b};
    made = collision_from(pairs);
  } else {
    unsigned slot_a = hamt_slot(a.hash, fork);
    unsigned slot_b = hamt_slot(b.hash, fork);
    bool a_first = slot_a < slot_b;
    const Pair& first = a_first ? a : b;
    const Pair& second = a_first ? b : a;
    Word* node = new_node(fork, (hamt_pair_bit(slot_a) | hamt_pair_bit(slot_b)) + 2 * kHamtOnePair);
    Term* entries = entries_of(node);
    entries[0] = first.key;
    entries[1] = first.value;
    entries[2] = second.key;
    entries[3] = second.value;
    made = term_of(node, fork);
  }
  while (fork-- > level) {
    Word* node = new_node(fork, hamt_child_bit(hamt_slot(a.hash, fork)));
    entries_of(node)[0] = made;
    made = term_of(node, fork);
  }
  return made;
}

// The next five copy a node with one difference.

template <class Hash>
Term HamtBuild<Hash>::with_entry(const Word* node, unsigned level, unsigned index, Term entry) {
  const Term* old = hamt_entries(node);
  Word* copy = new_node(level, node[0]);
  detail::copy_terms(entries_of(copy), old, old + hamt_entry_words(node[0]));
  entries_of(copy)[index] = entry;
  return term_of(copy, level);
}

template <class Hash>
Term HamtBuild<Hash>::with_pair_at(const Word* node, unsigned level, unsigned index,
                                   const Pair& pair) {
  const Term* old = hamt_entries(node);
  Word* copy = new_node(level, node[0]);
  detail::copy_terms(entries_of(copy), old, old + hamt_entry_words(node[0]));
  entries_of(copy)[index] = pair.key;
  entries_of(copy)[index + 1] = pair.value;
  return term_of(copy, level);
}

template <class Hash>
Term HamtBuild<Hash>::with_pair(const Word* node, unsigned level, const Pair& pair) {
  Word bitmap = node[0];
  unsigned slot = hamt_slot(pair.hash, level);
  const Term* old = hamt_entries(node);
  const Term* place = old + hamt_pair_index(bitmap, slot);
  Word* copy = new_node(level, (bitmap | hamt_pair_bit(slot)) + kHamtOnePair);
  Term* to = detail::copy_terms(entries_of(copy), old, place);
  *to++ = pair.key;
  *to++ = pair.value;
  detail::copy_terms(to, place, old + hamt_entry_words(bitmap));
  return term_of(copy, level);
}

template <class Hash>
Term HamtBuild<Hash>::pair_to_child(const Word* node, unsigned level, unsigned slot, Term child) {
  Word bitmap = node[0];
  const Term* old = hamt_entries(node);
  const Term* pair = old + hamt_pair_index(bitmap, slot);
  const Term* place = old + hamt_child_index(bitmap, slot);
  Word* copy =
      new_node(level, (bitmap ^ hamt_pair_bit(slot) ^ hamt_child_bit(slot)) - kHamtOnePair);
  Term* to = detail::copy_terms(entries_of(copy), old, pair);
  to = detail::copy_terms(to, pair + 2, place);
  *to++ = child;
  detail::copy_terms(to, place, old + hamt_entry_words(bitmap));
  return term_of(copy, level);
}

template <class Hash>
Term HamtBuild<Hash>::child_to_pair(const Word* node, unsigned level, unsigned slot,
                                    const Slot& pair) {
  Word bitmap = node[0];
  const Term* old = hamt_entries(node);
  const Term* place = old + hamt_pair_index(bitmap, slot);
  const Term* child = old + hamt_child_index(bitmap, slot);
  Word* copy =
      new_node(level, (bitmap ^ hamt_pair_bit(slot) ^ hamt_child_bit(slot)) + kHamtOnePair);
  Term* to = detail::copy_terms(entries_of(copy), old, place);
  *to++ = pair.key;
  *to++ = pair.value;
  to = detail::copy_terms(to, place, child);
  detail::copy_terms(to, child + 1, old + hamt_entry_words(bitmap));
  return term_of(copy, level);
}

// --- from many pairs ---

// Spreads the pairs over the slots of `level` (stable, so that the last of equal keys stays
// last) from `pairs` to `spare`, then the two change roles one level down.
template <class Hash>
typename HamtBuild<Hash>::Built HamtBuild<Hash>::build(Pair* pairs, Pair* spare, size_t count,
                                                       unsigned level) {
  if (level == kHamtLevels) return build_colliding(pairs, count);
  if (level > 0 && count == 1) return {pair_slot(pairs[0].key, pairs[0].value), 1};
  size_t starts[kHamtSlots + 1] = {};
  for (size_t i = 0; i < count; ++i) ++starts[hamt_slot(pairs[i].hash, level) + 1];
  for (unsigned slot = 0; slot < kHamtSlots; ++slot) starts[slot + 1] += starts[slot];
  size_t ends[kHamtSlots];
  std::copy(starts, starts + kHamtSlots, ends);
  for (size_t i = 0; i < count; ++i) {
    spare[ends[hamt_slot(pairs[i].hash, level)]++] = pairs[i];
  }

  Draft draft;
  size_t size = 0;
  for (unsigned slot = 0; slot < kHamtSlots; ++slot) {
    size_t start = starts[slot];
    if (start == ends[slot]) continue;
    Built below = build(spare + start, pairs + start, ends[slot] - start, level + 1);
    draft.add(slot, below.slot);
    size += below.size;
  }
  if (level > 0 && draft.is_one_pair()) return {pair_slot(draft.pairs[0], draft.pairs[1]), 1};
  return {child_slot(node_from(level, draft)), size};
}

template <class Hash>
typename HamtBuild<Hash>::Built HamtBuild<Hash>::build_colliding(const Pair* pairs, size_t count) {
  std::vector<Pair> different;
  for (const Pair* pair = pairs; pair < pairs + count; ++pair) {
    auto same = std::find_if(different.begin(), different.end(), [pair](const Pair& other) {
      return exact_equal(other.key, pair->key);
    });
    if (same == different.end()) {
      different.push_back(*pair);
    } else {
      *same = *pair;
    }
  }
  size_t size = different.size();
  if (size == 1) return {pair_slot(different[0].key, different[0].value), 1};
  return {child_slot(collision_from(different)), size};
}

template <class Hash>
Term HamtBuild<Hash>::from_pairs(std::span<const Term> pairs) {
  size_t count = pairs.size() / 2;
  std::unique_ptr<Pair[]> work(new Pair[2 * count]);
  for (size_t i = 0; i < count; ++i) {
    work[i] = {Hash::of(pairs[2 * i]), pairs[2 * i], pairs[2 * i + 1]};
  }
  Built built = build(work.get(), work.get() + count, count, 0);
  return with_size(built.slot.value, built.size);
}

// --- from many pairs, in slices ---

template <class Hash>
HamtBuild<Hash>::Gradual::Gradual(Allocator& heap, size_t count)
    : build_(heap),
      pairs_(reinterpret_cast<Pair*>(allocate_block(pair_words(count))), Free{pair_words(count)}) {
  if (pairs_ == nullptr) fatal("out of memory: a map of %zu pairs", count);
}

template <class Hash>
bool HamtBuild<Hash>::Gradual::count_slots(Frame& frame, int64_t* budget) {
  for (; frame.next < frame.count; ++frame.next) {
    if (--*budget < 0) return false;
    ++frame.starts[hamt_slot(frame.pairs[frame.next].hash, frame.level) + 1];
  }
  for (unsigned slot = 0; slot < kHamtSlots; ++slot) frame.starts[slot + 1] += frame.starts[slot];
  std::copy(frame.starts, frame.starts + kHamtSlots, frame.ends);
  return true;
}

template <class Hash>
bool HamtBuild<Hash>::Gradual::spread(Frame& frame, int64_t* budget) {
  constexpr int64_t kStepsPerPair = 2;
  for (; frame.next < frame.count; ++frame.next) {
    if ((*budget -= kStepsPerPair) < 0) return false;
    const Pair& pair = frame.pairs[frame.next];
    frame.spare[frame.ends[hamt_slot(pair.hash, frame.level)]++] = pair;
  }
  return true;
}

// False, too, where a level below needs a frame of its own.
template <class Hash>
bool HamtBuild<Hash>::Gradual::build_below(Frame& frame, int64_t* budget) {
  constexpr size_t kAtOnce = 500;
  constexpr int64_t kStepsPerPair = 8;
  for (; frame.next < kHamtSlots; ++frame.next) {
    const size_t start = frame.starts[frame.next];
    const size_t count = frame.ends[frame.next] - start;
    if (count == 0) continue;
    if (*budget < 0) return false;
    Pair* pairs = frame.spare + start;
    Pair* spare = frame.pairs + start;
    if (count > kAtOnce && frame.level + 1 < kHamtLevels) {
      push(pairs, spare, count, frame.level + 1);
      return false;
    }
    *budget -= kStepsPerPair * static_cast<int64_t>(count);
    const Built below = build_.build(pairs, spare, count, frame.level + 1);
    frame.draft.add(static_cast<unsigned>(frame.next), below.slot);
    frame.size += below.size;
  }
  return true;
}

// The node of the innermost frame, which is complete, becomes a slot of the one around it.
template <class Hash>
void HamtBuild<Hash>::Gradual::finish_frame() {
  const Frame& frame = *frames_.back();
  const Draft& draft = frame.draft;
  if (frame.level > 0 && draft.is_one_pair()) {
    built_ = {pair_slot(draft.pairs[0], draft.pairs[1]), 1};
  } else {
    built_ = {child_slot(build_.node_from(frame.level, draft)), frame.size};
  }
  frames_.pop_back();
  if (frames_.empty()) return;
  Frame& outer = *frames_.back();
  outer.draft.add(static_cast<unsigned>(outer.next++), built_.slot);
  outer.size += built_.size;
}

template <class Hash>
Progress HamtBuild<Hash>::Gradual::run(int64_t* budget) {
  if (!begun_) {
    begun_ = true;
    push(pairs_.get(), pairs_.get() + added_, added_, 0);
  }
  while (!frames_.empty()) {
    if (*budget <= 0) return Progress::kPaused;
    Frame& frame = *frames_.back();
    switch (frame.phase) {
      case Phase::kCount:
        if (!count_slots(frame, budget)) break;
        frame.next = 0;
        frame.phase = Phase::kSpread;
        break;
      case Phase::kSpread:
        if (!spread(frame, budget)) break;
        frame.next = 0;
        frame.phase = Phase::kBelow;
        break;
      case Phase::kBelow:
        if (build_below(frame, budget)) finish_frame();
        break;
    }
  }
  return Progress::kDone;
}

// --- one pair ---

// OTP 25 takes 0.0 and -0.0 for one key, and tells them apart when it shows it.
template <class Hash>
bool HamtBuild<Hash>::stays(Term key, Term value, const Pair& pair, Mode mode) {
  return value == pair.value && (mode != Mode::kMerge || key == pair.key);
}

template <class Hash>
typename HamtBuild<Hash>::Change HamtBuild<Hash>::put_colliding(const Word* node, const Pair& pair,
                                                                Mode mode) {
  const Term* entries = hamt_entries(node);
  size_t count = hamt_collision_pairs(node);
  std::vector<Pair> pairs;
  bool added = true;
  for (size_t i = 0; i < count; ++i) {
    pairs.push_back({pair.hash, entries[2 * i], entries[2 * i + 1]});
    if (!exact_equal(pairs[i].key, pair.key)) continue;
    if (stays(pairs[i].key, pairs[i].value, pair, mode)) return {Term::boxed(node - 1), false};
    pairs[i] = pair;
    added = false;
  }
  if (added && mode == Mode::kReplace) return {Term::none(), false};
  if (added) pairs.push_back(pair);
  return {collision_from(pairs), added};
}

// Puts `pair` into its slot of a bitmap node in which that slot has no child.
template <class Hash>
typename HamtBuild<Hash>::Change HamtBuild<Hash>::put_in_node(const Word* node, unsigned level,
                                                              const Pair& pair, Mode mode) {
  Word bitmap = node[0];
  unsigned slot = hamt_slot(pair.hash, level);
  if ((bitmap & hamt_pair_bit(slot)) == 0) {
    if (mode == Mode::kReplace) return {Term::none(), false};
    return {with_pair(node, level, pair), true};
  }
  unsigned index = hamt_pair_index(bitmap, slot);
  Term key = hamt_entries(node)[index];
  Term value = hamt_entries(node)[index + 1];
  if (exact_equal(key, pair.key)) {
    if (stays(key, value, pair, mode)) return {term_of(node, level), false};
    return {with_pair_at(node, level, index, pair), false};
  }
  if (mode == Mode::kReplace) return {Term::none(), false};
  Term child = join(level + 1, {Hash::of(key), key, value}, pair);
  return {pair_to_child(node, level, slot, child), true};
}

template <class Hash>
typename HamtBuild<Hash>::Change HamtBuild<Hash>::put_below(Term top, unsigned top_level,
                                                            const Pair& pair, Mode mode) {
  Step path[kHamtLevels];
  const Word* node = node_at(top, top_level);
  unsigned level = top_level;
  for (; level < kHamtLevels; ++level) {
    unsigned slot = hamt_slot(pair.hash, level);
    if ((node[0] & hamt_child_bit(slot)) == 0) break;
    unsigned child = hamt_child_index(node[0], slot);
    path[level] = {node, child};
    node = hamt_node(hamt_entries(node)[child]);
  }
  Change change =
      level == kHamtLevels ? put_colliding(node, pair, mode) : put_in_node(node, level, pair, mode);
  if (change.node.is_none()) return change;
  if (change.node == term_of(node, level)) return {top, false};
  while (level-- > top_level) {
    change.node = with_entry(path[level].node, level, path[level].child, change.node);
  }
  return change;
}

template <class Hash>
Term HamtBuild<Hash>::put_in_map(Term map, Term key, Term value, Mode mode) {
  Change change = put_below(map, 0, {Hash::of(key), key, value}, mode);
  if (change.node.is_none() || change.node == map) return change.node;
  return with_size(change.node, map_size(map) + (change.added ? 1 : 0));
}

template <class Hash>
Term HamtBuild<Hash>::put(Term map, Term key, Term value) {
  return put_in_map(map, key, value, Mode::kAny);
}

template <class Hash>
Term HamtBuild<Hash>::update(Term map, Term key, Term value) {
  return put_in_map(map, key, value, Mode::kReplace);
}

// --- remove ---

// What is left of a node without the pair in `slot`.
template <class Hash>
typename HamtBuild<Hash>::Slot HamtBuild<Hash>::without_pair(const Word* node, unsigned level,
                                                             unsigned slot) {
  Word bitmap = node[0];
  const Term* old = hamt_entries(node);
  unsigned index = hamt_pair_index(bitmap, slot);
  if (level > 0 && hamt_entry_words(bitmap) == 4 && hamt_pair_count(bitmap) == 2) {
    return pair_slot(old[2 - index], old[3 - index]);
  }
  Word* copy = new_node(level, (bitmap ^ hamt_pair_bit(slot)) - kHamtOnePair);
  Term* to = detail::copy_terms(entries_of(copy), old, old + index);
  detail::copy_terms(to, old + index + 2, old + hamt_entry_words(bitmap));
  return child_slot(term_of(copy, level));
}

template <class Hash>
typename HamtBuild<Hash>::Slot HamtBuild<Hash>::without_colliding(const Word* node,
                                                                  const Term* pair) {
  const Term* old = hamt_entries(node);
  size_t count = hamt_collision_pairs(node) - 1;
  size_t index = static_cast<size_t>(pair - old);
  if (count == 1) return pair_slot(old[2 - index], old[3 - index]);
  Word* copy = heap_.alloc(2 + 2 * count) + 1;
  copy[-1] = make_header(Boxed::kCollisionNode, 1 + 2 * count);
  copy[0] = node[0];
  Term* to = detail::copy_terms(entries_of(copy), old, pair);
  detail::copy_terms(to, pair + 2, old + 2 * count + 2);
  return child_slot(Term::boxed(copy - 1));
}

template <class Hash>
Term HamtBuild<Hash>::remove(Term map, Term key) {
  uint32_t hash = Hash::of(key);
  const Term* value = hamt_find(map, key, hash);
  if (value == nullptr) return map;
  Step path[kHamtLevels];
  const Word* node = hamt_root(map);
  unsigned level = 0;
  for (; level < kHamtLevels; ++level) {
    unsigned slot = hamt_slot(hash, level);
    if ((node[0] & hamt_child_bit(slot)) == 0) break;
    unsigned child = hamt_child_index(node[0], slot);
    path[level] = {node, child};
    node = hamt_node(hamt_entries(node)[child]);
  }
  Slot left = level == kHamtLevels ? without_colliding(node, value - 1)
                                   : without_pair(node, level, hamt_slot(hash, level));
  while (level-- > 0) {
    const Step& step = path[level];
    if (left.kind == Slot::kChild) {
      left.value = with_entry(step.node, level, step.child, left.value);
    } else if (level == 0 || hamt_entry_words(step.node[0]) > 1) {
      left = child_slot(child_to_pair(step.node, level, hamt_slot(hash, level), left));
    }
  }
  return with_size(left.value, map_size(map) - 1);
}

// --- merge ---

template <class Hash>
Term HamtBuild<Hash>::merge_colliding(Term a, Term b, size_t* shared) {
  std::vector<Pair> pairs;
  for (Term node : {a, b}) {
    const Term* entries = hamt_entries(hamt_node(node));
    uint32_t hash = static_cast<uint32_t>(hamt_node(node)[0]);
    for (size_t i = 0; i < hamt_collision_pairs(hamt_node(node)); ++i) {
      pairs.push_back({hash, entries[2 * i], entries[2 * i + 1]});
    }
  }
  size_t count = pairs.size();
  Built built = build_colliding(pairs.data(), count);
  *shared += count - built.size;
  return built.slot.value;
}

template <class Hash>
typename HamtBuild<Hash>::Slot HamtBuild<Hash>::merge_slots(const Slot& a, const Slot& b,
                                                            unsigned level, size_t* shared) {
  if (a.kind == Slot::kEmpty) return b;
  if (b.kind == Slot::kEmpty) return a;
  if (a.kind == Slot::kChild && b.kind == Slot::kChild) {
    return child_slot(merge_nodes(a.value, b.value, level, shared));
  }
  if (a.kind == Slot::kChild) {
    Pair pair = {Hash::of(b.key), b.key, b.value};
    Change change = put_below(a.value, level, pair, Mode::kMerge);
    if (!change.added) ++*shared;
    return child_slot(change.node);
  }
  Pair pair = {Hash::of(a.key), a.key, a.value};
  bool in_both = b.kind == Slot::kPair
                     ? exact_equal(a.key, b.key)
                     : hamt_find_below(hamt_node(b.value), level, a.key, pair.hash) != nullptr;
  if (in_both) {
    ++*shared;
    return b;
  }
  if (b.kind == Slot::kPair) {
    return child_slot(join(level, pair, {Hash::of(b.key), b.key, b.value}));
  }
  return child_slot(put_below(b.value, level, pair, Mode::kAny).node);
}

template <class Hash>
Term HamtBuild<Hash>::merge_nodes(Term a, Term b, unsigned level, size_t* shared) {
  if (a == b) {
    *shared += count_pairs(node_at(a, level), level);
    return b;
  }
  if (level == kHamtLevels) return merge_colliding(a, b, shared);
  const Word* node_a = node_at(a, level);
  const Word* node_b = node_at(b, level);
  Draft draft;
  for (unsigned slot = 0; slot < kHamtSlots; ++slot) {
    Slot content = merge_slots(slot_of(node_a, slot), slot_of(node_b, slot), level + 1, shared);
    draft.add(slot, content);
  }
  if (draft.equals(node_a)) return a;
  if (draft.equals(node_b)) return b;
  return node_from(level, draft);
}

template <class Hash>
Term HamtBuild<Hash>::merge(Term a, Term b) {
  size_t shared = 0;
  Term merged = merge_nodes(a, b, 0, &shared);
  if (merged == a || merged == b) return merged;
  return with_size(merged, map_size(a) + map_size(b) - shared);
}

}  // namespace joist
