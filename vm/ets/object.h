// A row of a table: one malloc'd block with its tuple packed behind a small head.
//
//   | next | hash, flags | words | off-heap list | tuple header | element... | what they lead to |
//
// Rows belong to exactly one table, or to the native that has just made them. What guards their
// fields is the lock of the stripe or leaf they are in; the tuple of a row changes only while that
// is held exclusively.
//
// A row that is too large to be copied under a lock is pinned under it, and copied afterwards:
// what would change it makes a new row meanwhile, and the last pin frees it if it has left its
// table by then.
#pragma once

#include <atomic>
#include <vector>

#include "vm/ets/compressed.h"
#include "vm/heap/copy.h"
#include "vm/heap/packed.h"

namespace joist {

enum class RowForm : uint8_t {
  kPacked,
  kFlat,        // all elements are immediates
  kCompressed,  // see compressed.h
};

struct EtsObject {
  EtsObject* next;  // in the bucket of a hash table
  uint32_t hash;    // of its key; hash tables only
  bool dead;        // deleted while the table was fixed: only traversals see it
  RowForm form;
  std::atomic<uint16_t> pins;
  size_t count;  // words of the packed tuple
  OffHeap* off_heap;
  Word words[];

  // Too large to be copied while others wait for the lock.
  bool is_large() const { return count > kLargeTermWords; }
  // Under the lock: it must stay as it is.
  bool is_pinned() const { return pins.load(std::memory_order_acquire) != 0; }
  // As it lies here: of a compressed row only the key and the immediates are to be looked at.
  Term stored_tuple() const { return Term::boxed(words); }
  // The tuple to look at, made in `scratch` if need be.
  Term tuple(Allocator& scratch) const {
    return form == RowForm::kCompressed ? expanded_tuple(stored_tuple(), scratch) : stored_tuple();
  }
  size_t arity() const { return header_words(words[0]); }
  Term element(size_t position) const { return Term::from_bits(words[position]); }  // from 1
  // Any process may have it.
  Term copy(Allocator& to) const {
    if (form == RowForm::kCompressed) return expanded_tuple(stored_tuple(), to);
    if (form == RowForm::kPacked) {
      return unpack_term_slow(to, stored_tuple(), words, count, off_heap != nullptr);
    }
    Word* target = to.alloc(count);
    for (size_t i = 0; i < count; ++i) target[i] = words[i];
    return Term::boxed(target);
  }
  Term copy_element(size_t position, Allocator& to) const {
    return form == RowForm::kCompressed ? expanded_element(element(position), to)
                                        : copy_term(to, element(position), nullptr);
  }
};

// A row for `tuple`, not in any table yet. hash is 0. `compressed_key`: of a compressed
// table, where the key is; 0: it is none. null: the tuple takes more than so many words.
EtsObject* new_object(Term tuple, size_t compressed_key = 0, size_t most_words = SIZE_MAX);
// A pinned one goes with its last pin.
void free_object(EtsObject* object);

bool same_tuple(const EtsObject& object, Term tuple);

// Pins rows as long as it lives.
class PinnedRows {
 public:
  PinnedRows() = default;
  ~PinnedRows();
  PinnedRows(const PinnedRows&) = delete;
  PinnedRows& operator=(const PinnedRows&) = delete;
  // Under the row's lock.
  void add(EtsObject& row);
  const std::vector<EtsObject*>& rows() const { return rows_; }

 private:
  std::vector<EtsObject*> rows_;
};

// What ets:info(Tab, memory) counts for an object of a hash table or of an ordered one.
inline constexpr size_t kHashObjectWords = 4;
inline constexpr size_t kOrderedObjectWords = 5;

}  // namespace joist
