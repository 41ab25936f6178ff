// A table: who owns it and may use it, how it is fixed, who inherits it, and its rows.
//
// A table is the object of a magic reference, its identifier: it lives as long as anyone holds
// that, but is empty and refuses everything from the moment it is deleted. EtsTables holds one
// reference until the rows are gone.
//
// Guards: `rights`, `owner`, `fix_count` and `name` are atomic. Rights are changed by
// EtsTables::set_rights, which waits for whoever is still inside. The rest has a mutex where it
// can change at all.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "vm/base/sync.h"
#include "vm/ets/hash_store.h"
#include "vm/ets/ordered_store.h"
#include "vm/term/atom.h"

namespace joist {

enum class EtsProtection : uint8_t { kPrivate, kProtected, kPublic };
enum class EtsWriteConcurrency : uint8_t { kOff, kOn, kAuto, kFixedLocks };

struct EtsOptions {
  EtsType type = EtsType::kSet;
  EtsProtection protection = EtsProtection::kProtected;
  EtsWriteConcurrency write_concurrency = EtsWriteConcurrency::kOff;
  uint64_t fixed_locks = 0;  // kFixedLocks: how many were asked for
  bool named = false;
  bool read_concurrency = false;
  bool decentralized_counters = false;
  bool compressed = false;
  size_t key_position = 1;
};

class EtsTable {
 public:
  EtsTable(Term name, const EtsOptions& options, Term owner, const RefNumbers& numbers);
  ~EtsTable();
  EtsTable(const EtsTable&) = delete;
  EtsTable& operator=(const EtsTable&) = delete;

  // The table that a term identifies; null: it is no table identifier.
  static EtsTable* of_reference(Term term);
  // A new table with one reference.
  static EtsTable* create(Term name, const EtsOptions& options, Term owner,
                          const RefNumbers& numbers);
  Term make_reference(Allocator& heap);
  void retain() { binary_->retain(); }
  void release() { binary_->release(); }

  EtsStore& store() { return hash_ != nullptr ? static_cast<EtsStore&>(*hash_) : *ordered_; }
  HashStore* hash() { return hash_.get(); }
  OrderedStore* ordered() { return ordered_.get(); }

  const EtsOptions options;
  std::atomic<Word> name;   // an atom
  std::atomic<Word> owner;  // a local pid
  std::atomic<uint32_t> rights;
  std::atomic<uint32_t> fix_count{0};

  bool is_owned_by(Term pid) const { return owner.load(std::memory_order_acquire) == pid.bits(); }
  Term name_term() const { return Term::from_bits(name.load(std::memory_order_acquire)); }
  Term owner_term() const { return Term::from_bits(owner.load(std::memory_order_acquire)); }
  static uint32_t rights_for(EtsProtection protection);
  // As the rows of this table are.
  EtsObject* make_row(Term tuple, size_t most_words = SIZE_MAX) const {
    return new_object(tuple, options.compressed ? options.key_position : 0, most_words);
  }
  bool is_bag() const {
    return options.type == EtsType::kBag || options.type == EtsType::kDuplicateBag;
  }

  struct Fixer {
    Term pid;
    uint32_t count;
  };
  struct Heir {
    Term pid = atoms::none;
    uint64_t birth = 0;  // another process may have the pid one day (ProcessTable::birth)
    std::optional<PackedTerm> data;  // none: it gets no message
  };
  // A long operation in steps. While there is one, rights are kBusy, and whoever is refused for
  // that helps it along.
  struct Pending {
    std::vector<EtsObject*> rows;  // to insert; empty: all rows are to go
    uint64_t next = 0;             // of the rows; or the position in a scan
    bool keeps_dead = false;       // the table is fixed: who walks it goes on from dead rows
    uint32_t rights_afterwards = 0;
  };

  Mutex mutex;
  std::vector<Fixer> fixers JOIST_GUARDED_BY(mutex);
  int64_t fixed_monotonic JOIST_GUARDED_BY(mutex) = 0;  // since when, native units
  int64_t fixed_offset JOIST_GUARDED_BY(mutex) = 0;     // of the time then
  Heir heir JOIST_GUARDED_BY(mutex);
  Mutex pending_mutex;
  std::unique_ptr<Pending> pending JOIST_GUARDED_BY(pending_mutex);

  const RefNumbers& numbers() const { return numbers_; }

 private:
  static void destroy(Binary* binary);

  const RefNumbers numbers_;
  Binary* binary_ = nullptr;
  std::unique_ptr<HashStore> hash_;
  std::unique_ptr<OrderedStore> ordered_;
};

}  // namespace joist
