// What a table's rows are kept in: hash_store.h (set, bag, duplicate_bag) or ordered_store.h.
//
// All operations are safe from any thread. Each takes the lock of what it touches, then asks
// `gate` whether the caller may go on: rights are withdrawn (deletion, a long insert) by changing
// them and then passing through every lock once, so that nobody is inside with the old answer.
#pragma once

#include <span>

#include "vm/ets/lock.h"
#include "vm/ets/object.h"

namespace joist {

enum class EtsType : uint8_t { kSet, kOrderedSet, kBag, kDuplicateBag };

enum class StoreAnswer : uint8_t {
  kOk,
  kNoKey,     // nothing of that key (next, element: no object either)
  kExists,    // insert_new: there is one
  kPosition,  // the row has no such element
  kEnd,       // no (more) rows
  kRefused,   // the gate was closed, or a lock is held by one who takes long
  kLarge,     // the rows are too large to be copied under a lock, and there are no `pins`
};

// Bits of EtsTable::rights.
namespace ets_rights {
inline constexpr uint32_t kOthersRead = 1;
inline constexpr uint32_t kOthersWrite = 2;
inline constexpr uint32_t kOwner = 4;  // the owner may do anything
inline constexpr uint32_t kBusy = 8;   // a long operation is under way, see `pending`
inline constexpr uint32_t kDeleted = 16;
// How often it was renamed, while it is neither busy nor deleted: one who has found it by a name
// that it has lost since comes too late.
inline constexpr uint32_t kRenaming = uint32_t{1} << 16;
inline constexpr uint32_t kRenamings = ~(kRenaming - 1);
}  // namespace ets_rights

// Whether an operation may go on, asked under the lock.
class StoreGate {
 public:
  // `user`: how locks are taken. One that gives up is refused.
  StoreGate(const std::atomic<uint32_t>& rights, uint32_t needed, LockUser user = {})
      : rights_(rights), needed_(needed), kind_(user.kind), slot_(user.slot) {}
  LockUser user() const { return {kind_, slot_}; }
  // Of one who has found the table by its name: closed from the next renaming on.
  void close_when_renamed(uint32_t renamings) {
    renamings_ = renamings;
    renamings_mask_ = ets_rights::kRenamings;
  }
  bool open() const {
    // Sequential for those who take long: see RwSpinLock::has_long_users.
    const uint32_t rights = rights_.load(std::memory_order_seq_cst);
    return (rights & needed_) != 0 && ((rights ^ renamings_) & renamings_mask_) == 0;
  }

 private:
  const std::atomic<uint32_t>& rights_;
  uint32_t needed_;
  uint32_t renamings_ = 0;
  uint32_t renamings_mask_ = 0;
  LockUser::Kind kind_;
  ReaderSlot* slot_;
};

// What becomes of a row that was visited.
enum class RowAction : uint8_t { kKeep, kDelete, kReplace };

// Meets rows one by one, under the lock of where they are.
class RowVisitor {
 public:
  // kReplace: *replacement is the new row, of the same key.
  virtual RowAction visit(EtsObject& row, EtsObject** replacement) = 0;
  // Asked between buckets or rows: whether to go on.
  virtual bool wants_more() = 0;
  // Whether it meets dead rows, too.
  virtual bool sees_dead() const { return false; }

 protected:
  ~RowVisitor() = default;
};

// Changes the one row of a key, under the lock held exclusively.
class RowUpdater {
 public:
  // Returns the row itself, a new one that takes its place, or null: nothing has changed.
  virtual EtsObject* update(EtsObject& row) = 0;
  // The row to update where there is none of that key; null: kNoKey.
  virtual EtsObject* make_initial() { return nullptr; }

 protected:
  ~RowUpdater() = default;
};

// The last two show dead rows, too.
enum class KeyStep : uint8_t { kFirst, kLast, kNext, kPrevious, kFirstOfAll, kNextOfAll };
inline bool shows_dead(KeyStep step) { return step >= KeyStep::kFirstOfAll; }
inline bool starts_anew(KeyStep step) {
  return step == KeyStep::kFirst || step == KeyStep::kLast || step == KeyStep::kFirstOfAll;
}

class EtsStore {
 public:
  virtual ~EtsStore() = default;

  // `pins`: on a dirty thread, takes all rows of the key where one is large, instead of copies.
  // *rows: the list of copies of the rows.
  virtual StoreAnswer lookup(Term key, StoreGate gate, Allocator& heap, Term* rows,
                             PinnedRows* pins = nullptr) = 0;
  virtual StoreAnswer member(Term key, StoreGate gate) = 0;
  // Copies of the elements: a list for bags.
  virtual StoreAnswer element(Term key, size_t position, StoreGate gate, Allocator& heap,
                              Term* value, PinnedRows* pins = nullptr) = 0;
  // Takes the row over where the answer is kOk; otherwise the caller frees it.
  virtual StoreAnswer insert(EtsObject* row, bool only_new, StoreGate gate) = 0;
  // All or nothing, as one step. Rows of one key keep their order.
  virtual StoreAnswer insert_all(std::span<EtsObject* const> rows, bool only_new,
                                 StoreGate gate) = 0;
  // Deletes the rows of a key; `taken`: as a list of copies, or null.
  virtual StoreAnswer erase(Term key, StoreGate gate, Allocator& heap, Term* taken,
                            PinnedRows* pins = nullptr) = 0;
  // Deletes the rows that equal the tuple.
  virtual StoreAnswer erase_object(Term tuple, StoreGate gate) = 0;
  // Sets only. What the updater makes of an initial row is added unless it is null.
  virtual StoreAnswer update(Term key, StoreGate gate, RowUpdater& updater) = 0;
  // Walks the keys. `with_rows`: *result is {Key, Rows}.
  virtual StoreAnswer step(KeyStep step, Term key, bool with_rows, StoreGate gate, Allocator& heap,
                           Term* result) = 0;
  // The list of copies of the rows of a slot; kEnd one behind the last, kPosition beyond.
  virtual StoreAnswer slot(size_t number, StoreGate gate, Allocator& heap, Term* rows) = 0;

  // Visits the rows of one key.
  virtual StoreAnswer visit_key(Term key, bool exclusive, StoreGate gate, RowVisitor& visitor) = 0;

  // Waits for all that are inside.
  virtual void pass_through() = 0;
  // Whether somebody is inside, or about to be, who takes long.
  virtual bool has_long_users() const = 0;
  // Frees rows until the table is empty (true), `budget` is used up or somebody is inside who takes
  // long. The gate is closed.
  virtual bool clear(int64_t* budget) = 0;

  virtual size_t size() const = 0;
  virtual size_t words() const = 0;  // all memory, as ets:info(Tab, memory) has it
};

}  // namespace joist
