#include "loader/type_chunk.h"

namespace joist {

namespace {

constexpr uint16_t kHasMin = 1 << 13;
constexpr uint16_t kHasMax = 1 << 14;
constexpr uint16_t kHasUnit = 1 << 15;
constexpr uint16_t kFlags = kHasMin | kHasMax | kHasUnit;

constexpr uint16_t kAnyBeforeRecords = (1 << 12) - 1;

// Kinds of versions 1 and 2 without the bit of the match context, which becomes a bitstring.
uint16_t fold_match_context(uint16_t kinds) {
  const uint16_t bitstring = (kinds & 4) != 0 ? uint16_t{kTypeBitstring} : uint16_t{0};
  return static_cast<uint16_t>((kinds & 3) | bitstring | (kinds & ~7u) >> 1);
}

// Before OTP 29 nothing could be a record, so "everything" did not have its bit.
uint16_t with_records(uint16_t kinds) {
  return kinds == kAnyBeforeRecords ? uint16_t{kTypeAny} : kinds;
}

// The first word of an entry in the layout of version 4.
uint16_t normalize_kinds(uint32_t version, uint16_t word) {
  switch (version) {
    case 1:
      return with_records(fold_match_context(word & 0x1fff));
    case 2:
      return with_records(fold_match_context(word & 0x1fff)) | (word & kFlags);
    case 3:
      return with_records(word & 0x0fff) | static_cast<uint16_t>((word & 0x7000) << 1);
    default:
      return word;
  }
}

TypeEntry read_entry(ByteReader& reader, uint32_t version) {
  const uint16_t word = normalize_kinds(version, reader.u16());
  TypeEntry entry;
  entry.kinds = word & kTypeAny;
  if (version == 1) {
    entry.min = reader.i64();
    entry.max = reader.i64();
    entry.has_min = entry.min <= entry.max && (entry.kinds & kTypeInteger) != 0;
    entry.has_max = entry.has_min;
    if (!entry.has_min) entry.min = entry.max = 0;
  } else {
    entry.has_min = (word & kHasMin) != 0;
    entry.has_max = (word & kHasMax) != 0;
    if (entry.has_min) entry.min = reader.i64();
    if (entry.has_max) entry.max = reader.i64();
    if ((word & kHasUnit) != 0) entry.unit = static_cast<uint16_t>(reader.u8() + 1);
  }
  const bool range_fits =
      (!entry.has_min && !entry.has_max) || (entry.kinds & (kTypeInteger | kTypeFloat)) != 0;
  const bool unit_fits = (word & kHasUnit) == 0 || (entry.kinds & kTypeBitstring) != 0;
  if (entry.kinds == 0 || !range_fits || !unit_fits) reader.fail();
  return entry;
}

}  // namespace

Result<void> parse_types(BeamFile& file, ByteSpan chunk) {
  ByteReader reader(chunk);
  const uint32_t version = reader.u32();
  if (!reader.ok() || version < 1 || version > 4) {
    file.types.assign(1, TypeEntry{});
    return {};
  }
  const size_t entry_size = version == 1 ? 18 : 2;
  const uint32_t count = reader.u32();
  if (count == 0 || count > reader.remaining() / entry_size) {
    return make_error("corrupt type table: its count");
  }
  file.types.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    file.types.push_back(read_entry(reader, version));
    if (!reader.ok()) return make_error("corrupt type table: entry %u", i);
  }
  const TypeEntry& first = file.types[0];
  if (first.kinds != kTypeAny || first.has_min || first.has_max) {
    return make_error("corrupt type table: the first entry is not \"any\"");
  }
  return {};
}

}  // namespace joist
