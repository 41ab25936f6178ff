// Of a hash table: walks over many rows, and counts.
#include <algorithm>
#include <cmath>
#include <cstddef>

#include "vm/ets/hash_stripe.h"
#include "vm/ets/key.h"

namespace joist {

namespace {

// Of an empty table, with OTP's 256 buckets.
constexpr size_t kEmptyTableWords = 305;
constexpr size_t kEmptyTableBuckets = 256;

// Rows lie anywhere in memory: a scan asks for them this many buckets ahead.
constexpr size_t kBucketsAhead = 12;

// About a tenth of a millisecond.
constexpr size_t kBuriedAtOnce = 500;
constexpr int64_t kRowsPerBurial = 3;  // freeing a row takes as long as looking at so many

// Work that one unit of clear()'s budget pays for.
constexpr size_t kBucketsPerUnit = 16;

}  // namespace

// --- visits ---

EtsObject** HashStore::visit_row(Stripe& stripe, EtsObject** link, RowVisitor& visitor) {
  EtsObject* row = *link;
  EtsObject* replacement = nullptr;
  const bool is_seen = !row->dead || visitor.sees_dead();
  const RowAction action = is_seen ? visitor.visit(*row, &replacement) : RowAction::kKeep;
  if (action == RowAction::kDelete) return remove(stripe, link);
  if (action == RowAction::kReplace) {
    replacement->hash = row->hash;
    replace(stripe, link, replacement);
  }
  return &(*link)->next;
}

void HashStore::prefetch(Stripe& stripe, size_t number) const {
  if (number >= stripe.buckets) return;
  const auto* row = reinterpret_cast<const std::byte*>(*bucket(stripe, number));
  __builtin_prefetch(row);
  __builtin_prefetch(row + kCacheLine);
}

void HashStore::visit_chain(Stripe& stripe, EtsObject** link, RowVisitor& visitor) {
  while (*link != nullptr) link = visit_row(stripe, link, visitor);
}

namespace {

// A stripe's lock, held for a walk.
class WalkGuard {
 public:
  WalkGuard(RwSpinLock& lock, bool exclusive, LockUser user)
      : long_use_(lock, user),
        lock_(lock),
        exclusive_(exclusive),
        held_(exclusive ? lock.lock_for(user) : lock.lock_shared_for(user)) {}
  ~WalkGuard() {
    if (held_) exclusive_ ? lock_.unlock() : lock_.unlock_shared();
  }
  WalkGuard(const WalkGuard&) = delete;
  WalkGuard& operator=(const WalkGuard&) = delete;
  explicit operator bool() const { return held_; }

 private:
  const LongUse long_use_;
  RwSpinLock& lock_;
  const bool exclusive_;
  const bool held_;
};

}  // namespace

StoreAnswer HashStore::visit_key(Term key, bool exclusive, StoreGate gate, RowVisitor& visitor) {
  const uint32_t hash = ets_hash(key);
  Stripe& stripe = stripe_of(hash);
  WalkGuard guard(stripe.lock, exclusive, gate.user());
  if (!guard || !gate.open()) return StoreAnswer::kRefused;
  EtsObject** link = find(stripe, key, hash);
  while (*link != nullptr && same_key(*link, key, hash)) link = visit_row(stripe, link, visitor);
  if (exclusive) shrink(stripe);
  return StoreAnswer::kOk;
}

StoreAnswer HashStore::scan(uint64_t* position, bool exclusive, StoreGate gate,
                            RowVisitor& visitor) {
  // *position: stripe in the upper half, bucket in the lower.
  size_t i = *position >> 32;
  size_t number = *position & 0xffffffff;
  for (; i < stripe_count_; ++i, number = 0) {
    Stripe& stripe = stripes_[i];
    WalkGuard guard(stripe.lock, exclusive, gate.user());
    if (guard && !gate.open()) return StoreAnswer::kRefused;
    bool stops = !guard;
    for (; !stops && number < stripe.buckets; ++number) {
      stops = !visitor.wants_more();
      if (stops) break;
      prefetch(stripe, number + kBucketsAhead);
      EtsObject** link = bucket(stripe, number);
      if (*link != nullptr) visit_chain(stripe, link, visitor);
    }
    if (stops) {
      *position = uint64_t{i} << 32 | number;
      return StoreAnswer::kOk;
    }
  }
  *position = uint64_t{stripe_count_} << 32;
  return StoreAnswer::kEnd;
}

void HashStore::bury(Stripe& stripe, size_t number) {
  for (EtsObject** link = bucket(stripe, number); *link != nullptr;) {
    EtsObject* row = *link;
    if (!row->dead) {
      link = &row->next;
      continue;
    }
    *link = row->next;
    add_relaxed(stripe.words, -static_cast<ptrdiff_t>(row->count + kHashObjectWords));
    free_object(row);
  }
}

bool HashStore::sweep(int64_t* budget) {
  for (size_t i = 0; i < stripe_count_; ++i) {
    Stripe& stripe = stripes_[i];
    for (bool done = false; !done;) {
      if (*budget <= 0) return false;
      ExclusiveGuard guard(stripe.lock);
      if (is_fixed()) return true;
      // Others want the lock, too.
      for (size_t left = kBuriedAtOnce; left != 0 && !stripe.with_dead.empty(); --left) {
        bury(stripe, stripe.with_dead.back());
        stripe.with_dead.pop_back();
        *budget -= kRowsPerBurial;
      }
      stripe.dead.store(stripe.with_dead.size(), std::memory_order_relaxed);
      done = stripe.with_dead.empty();
      if (done) stripe.with_dead = {};
    }
  }
  return true;
}

size_t HashStore::dead_rows() const {
  size_t rows = 0;
  for (size_t i = 0; i < stripe_count_; ++i) {
    rows += stripes_[i].dead.load(std::memory_order_relaxed);
  }
  return rows;
}

void HashStore::pass_through() {
  for (size_t i = 0; i < stripe_count_; ++i) ExclusiveGuard guard(stripes_[i].lock);
}

bool HashStore::has_long_users() const {
  for (size_t i = 0; i < stripe_count_; ++i) {
    if (stripes_[i].lock.has_long_users()) return true;
  }
  return false;
}

bool HashStore::clear(int64_t* budget) {
  for (size_t i = 0; i < stripe_count_; ++i) {
    Stripe& stripe = stripes_[i];
    ExclusiveGuard guard(stripe.lock, {LockUser::Kind::kGivesUp});
    if (!guard) return false;
    // From the last bucket on, so that a stripe remembers by its count how far it is.
    while (stripe.buckets > 0) {
      if (*budget <= 0) return false;
      EtsObject** link = bucket(stripe, stripe.buckets - 1);
      while (*link != nullptr) {
        EtsObject* row = *link;
        *link = row->next;
        const ptrdiff_t living = row->dead ? 0 : 1;
        count(stripe, -living, -static_cast<ptrdiff_t>(row->count + kHashObjectWords));
        free_object(row);
        if ((*budget -= kRowsPerBurial) <= 0 && *link != nullptr) return false;
      }
      if (stripe.buckets-- % kBucketsPerUnit == 0) --*budget;
    }
  }
  for (size_t i = 0; i < stripe_count_; ++i) {
    ExclusiveGuard guard(stripes_[i].lock);
    stripes_[i].set_buckets(kFirstBuckets);
    stripes_[i].with_dead = {};
    stripes_[i].dead.store(0, std::memory_order_relaxed);
  }
  return true;
}

// --- counts ---

size_t HashStore::size() const {
  size_t rows = 0;
  for (size_t i = 0; i < stripe_count_; ++i) {
    rows += stripes_[i].rows.load(std::memory_order_relaxed);
  }
  return rows;
}

size_t HashStore::words() const {
  size_t words = kEmptyTableWords;
  size_t buckets = 0;
  for (size_t i = 0; i < stripe_count_; ++i) {
    Stripe& stripe = stripes_[i];
    words += stripe.words.load(std::memory_order_relaxed);
    buckets += stripe.counted.load(std::memory_order_relaxed);
  }
  return buckets > kEmptyTableBuckets ? words + buckets - kEmptyTableBuckets : words;
}

HashStore::Statistics HashStore::statistics() {
  Statistics result = {0, 0, 0, 0, 0, ~size_t{0}, 0, 0, stripe_count_};
  double squares = 0;
  for (size_t i = 0; i < stripe_count_; ++i) {
    Stripe& stripe = stripes_[i];
    SharedGuard guard(stripe.lock);
    for (size_t number = 0; number < stripe.buckets; ++number) {
      size_t length = 0;
      for (EtsObject* row = *bucket(stripe, number); row != nullptr; row = row->next, ++length) {
        result.kept_dead += row->dead ? 1 : 0;
      }
      result.objects += length;
      squares += static_cast<double>(length) * static_cast<double>(length);
      result.longest_chain = std::max(result.longest_chain, length);
      result.shortest_chain = std::min(result.shortest_chain, length);
    }
    result.buckets += stripe.buckets;
  }
  const auto buckets = static_cast<double>(result.buckets);
  const auto objects = static_cast<double>(result.objects);
  result.average_chain = objects / buckets;
  result.deviation =
      std::sqrt((squares - result.average_chain * objects) / (buckets > 1 ? buckets - 1 : 1));
  result.expected_deviation = std::sqrt(result.average_chain * (1 - 1.0 / buckets));
  return result;
}

}  // namespace joist
