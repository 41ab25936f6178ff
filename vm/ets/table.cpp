#include "vm/ets/table.h"

#include <cstdlib>
#include <new>

#include "vm/codec/magic_table.h"
#include "vm/heap/builder.h"

namespace joist {

namespace {

// Stripes of a hash table, by who is likely to use it at the same time.
constexpr unsigned kPrivateStripeBits = 0;
constexpr unsigned kSharedStripeBits = 4;
constexpr unsigned kConcurrentStripeBits = 6;

unsigned stripe_bits(const EtsOptions& options) {
  if (options.protection == EtsProtection::kPrivate) return kPrivateStripeBits;
  if (options.write_concurrency != EtsWriteConcurrency::kOff || options.read_concurrency) {
    return kConcurrentStripeBits;
  }
  return kSharedStripeBits;
}

constexpr size_t kAlignment = kCacheLine;
constexpr size_t kPrefix = (sizeof(Binary) + kAlignment - 1) / kAlignment * kAlignment;

}  // namespace

EtsTable::EtsTable(Term table_name, const EtsOptions& table_options, Term table_owner,
                   const RefNumbers& numbers)
    : options(table_options),
      name(table_name.bits()),
      owner(table_owner.bits()),
      rights(rights_for(table_options.protection)),
      numbers_(numbers) {
  if (options.type == EtsType::kOrderedSet) {
    const bool concurrent = options.write_concurrency != EtsWriteConcurrency::kOff;
    ordered_ = std::make_unique<OrderedStore>(options.key_position, concurrent);
  } else {
    hash_ = std::make_unique<HashStore>(options.type, options.key_position, stripe_bits(options),
                                        fix_count);
  }
}

EtsTable::~EtsTable() {
  if (pending == nullptr) return;
  for (size_t i = pending->next; i < pending->rows.size(); ++i) free_object(pending->rows[i]);
}

uint32_t EtsTable::rights_for(EtsProtection protection) {
  switch (protection) {
    case EtsProtection::kPrivate:
      return ets_rights::kOwner;
    case EtsProtection::kProtected:
      return ets_rights::kOwner | ets_rights::kOthersRead;
    case EtsProtection::kPublic:
      break;
  }
  return ets_rights::kOwner | ets_rights::kOthersRead | ets_rights::kOthersWrite;
}

EtsTable* EtsTable::create(Term name, const EtsOptions& options, Term owner,
                           const RefNumbers& numbers) {
  constexpr size_t kBytes = (kPrefix + sizeof(EtsTable) + kAlignment - 1) / kAlignment * kAlignment;
  static_assert(alignof(EtsTable) <= kAlignment);
  void* memory = std::aligned_alloc(kAlignment, kBytes);
  JOIST_CHECK(memory != nullptr);
  auto* binary = new (memory) Binary{1, &destroy, 0, nullptr, sizeof(EtsTable)};
  binary->bytes = static_cast<uint8_t*>(memory) + kPrefix;
  auto* table = new (binary->bytes) EtsTable(name, options, owner, numbers);
  table->binary_ = binary;
  return table;
}

void EtsTable::destroy(Binary* binary) {
  MagicTable::forget(binary);
  reinterpret_cast<EtsTable*>(binary->bytes)->~EtsTable();
  std::free(binary);
}

EtsTable* EtsTable::of_reference(Term term) {
  if (!is_kind(term, Boxed::kMagicRef)) return nullptr;
  Binary* binary = reinterpret_cast<OffHeap*>(term.object())->binary;
  return binary->destroy == &destroy ? reinterpret_cast<EtsTable*>(binary->bytes) : nullptr;
}

Term EtsTable::make_reference(Allocator& heap) {
  retain();
  return make_magic_ref(heap, numbers_, binary_);
}

}  // namespace joist
