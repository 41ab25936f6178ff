// Sets and bags: hash tables by linear hashing, cut into stripes with a lock each.
//
//   hash   | bucket's number in the stripe ... | stripe |
//
//   stripe: lock | count of buckets n | segments -> | 8 | 8 | 16 | 32 | ... buckets
//
//   bucket -> row -> row -> row        rows of one key are next to each other
//
// A stripe grows and shrinks by itself, a bucket at a time: bucket n is split off the one whose
// number it has without its highest bit. So a stripe never stops for a rehash, and what one key
// needs is all under one lock.
//
// Newest row of a key first: adding to a duplicate_bag costs the same however many there are. A
// list built while walking has the oldest first.
//
// While the table is fixed (fix_count > 0) buckets stay as they are, and rows that are deleted are
// only marked dead, so that a traversal by key goes on from them.
#pragma once

#include <memory>
#include <vector>

#include "vm/ets/lock.h"
#include "vm/ets/store.h"

namespace joist {

class HashStore final : public EtsStore {
 public:
  HashStore(EtsType type, size_t key_position, unsigned stripe_bits,
            const std::atomic<uint32_t>& fix_count);
  ~HashStore() override;

  StoreAnswer lookup(Term key, StoreGate gate, Allocator& heap, Term* rows,
                     PinnedRows* pins) override;
  StoreAnswer member(Term key, StoreGate gate) override;
  StoreAnswer element(Term key, size_t position, StoreGate gate, Allocator& heap, Term* value,
                      PinnedRows* pins) override;
  StoreAnswer insert(EtsObject* row, bool only_new, StoreGate gate) override;
  StoreAnswer insert_all(std::span<EtsObject* const> rows, bool only_new, StoreGate gate) override;
  StoreAnswer erase(Term key, StoreGate gate, Allocator& heap, Term* taken,
                    PinnedRows* pins) override;
  StoreAnswer erase_object(Term tuple, StoreGate gate) override;
  StoreAnswer update(Term key, StoreGate gate, RowUpdater& updater) override;
  StoreAnswer step(KeyStep step, Term key, bool with_rows, StoreGate gate, Allocator& heap,
                   Term* result) override;
  StoreAnswer slot(size_t number, StoreGate gate, Allocator& heap, Term* rows) override;
  StoreAnswer visit_key(Term key, bool exclusive, StoreGate gate, RowVisitor& visitor) override;
  void pass_through() override;
  bool has_long_users() const override;
  bool clear(int64_t* budget) override;
  size_t size() const override;
  size_t words() const override;

  // Visits the rows of bucket *position and those behind it, whole buckets, until the visitor has
  // enough or the gate's user gives up (kOk, *position is where to go on) or all are visited
  // (kEnd).
  StoreAnswer scan(uint64_t* position, bool exclusive, StoreGate gate, RowVisitor& visitor);
  // Buries the dead, when the table is not fixed any more. False: the budget, in rows looked at, is
  // used up, and there may be more.
  bool sweep(int64_t* budget);
  // How many would be buried, about.
  size_t dead_rows() const;

  struct Statistics {
    size_t buckets;
    size_t objects;
    double average_chain;
    double deviation;
    double expected_deviation;
    size_t shortest_chain;
    size_t longest_chain;
    size_t kept_dead;
    size_t locks;
  };
  Statistics statistics();

 private:
  struct Stripe;
  struct Place;

  Stripe& stripe_of(uint32_t hash);
  // False: the user has given up, and has none.
  bool lock_all(LockUser user);
  void unlock_all(LockUser user, size_t count);
  Term key_of(const EtsObject* row) const { return row->element(key_position_); }
  bool is_bag() const { return type_ == EtsType::kBag || type_ == EtsType::kDuplicateBag; }
  bool is_fixed() const { return fix_count_.load(std::memory_order_acquire) != 0; }
  bool same_key(const EtsObject* row, Term key, uint32_t hash) const;

  // All of these need the stripe's lock.
  EtsObject** bucket(Stripe& stripe, size_t number) const;
  EtsObject** bucket_of(Stripe& stripe, uint32_t hash) const;
  size_t bucket_number(const Stripe& stripe, uint32_t hash) const;
  // The link to the first row of the key, dead or not; the end of the chain: none.
  EtsObject** find(Stripe& stripe, Term key, uint32_t hash) const;
  // The first living row of the key; null: none.
  EtsObject* find_living(Stripe& stripe, Term key, uint32_t hash) const;
  Term copy_rows(EtsObject* row, Term key, uint32_t hash, Allocator& heap) const;
  bool has_large(const EtsObject* row, Term key, uint32_t hash) const;
  // kLarge: there are no pins.
  StoreAnswer pin_rows(EtsObject* row, Term key, uint32_t hash, PinnedRows* pins) const;
  StoreAnswer copy_or_pin(EtsObject* row, Term key, uint32_t hash, Allocator& heap, Term* rows,
                          PinnedRows* pins) const;
  StoreAnswer put(Stripe& stripe, EtsObject* row, bool only_new);
  void add(Stripe& stripe, EtsObject** link, EtsObject* row);
  void replace(Stripe& stripe, EtsObject** link, EtsObject* row);
  // Takes the row at `link` out, or marks it. Returns the link to the row that comes next.
  EtsObject** remove(Stripe& stripe, EtsObject** link);
  void grow(Stripe& stripe);
  void shrink(Stripe& stripe);
  void count(Stripe& stripe, ptrdiff_t rows, ptrdiff_t words);
  // Returns the link to the row that comes next.
  EtsObject** visit_row(Stripe& stripe, EtsObject** link, RowVisitor& visitor);
  void bury(Stripe& stripe, size_t number);
  void prefetch(Stripe& stripe, size_t number) const;
  void visit_chain(Stripe& stripe, EtsObject** link, RowVisitor& visitor);

  const EtsType type_;
  const size_t key_position_;
  const unsigned stripe_bits_;
  const size_t stripe_count_;
  const std::atomic<uint32_t>& fix_count_;
  std::unique_ptr<Stripe[]> stripes_;
};

}  // namespace joist
