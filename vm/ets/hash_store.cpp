#include "vm/ets/hash_store.h"

#include <limits>

#include "vm/ets/hash_stripe.h"
#include "vm/ets/key.h"
#include "vm/heap/builder.h"
#include "vm/heap/copy.h"

namespace joist {

HashStore::HashStore(EtsType type, size_t key_position, unsigned stripe_bits,
                     const std::atomic<uint32_t>& fix_count)
    : type_(type),
      key_position_(key_position),
      stripe_bits_(stripe_bits),
      stripe_count_(size_t{1} << stripe_bits),
      fix_count_(fix_count),
      stripes_(std::make_unique<Stripe[]>(stripe_count_)) {}

HashStore::~HashStore() {
  int64_t budget = std::numeric_limits<int64_t>::max();
  clear(&budget);
}

// --- within a stripe ---

HashStore::Stripe& HashStore::stripe_of(uint32_t hash) {
  return stripes_[hash & (stripe_count_ - 1)];
}

size_t HashStore::bucket_number(const Stripe& stripe, uint32_t hash) const {
  const uint32_t mask = ~uint32_t{0} >> std::countl_zero(stripe.buckets - 1);
  const uint32_t number = hash >> stripe_bits_ & mask;
  return number < stripe.buckets ? number : number & (mask >> 1);
}

EtsObject** HashStore::bucket_of(Stripe& stripe, uint32_t hash) const {
  return bucket(stripe, bucket_number(stripe, hash));
}

bool HashStore::same_key(const EtsObject* row, Term key, uint32_t hash) const {
  return row->hash == hash && ets_equal(key_of(row), key);
}

EtsObject** HashStore::find(Stripe& stripe, Term key, uint32_t hash) const {
  EtsObject** link = bucket_of(stripe, hash);
  while (*link != nullptr && !same_key(*link, key, hash)) link = &(*link)->next;
  return link;
}

EtsObject* HashStore::find_living(Stripe& stripe, Term key, uint32_t hash) const {
  EtsObject* row = *find(stripe, key, hash);
  while (row != nullptr && row->dead) {
    row = row->next;
    if (row == nullptr || !same_key(row, key, hash)) return nullptr;
  }
  return row;
}

Term HashStore::copy_rows(EtsObject* row, Term key, uint32_t hash, Allocator& heap) const {
  Term list = Term::nil();
  if (!is_bag()) {
    if (row != nullptr && !row->dead) list = make_cons(heap, row->copy(heap), list);
    return list;
  }
  for (; row != nullptr && same_key(row, key, hash); row = row->next) {
    if (!row->dead) list = make_cons(heap, row->copy(heap), list);
  }
  return list;
}

// Whether one of a key's rows is too large to be copied here.
bool HashStore::has_large(const EtsObject* row, Term key, uint32_t hash) const {
  if (row == nullptr || !is_bag()) return row != nullptr && row->is_large();
  for (; row != nullptr && same_key(row, key, hash); row = row->next) {
    if (row->is_large()) return true;
  }
  return false;
}

StoreAnswer HashStore::pin_rows(EtsObject* row, Term key, uint32_t hash, PinnedRows* pins) const {
  if (pins == nullptr) return StoreAnswer::kLarge;
  for (; row != nullptr && same_key(row, key, hash); row = row->next) {
    if (!row->dead) pins->add(*row);
  }
  return StoreAnswer::kOk;
}

StoreAnswer HashStore::copy_or_pin(EtsObject* row, Term key, uint32_t hash, Allocator& heap,
                                   Term* rows, PinnedRows* pins) const {
  if (has_large(row, key, hash)) [[unlikely]]
    return pin_rows(row, key, hash, pins);
  *rows = copy_rows(row, key, hash, heap);
  return StoreAnswer::kOk;
}

void HashStore::count(Stripe& stripe, ptrdiff_t rows, ptrdiff_t words) {
  add_relaxed(stripe.rows, rows);
  add_relaxed(stripe.words, words);
}

void HashStore::add(Stripe& stripe, EtsObject** link, EtsObject* row) {
  row->next = *link;
  *link = row;
  count(stripe, 1, static_cast<ptrdiff_t>(row->count + kHashObjectWords));
  if (stripe.rows.load(std::memory_order_relaxed) > stripe.buckets) grow(stripe);
}

void HashStore::replace(Stripe& stripe, EtsObject** link, EtsObject* row) {
  EtsObject* old = *link;
  row->next = old->next;
  *link = row;
  count(stripe, old->dead ? 1 : 0,
        static_cast<ptrdiff_t>(row->count) - static_cast<ptrdiff_t>(old->count));
  free_object(old);
}

EtsObject** HashStore::remove(Stripe& stripe, EtsObject** link) {
  EtsObject* row = *link;
  if (is_fixed()) {
    row->dead = true;
    add_relaxed(stripe.rows, -1);
    stripe.with_dead.push_back(static_cast<uint32_t>(bucket_number(stripe, row->hash)));
    stripe.dead.store(stripe.with_dead.size(), std::memory_order_relaxed);
    return &row->next;
  }
  *link = row->next;
  count(stripe, -1, -static_cast<ptrdiff_t>(row->count + kHashObjectWords));
  free_object(row);
  return link;
}

void HashStore::grow(Stripe& stripe) {
  // Buckets that hold dead rows are remembered by number.
  if (is_fixed() || !stripe.with_dead.empty() || stripe.buckets == uint32_t{1} << 31) return;
  const uint32_t number = stripe.buckets;
  const uint32_t high = std::bit_floor(number);
  if (number == high) {
    stripe.add_segment(static_cast<size_t>(std::bit_width(number)) - 1 - kFirstBits);
  }
  stripe.set_buckets(number + 1);
  EtsObject** old_link = bucket(stripe, number - high);
  EtsObject** new_link = bucket(stripe, number);
  for (EtsObject* row = *old_link; row != nullptr; row = row->next) {
    EtsObject**& link = (row->hash >> stripe_bits_ & high) != 0 ? new_link : old_link;
    *link = row;
    link = &row->next;
  }
  *old_link = nullptr;
  *new_link = nullptr;
}

// Puts the last bucket's rows back to where they came from.
void HashStore::shrink(Stripe& stripe) {
  const size_t rows = stripe.rows.load(std::memory_order_relaxed);
  if (stripe.buckets <= kFirstBuckets || rows >= stripe.buckets / 2) return;
  if (is_fixed() || !stripe.with_dead.empty()) return;
  const uint32_t number = stripe.buckets - 1;
  const uint32_t high = std::bit_floor(number);
  EtsObject** end = bucket(stripe, number - high);
  while (*end != nullptr) end = &(*end)->next;
  EtsObject** last = bucket(stripe, number);
  *end = *last;
  *last = nullptr;
  stripe.set_buckets(number);
  // The segment behind is given back when half of the one before it is free as well.
  const size_t k = static_cast<size_t>(std::bit_width(number)) - 1 - kFirstBits;
  if (number == (high | high >> 1) && number >= 2 * kFirstBuckets && k + 1 < kMaxSegments) {
    free(stripe.segments[k + 1]);
    stripe.segments[k + 1] = nullptr;
  }
}

// --- operations ---

StoreAnswer HashStore::lookup(Term key, StoreGate gate, Allocator& heap, Term* rows,
                              PinnedRows* pins) {
  const uint32_t hash = ets_hash(key);
  Stripe& stripe = stripe_of(hash);
  SharedGuard guard(stripe.lock, gate.user());
  if (!guard || !gate.open()) return StoreAnswer::kRefused;
  return copy_or_pin(*find(stripe, key, hash), key, hash, heap, rows, pins);
}

StoreAnswer HashStore::member(Term key, StoreGate gate) {
  const uint32_t hash = ets_hash(key);
  Stripe& stripe = stripe_of(hash);
  SharedGuard guard(stripe.lock, gate.user());
  if (!guard || !gate.open()) return StoreAnswer::kRefused;
  return find_living(stripe, key, hash) != nullptr ? StoreAnswer::kOk : StoreAnswer::kNoKey;
}

StoreAnswer HashStore::element(Term key, size_t position, StoreGate gate, Allocator& heap,
                               Term* value, PinnedRows* pins) {
  const uint32_t hash = ets_hash(key);
  Stripe& stripe = stripe_of(hash);
  SharedGuard guard(stripe.lock, gate.user());
  if (!guard || !gate.open()) return StoreAnswer::kRefused;
  EtsObject* row = find_living(stripe, key, hash);
  if (row == nullptr) return StoreAnswer::kNoKey;
  if (has_large(row, key, hash)) [[unlikely]]
    return pin_rows(row, key, hash, pins);
  if (!is_bag()) {
    if (position > row->arity()) return StoreAnswer::kPosition;
    *value = row->copy_element(position, heap);
    return StoreAnswer::kOk;
  }
  Term list = Term::nil();
  for (; row != nullptr && same_key(row, key, hash); row = row->next) {
    if (row->dead) continue;
    if (position > row->arity()) return StoreAnswer::kPosition;
    list = make_cons(heap, row->copy_element(position, heap), list);
  }
  *value = list;
  return StoreAnswer::kOk;
}

StoreAnswer HashStore::put(Stripe& stripe, EtsObject* row, bool only_new) {
  const Term key = key_of(row);
  EtsObject** link = find(stripe, key, row->hash);
  if (only_new && find_living(stripe, key, row->hash) != nullptr) return StoreAnswer::kExists;
  if (type_ == EtsType::kSet) {
    if (*link != nullptr) {
      replace(stripe, link, row);
    } else {
      add(stripe, link, row);
    }
    return StoreAnswer::kOk;
  }
  if (type_ == EtsType::kBag) {
    Allocator scratch;
    for (EtsObject** same = link; *same != nullptr && same_key(*same, key, row->hash);
         same = &(*same)->next) {
      EtsObject* found = *same;
      if (!same_tuple(*found, row->tuple(scratch))) continue;
      if (found->dead) {  // it comes back as the newest
        add_relaxed(stripe.rows, 1);
        found->dead = false;
        *same = found->next;
        found->next = *link;
        *link = found;
      }
      free_object(row);
      return StoreAnswer::kOk;
    }
  }
  add(stripe, link, row);
  return StoreAnswer::kOk;
}

StoreAnswer HashStore::insert(EtsObject* row, bool only_new, StoreGate gate) {
  row->hash = ets_hash(key_of(row));
  Stripe& stripe = stripe_of(row->hash);
  ExclusiveGuard guard(stripe.lock, gate.user());
  if (!guard || !gate.open()) return StoreAnswer::kRefused;
  return put(stripe, row, only_new);
}

bool HashStore::lock_all(LockUser user) {
  for (size_t i = 0; i < stripe_count_; ++i) {
    if (!stripes_[i].lock.lock_for(user)) {
      unlock_all(user, i);
      return false;
    }
  }
  return true;
}

void HashStore::unlock_all(LockUser user, size_t count) {
  for (size_t i = count; i-- > 0;) {
    stripes_[i].lock.unlock();
    if (user.takes_long()) stripes_[i].lock.end_long();
  }
}

StoreAnswer HashStore::insert_all(std::span<EtsObject* const> rows, bool only_new, StoreGate gate) {
  for (EtsObject* row : rows) row->hash = ets_hash(key_of(row));
  if (!lock_all(gate.user())) return StoreAnswer::kRefused;
  StoreAnswer answer = gate.open() ? StoreAnswer::kOk : StoreAnswer::kRefused;
  if (answer == StoreAnswer::kOk && only_new) {
    for (EtsObject* row : rows) {
      if (find_living(stripe_of(row->hash), key_of(row), row->hash) == nullptr) continue;
      answer = StoreAnswer::kExists;
      break;
    }
  }
  if (answer == StoreAnswer::kOk) {
    for (EtsObject* row : rows) put(stripe_of(row->hash), row, false);
  }
  unlock_all(gate.user(), stripe_count_);
  return answer;
}

StoreAnswer HashStore::erase(Term key, StoreGate gate, Allocator& heap, Term* taken,
                             PinnedRows* pins) {
  const uint32_t hash = ets_hash(key);
  Stripe& stripe = stripe_of(hash);
  ExclusiveGuard guard(stripe.lock, gate.user());
  if (!guard || !gate.open()) return StoreAnswer::kRefused;
  EtsObject** link = find(stripe, key, hash);
  if (taken != nullptr && copy_or_pin(*link, key, hash, heap, taken, pins) == StoreAnswer::kLarge) {
    return StoreAnswer::kLarge;
  }
  if (*link == nullptr) return StoreAnswer::kOk;
  while (*link != nullptr && same_key(*link, key, hash)) {
    link = (*link)->dead ? &(*link)->next : remove(stripe, link);
  }
  shrink(stripe);
  return StoreAnswer::kOk;
}

StoreAnswer HashStore::erase_object(Term tuple, StoreGate gate) {
  const Term key = tuple_elements(tuple)[key_position_ - 1];
  const uint32_t hash = ets_hash(key);
  Stripe& stripe = stripe_of(hash);
  ExclusiveGuard guard(stripe.lock, gate.user());
  if (!guard || !gate.open()) return StoreAnswer::kRefused;
  EtsObject** link = find(stripe, key, hash);
  while (*link != nullptr && same_key(*link, key, hash)) {
    const bool goes = !(*link)->dead && same_tuple(**link, tuple);
    link = goes ? remove(stripe, link) : &(*link)->next;
  }
  shrink(stripe);
  return StoreAnswer::kOk;
}

StoreAnswer HashStore::update(Term key, StoreGate gate, RowUpdater& updater) {
  const uint32_t hash = ets_hash(key);
  Stripe& stripe = stripe_of(hash);
  ExclusiveGuard guard(stripe.lock, gate.user());
  if (!guard || !gate.open()) return StoreAnswer::kRefused;
  EtsObject** link = find(stripe, key, hash);
  const bool there = *link != nullptr && !(*link)->dead;
  EtsObject* row = there ? *link : updater.make_initial();
  if (row == nullptr) return StoreAnswer::kNoKey;
  EtsObject* updated = updater.update(*row);
  if (!there && updated != row) free_object(row);
  if (updated == nullptr || (there && updated == row)) return StoreAnswer::kOk;
  updated->hash = hash;
  if (*link != nullptr) {
    replace(stripe, link, updated);
  } else {
    add(stripe, link, updated);
  }
  return StoreAnswer::kOk;
}

StoreAnswer HashStore::step(KeyStep step, Term key, bool with_rows, StoreGate gate, Allocator& heap,
                            Term* result) {
  // Hash tables have no order: last is first, and the previous the next.
  bool resume = !starts_anew(step);
  const uint32_t hash = resume ? ets_hash(key) : 0;
  size_t i = resume ? hash & (stripe_count_ - 1) : 0;
  for (; i < stripe_count_; ++i) {
    Stripe& stripe = stripes_[i];
    SharedGuard guard(stripe.lock, gate.user());
    if (!guard || !gate.open()) return StoreAnswer::kRefused;
    size_t number = 0;
    EtsObject* row = *bucket(stripe, 0);
    if (resume) {
      resume = false;
      number = bucket_number(stripe, hash);
      row = *find(stripe, key, hash);
      if (row == nullptr) return StoreAnswer::kNoKey;
      while (row != nullptr && same_key(row, key, hash)) row = row->next;
    }
    while (true) {
      while (row != nullptr && row->dead && !shows_dead(step)) row = row->next;
      if (row != nullptr || ++number >= stripe.buckets) break;
      row = *bucket(stripe, number);
    }
    if (row == nullptr) continue;
    *result = copy_term(heap, key_of(row), nullptr);
    if (with_rows) {
      const Term rows = copy_rows(row, key_of(row), row->hash, heap);
      *result = make_tuple(heap, {*result, rows});
    }
    return StoreAnswer::kOk;
  }
  return StoreAnswer::kEnd;
}

StoreAnswer HashStore::slot(size_t number, StoreGate gate, Allocator& heap, Term* rows) {
  for (size_t i = 0; i < stripe_count_; ++i) {
    Stripe& stripe = stripes_[i];
    SharedGuard guard(stripe.lock, gate.user());
    if (!guard || !gate.open()) return StoreAnswer::kRefused;
    if (number >= stripe.buckets) {
      number -= stripe.buckets;
      continue;
    }
    Term list = Term::nil();
    for (EtsObject* row = *bucket(stripe, number); row != nullptr; row = row->next) {
      if (!row->dead) list = make_cons(heap, row->copy(heap), list);
    }
    *rows = list;
    return StoreAnswer::kOk;
  }
  return number == 0 ? StoreAnswer::kEnd : StoreAnswer::kPosition;
}

}  // namespace joist
