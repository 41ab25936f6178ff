// The second pass of decoding: builds the term that the first pass (etf_check.h) has measured.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "vm/codec/etf_check.h"
#include "vm/heap/map_build.h"

namespace joist::etf {

// The second pass. The term is built in one block that the first pass has measured; a stack
// holds, for each compound term in progress, the places of its elements that are still to come.
// The last place of a compound leaves the stack before its term is read, so long chains through
// tails need no stack.
class Decoder {
 public:
  Decoder(ByteSpan bytes, Allocator& heap, const DecodeOptions& options, bool local)
      : p_(bytes.data()),
        heap_(heap),
        options_(options),
        this_node_(node_or_default(options.this_node)),
        local_(local) {}
  // What was not finished leaves no reference behind.
  ~Decoder();

  void start(const Extent& extent);
  Progress run(int64_t* budget);
  Term result() const { return Term::from_bits(result_); }

 private:
  // Places `slot`, then slot + steps[0], then that + steps[1], and so on in turn.
  struct Frame {
    Word* slot;
    size_t left;
    int32_t step, other_step;
  };
  // A map whose keys and values are all decoded once the block is complete. `pairs` is null for
  // flat maps, whose object `place` is; else `place` is the slot for the hash map.
  struct PendingMap {
    Word* place;
    Word* pairs;
    size_t count;
  };

  Progress decode_all();
  // Large binaries get their bytes at the end.
  Progress copy_bytes();
  void finish_block();
  // Reads the term at p_ into *slot. For a compound term it pushes the places of the elements,
  // and the first of them is next.
  bool decode_one(Word* slot);

  bool decode_big(Word* slot, size_t count);
  bool decode_float_text(Word* slot);
  bool decode_bit_binary(Word* slot);
  void decode_bits(Word* slot, size_t count, unsigned last_bits);
  bool decode_list(Word* slot);
  void decode_string(Word* slot);
  bool decode_tuple(Word* slot, size_t count);
  void decode_map(Word* slot);
  bool decode_fun(Word* slot);
  bool decode_export(Word* slot);
  bool decode_record(Word* slot);
  bool decode_pid(Word* slot, uint8_t tag);
  bool decode_port(Word* slot, uint8_t tag);
  bool decode_reference(Word* slot, uint8_t tag);
  bool decode_atom(Word* slot);
  bool atom_from(ByteSpan name, bool utf8, Word* slot);
  // Name and, behind `skip` bytes, creation: p_ is left behind the name. False: no such node.
  bool decode_node(size_t skip, bool tiny_creation, const Node** node);
  uint32_t small_integer();

  Progress build_maps();
  Progress build_hash_map(const PendingMap& map);
  static bool sort_flat_map(const PendingMap& map);
  void abandon_maps(size_t count);
  void release_block();

  void push(Word* slot, size_t left, int32_t step, int32_t other_step) {
    if (left != 0) stack_.push_back({slot, left, step, other_step});
  }
  struct PendingCopy {
    uint8_t* to;
    const uint8_t* from;
    size_t left;
    uint8_t last_mask;  // for the last byte
  };
  static void put(Word* slot, Term term) { *slot = term.bits(); }

  const uint8_t* p_;
  Allocator& heap_;
  const DecodeOptions& options_;
  const Node* this_node_;
  bool local_;
  Allocator block_;
  std::vector<Frame> stack_;
  std::vector<PendingMap> maps_;
  size_t maps_left_ = SIZE_MAX;     // to be built, once there is nothing else to do
  std::optional<GradualMap> trie_;  // the one at hand
  size_t trie_pairs_ = 0;           // those that it has been given
  std::unique_ptr<Word[]> pairs_;
  Word* next_pairs_ = nullptr;
  std::vector<PendingCopy> copies_;
  int64_t left_ = 0;  // of the budget
  Word result_ = Term::nil().bits();
  Word* slot_ = &result_;  // where the next term goes; null: all are there
  Word* words_ = nullptr;  // the block
  size_t word_count_ = 0;
};

}  // namespace joist::etf
