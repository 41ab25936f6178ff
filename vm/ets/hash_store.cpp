#include "vm/ets/hash_store.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>

#include "vm/ets/key.h"
#include "vm/heap/builder.h"
#include "vm/heap/copy.h"
#include "vm/term/atom.h"
#include "vm/term/compare.h"

namespace joist {

namespace {

constexpr size_t kFirstBuckets = 8;
constexpr size_t kFirstBits = 3;
constexpr size_t kMaxSegments = 29;

// Of an empty table, with OTP's 256 buckets.
constexpr size_t kEmptyTableWords = 305;
constexpr size_t kEmptyTableBuckets = 256;

// Work that one unit of clear()'s budget pays for.
constexpr size_t kBucketsPerUnit = 16;

void add_relaxed(std::atomic<size_t>& counter, ptrdiff_t change) {
  counter.store(counter.load(std::memory_order_relaxed) + static_cast<size_t>(change),
                std::memory_order_relaxed);
}

}  // namespace

struct alignas(kCacheLine) HashStore::Stripe {
  RwSpinLock lock;  // guards all that follows
  uint32_t buckets = kFirstBuckets;
  std::atomic<size_t> rows{0};      // living ones; written under the lock, read by anyone
  std::atomic<size_t> words{0};     // of all rows
  EtsObject*** segments = nullptr;  // [k]: the buckets 8 << k to (16 << k) - 1
  std::vector<uint32_t> with_dead;  // numbers of buckets in which rows are dead
  EtsObject* first[kFirstBuckets] = {};

  ~Stripe() {
    for (size_t k = 0; segments != nullptr && k < kMaxSegments; ++k) free(segments[k]);
    free(segments);
  }
  void add_segment(size_t k) {
    if (segments == nullptr) {
      segments = static_cast<EtsObject***>(calloc(kMaxSegments, sizeof(EtsObject**)));
    }
    if (segments != nullptr && segments[k] == nullptr) {
      segments[k] = static_cast<EtsObject**>(calloc(kFirstBuckets << k, sizeof(EtsObject*)));
    }
    if (segments == nullptr || segments[k] == nullptr) fatal("out of memory: buckets of a table");
  }
};

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

EtsObject** HashStore::bucket(Stripe& stripe, size_t number) const {
  if (number < kFirstBuckets) return &stripe.first[number];
  const size_t k = static_cast<size_t>(std::bit_width(number)) - 1 - kFirstBits;
  return &stripe.segments[k][number - (kFirstBuckets << k)];
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
  stripe.buckets = number + 1;
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
  stripe.buckets = number;
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
  SharedGuard guard(stripe.lock, gate.reader());
  if (!gate.open()) return StoreAnswer::kRefused;
  return copy_or_pin(*find(stripe, key, hash), key, hash, heap, rows, pins);
}

StoreAnswer HashStore::member(Term key, StoreGate gate) {
  const uint32_t hash = ets_hash(key);
  Stripe& stripe = stripe_of(hash);
  SharedGuard guard(stripe.lock, gate.reader());
  if (!gate.open()) return StoreAnswer::kRefused;
  return find_living(stripe, key, hash) != nullptr ? StoreAnswer::kOk : StoreAnswer::kNoKey;
}

StoreAnswer HashStore::element(Term key, size_t position, StoreGate gate, Allocator& heap,
                               Term* value, PinnedRows* pins) {
  const uint32_t hash = ets_hash(key);
  Stripe& stripe = stripe_of(hash);
  SharedGuard guard(stripe.lock, gate.reader());
  if (!gate.open()) return StoreAnswer::kRefused;
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
  ExclusiveGuard guard(stripe.lock);
  if (!gate.open()) return StoreAnswer::kRefused;
  return put(stripe, row, only_new);
}

StoreAnswer HashStore::insert_all(std::span<EtsObject* const> rows, bool only_new, StoreGate gate) {
  for (size_t i = 0; i < stripe_count_; ++i) stripes_[i].lock.lock();
  StoreAnswer answer = gate.open() ? StoreAnswer::kOk : StoreAnswer::kRefused;
  for (EtsObject* row : rows) row->hash = ets_hash(key_of(row));
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
  for (size_t i = stripe_count_; i-- > 0;) stripes_[i].lock.unlock();
  return answer;
}

StoreAnswer HashStore::erase(Term key, StoreGate gate, Allocator& heap, Term* taken,
                             PinnedRows* pins) {
  const uint32_t hash = ets_hash(key);
  Stripe& stripe = stripe_of(hash);
  ExclusiveGuard guard(stripe.lock);
  if (!gate.open()) return StoreAnswer::kRefused;
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
  ExclusiveGuard guard(stripe.lock);
  if (!gate.open()) return StoreAnswer::kRefused;
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
  ExclusiveGuard guard(stripe.lock);
  if (!gate.open()) return StoreAnswer::kRefused;
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
    SharedGuard guard(stripe.lock, gate.reader());
    if (!gate.open()) return StoreAnswer::kRefused;
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
    SharedGuard guard(stripe.lock, gate.reader());
    if (!gate.open()) return StoreAnswer::kRefused;
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

void HashStore::visit_chain(Stripe& stripe, EtsObject** link, RowVisitor& visitor) {
  while (*link != nullptr) link = visit_row(stripe, link, visitor);
}

StoreAnswer HashStore::visit_key(Term key, bool exclusive, StoreGate gate, RowVisitor& visitor) {
  const uint32_t hash = ets_hash(key);
  Stripe& stripe = stripe_of(hash);
  exclusive ? stripe.lock.lock() : stripe.lock.lock_shared();
  const bool open = gate.open();
  if (open) {
    EtsObject** link = find(stripe, key, hash);
    while (*link != nullptr && same_key(*link, key, hash)) link = visit_row(stripe, link, visitor);
    if (exclusive) shrink(stripe);
  }
  exclusive ? stripe.lock.unlock() : stripe.lock.unlock_shared();
  return open ? StoreAnswer::kOk : StoreAnswer::kRefused;
}

StoreAnswer HashStore::scan(uint64_t* position, bool exclusive, StoreGate gate,
                            RowVisitor& visitor) {
  // *position: stripe in the upper half, bucket in the lower.
  size_t i = *position >> 32;
  size_t number = *position & 0xffffffff;
  for (; i < stripe_count_; ++i, number = 0) {
    Stripe& stripe = stripes_[i];
    exclusive ? stripe.lock.lock() : stripe.lock.lock_shared();
    const bool open = gate.open();
    bool enough = false;
    for (; open && number < stripe.buckets; ++number) {
      enough = !visitor.wants_more();
      if (enough) break;
      EtsObject** link = bucket(stripe, number);
      if (*link != nullptr) visit_chain(stripe, link, visitor);
    }
    exclusive ? stripe.lock.unlock() : stripe.lock.unlock_shared();
    if (!open) return StoreAnswer::kRefused;
    if (enough) {
      *position = uint64_t{i} << 32 | number;
      return StoreAnswer::kOk;
    }
  }
  *position = uint64_t{stripe_count_} << 32;
  return StoreAnswer::kEnd;
}

void HashStore::sweep() {
  for (size_t i = 0; i < stripe_count_; ++i) {
    Stripe& stripe = stripes_[i];
    ExclusiveGuard guard(stripe.lock);
    if (is_fixed()) return;
    for (const uint32_t number : stripe.with_dead) {
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
    stripe.with_dead = {};
  }
}

void HashStore::pass_through() {
  for (size_t i = 0; i < stripe_count_; ++i) ExclusiveGuard guard(stripes_[i].lock);
}

bool HashStore::clear(int64_t* budget) {
  for (size_t i = 0; i < stripe_count_; ++i) {
    Stripe& stripe = stripes_[i];
    ExclusiveGuard guard(stripe.lock);
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
        if ((*budget -= 3) <= 0 && *link != nullptr) return false;  // freeing takes longer
      }
      if (stripe.buckets-- % kBucketsPerUnit == 0) --*budget;
    }
  }
  for (size_t i = 0; i < stripe_count_; ++i) {
    ExclusiveGuard guard(stripes_[i].lock);
    stripes_[i].buckets = kFirstBuckets;
    stripes_[i].with_dead = {};
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
    SharedGuard guard(stripe.lock);
    buckets += stripe.buckets;
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
