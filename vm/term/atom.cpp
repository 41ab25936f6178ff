// The table in three parts, all of which only grow:
//
//   chunks   index -> entry. Chunk 0 is constant-initialised with the fixed atoms, so reading an
//            entry never depends on initialisation.
//   text     blocks of bytes that entries point into.
//   lookup   open addressing over the text's hash: slot = hash's high half << 32 | index + 1.
//            A table that has become too small is replaced and kept (readers may still be in
//            it; all old ones together are smaller than the current one).
//
// Writers hold the mutex. Readers see a slot (acquire) only after its entry is complete.
#include "vm/term/atom.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <vector>

#include "vm/base/sync.h"
#include "vm/term/atom_batch.h"
#include "vm/term/atom_memory.h"
#include "vm/term/atoms_emulator.h"

namespace joist {
namespace {

constexpr size_t kChunkBits = 13;
constexpr size_t kChunkSize = size_t{1} << kChunkBits;
constexpr size_t kMaxAtoms = size_t{1} << 31;
constexpr size_t kMaxChunks = kMaxAtoms / kChunkSize;
constexpr size_t kTextBlockBytes = size_t{64} << 10;
constexpr size_t kDefaultAtomLimit = size_t{1} << 20;
constexpr size_t kFirstSlots = 32768;  // enough for what OTP has when it has booted
static_assert(atoms::kFixedAtomCount < kChunkSize);
static_assert(atoms::kFixedAtomCount * 2 < kFirstSlots);

constexpr bool is_continuation(uint8_t byte) { return (byte & 0xc0) == 0x80; }

// hashpjw (Dragon Book). A two-byte sequence below 256 counts as the one byte of Latin-1, as in
// the days when atoms were Latin-1: the values are part of phash2.
constexpr uint32_t name_hash(std::string_view text) {
  uint32_t hash = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    uint8_t byte = static_cast<uint8_t>(text[i]);
    if (i + 1 < text.size() && (byte & 0xfe) == 0xc2) {
      uint8_t next = static_cast<uint8_t>(text[i + 1]);
      if (is_continuation(next)) {
        byte = static_cast<uint8_t>(byte << 6 | (next & 0x3f));
        ++i;
      }
    }
    hash = (hash << 4) + byte;
    uint32_t high = hash & 0xf0000000;
    hash ^= high >> 24;
    hash ^= high;
  }
  return hash;
}

constexpr AtomEntry make_entry(std::string_view text) {
  AtomEntry entry{text, 0, name_hash(text), 0, true};
  for (size_t i = 0; i < text.size(); ++i) {
    uint8_t byte = static_cast<uint8_t>(text[i]);
    if (!is_continuation(byte)) ++entry.characters;
    if (byte > 0xc3) entry.latin1 = false;
  }
  for (size_t i = 0; i < 4; ++i) {
    entry.ordinal = entry.ordinal << 8 | (i < text.size() ? static_cast<uint8_t>(text[i]) : 0);
  }
  return entry;
}

constinit AtomEntry first_chunk[kChunkSize] = {
#define JOIST_ATOM(identifier, text) make_entry(text),
#include "vm/term/atoms.def"
// clang-format off: in the order of their numbers
#include "vm/term/atoms_net.def"
#include "vm/term/atoms_trace.def"
#include "vm/term/atoms_emulator.def"
// clang-format on
#undef JOIST_ATOM
};
constinit std::atomic<AtomEntry*> chunks[kMaxChunks] = {first_chunk};

const AtomEntry& entry_at(size_t index) {
  return chunks[index >> kChunkBits].load(std::memory_order_acquire)[index & (kChunkSize - 1)];
}

// Where an atom is looked for: any good hash of the text will do here.
uint64_t slot_hash(std::string_view text) {
  constexpr uint64_t kMultiplier = 0x9e3779b97f4a7c15;
  uint64_t hash = text.size() * kMultiplier;
  size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, text.data() + i, 8);
    hash = (hash ^ word) * kMultiplier;
    hash ^= hash >> 29;
  }
  uint64_t rest = 0;
  // An empty view may have no bytes to point to, which memcpy wants even so.
  if (i != text.size()) std::memcpy(&rest, text.data() + i, text.size() - i);
  hash = (hash ^ rest) * kMultiplier;
  return hash ^ hash >> 32;
}

struct Lookup {
  explicit Lookup(size_t count) : mask(count - 1), slots(new std::atomic<uint64_t>[count]()) {}

  // The index, or -1.
  int64_t find(std::string_view text, uint64_t hash) const {
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
      uint64_t slot = slots[i].load(std::memory_order_acquire);
      if (slot == 0) return -1;
      if (slot >> 32 != hash >> 32) continue;
      uint32_t index = static_cast<uint32_t>(slot) - 1;
      if (entry_at(index).text == text) return index;
    }
  }
  // Brings what find() reads of the likely places into the cache, step by step for all texts.
  void fetch(std::span<const std::string_view> texts) const {
    constexpr size_t kMost = 16;
    const std::atomic<uint64_t>* places[kMost];
    const AtomEntry* entries[kMost];
    JOIST_ASSERT(texts.size() <= kMost);
    for (size_t i = 0; i < texts.size(); ++i) {
      places[i] = &slots[slot_hash(texts[i]) & mask];
      __builtin_prefetch(places[i]);
    }
    for (size_t i = 0; i < texts.size(); ++i) {
      const uint64_t slot = places[i]->load(std::memory_order_acquire);
      entries[i] = slot == 0 ? nullptr : &entry_at(static_cast<uint32_t>(slot) - 1);
      __builtin_prefetch(entries[i]);
    }
    for (size_t i = 0; i < texts.size(); ++i) {
      if (entries[i] != nullptr) __builtin_prefetch(entries[i]->text.data());
    }
  }
  void insert(uint64_t hash, uint32_t index) {
    size_t i = hash & mask;
    while (slots[i].load(std::memory_order_relaxed) != 0) i = (i + 1) & mask;
    slots[i].store((hash >> 32) << 32 | (index + 1), std::memory_order_release);
  }

  size_t mask;
  std::unique_ptr<std::atomic<uint64_t>[]> slots;
};

struct Writer {
  Mutex mutex;
  std::vector<Lookup*> lookups JOIST_GUARDED_BY(mutex);
  char* text_next JOIST_GUARDED_BY(mutex) = nullptr;
  size_t text_left JOIST_GUARDED_BY(mutex) = 0;
  size_t text_bytes JOIST_GUARDED_BY(mutex) = 0;  // of all blocks

  // The current lookup table with room for one more name.
  Lookup& roomy_lookup() JOIST_REQUIRES(mutex);
  const char* store_text(std::string_view text) JOIST_REQUIRES(mutex);
  // nullopt: there are `most` atoms already.
  std::optional<Term> add(std::string_view text, uint64_t hash, size_t most) JOIST_REQUIRES(mutex);
};

constinit std::atomic<Lookup*> current_lookup{nullptr};
constinit std::atomic<size_t> count{atoms::kFixedAtomCount};
constinit std::atomic<size_t> limit{kDefaultAtomLimit};

// Never destroyed: threads may make atoms until the OS process is gone.
Writer& writer() {
  static Writer* instance = new Writer;
  return *instance;
}

Lookup& Writer::roomy_lookup() {
  Lookup* lookup = current_lookup.load(std::memory_order_relaxed);
  size_t used = count.load(std::memory_order_relaxed);
  if (lookup != nullptr && used * 2 <= lookup->mask) return *lookup;
  lookup = new Lookup(lookup == nullptr ? kFirstSlots : (lookup->mask + 1) * 2);
  for (uint32_t i = 0; i < used; ++i) lookup->insert(slot_hash(entry_at(i).text), i);
  lookups.push_back(lookup);
  current_lookup.store(lookup, std::memory_order_release);
  return *lookup;
}

const char* Writer::store_text(std::string_view text) {
  if (text.size() > text_left) {
    text_left = text.size() > kTextBlockBytes ? text.size() : kTextBlockBytes;
    text_next = new char[text_left];
    text_bytes += text_left;
  }
  char* place = text_next;
  std::memcpy(place, text.data(), text.size());
  text_next += text.size();
  text_left -= text.size();
  return place;
}

std::optional<Term> Writer::add(std::string_view text, uint64_t hash, size_t most) {
  Lookup& lookup = roomy_lookup();
  if (int64_t index = lookup.find(text, hash); index >= 0) {
    return Term::atom(static_cast<uint32_t>(index));
  }
  size_t index = count.load(std::memory_order_relaxed);
  if (index >= most) return std::nullopt;
  std::atomic<AtomEntry*>& chunk = chunks[index >> kChunkBits];
  AtomEntry* entries = chunk.load(std::memory_order_relaxed);
  if (entries == nullptr) {
    entries = new AtomEntry[kChunkSize];
    chunk.store(entries, std::memory_order_release);
  }
  entries[index & (kChunkSize - 1)] = make_entry({store_text(text), text.size()});
  count.store(index + 1, std::memory_order_release);
  lookup.insert(hash, static_cast<uint32_t>(index));
  return Term::atom(static_cast<uint32_t>(index));
}

}  // namespace

// Lookup tables that have become too small stay, as readers may have them.
AtomMemory atom_memory() {
  Writer& all = writer();
  MutexLock lock(all.mutex);
  size_t lookups = 0;
  for (const Lookup* lookup : all.lookups) lookups += (lookup->mask + 1) * sizeof(uint64_t);
  const size_t known = count.load(std::memory_order_relaxed);
  const size_t entries = (known + kChunkSize - 1) / kChunkSize * kChunkSize;
  const size_t used_text = all.text_bytes - all.text_left;
  return {entries * sizeof(AtomEntry) + lookups + all.text_bytes,
          known * (sizeof(AtomEntry) + 2 * sizeof(uint64_t)) + used_text};
}

const AtomEntry& atom_entry(Term atom) {
  JOIST_ASSERT(atom.is_atom() && atom.atom_index() < atom_count());
  return entry_at(atom.atom_index());
}

std::optional<Term> existing_atom(std::string_view utf8) {
  uint64_t hash = slot_hash(utf8);
  const Lookup* lookup = current_lookup.load(std::memory_order_acquire);
  if (lookup == nullptr) {
    Writer& table = writer();
    MutexLock lock(table.mutex);
    lookup = &table.roomy_lookup();
  }
  int64_t index = lookup->find(utf8, hash);
  if (index < 0) return std::nullopt;
  return Term::atom(static_cast<uint32_t>(index));
}

std::optional<Term> make_atom(std::string_view utf8) {
  if (std::optional<Term> known = existing_atom(utf8)) return known;
  Writer& table = writer();
  MutexLock lock(table.mutex);
  return table.add(utf8, slot_hash(utf8), limit.load(std::memory_order_relaxed));
}

bool make_atoms(std::span<const std::string_view> texts, Term* atoms) {
  constexpr size_t kAtOnce = 16;
  while (!texts.empty()) {
    const std::span<const std::string_view> some = texts.first(std::min(kAtOnce, texts.size()));
    const Lookup* lookup = current_lookup.load(std::memory_order_acquire);
    if (lookup != nullptr) lookup->fetch(some);
    for (const std::string_view text : some) {
      const std::optional<Term> atom = make_atom(text);
      if (!atom) return false;
      *atoms++ = *atom;
    }
    texts = texts.subspan(some.size());
  }
  return true;
}

// The VM's own names find room beyond the limit: that programs have filled the table must not keep
// it from answering them.
Term must_atom(std::string_view utf8) {
  std::optional<Term> atom = existing_atom(utf8);
  if (!atom) {
    Writer& table = writer();
    MutexLock lock(table.mutex);
    atom = table.add(utf8, slot_hash(utf8), kMaxAtoms);
  }
  if (!atom) fatal("no more atoms: the limit of %zu is reached", atom_limit());
  return *atom;
}

size_t atom_count() { return count.load(std::memory_order_acquire); }
size_t atom_limit() { return limit.load(std::memory_order_relaxed); }
void set_atom_limit(size_t new_limit) {
  limit.store(new_limit < kMaxAtoms ? new_limit : kMaxAtoms, std::memory_order_relaxed);
}

int compare_atoms(Term a, Term b) {
  if (a == b) return 0;
  const AtomEntry& left = atom_entry(a);
  const AtomEntry& right = atom_entry(b);
  if (left.ordinal != right.ordinal) return left.ordinal < right.ordinal ? -1 : 1;
  return left.text.compare(right.text);
}

}  // namespace joist
