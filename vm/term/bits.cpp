#include "vm/term/bits.h"

namespace joist {
namespace {

void store_word(uint8_t* to, uint64_t word) {
  word = __builtin_bswap64(word);
  std::memcpy(to, &word, 8);
}

// The rest of copy_bits once `to` is at a byte boundary.
void copy_to_bytes(uint8_t* to, const uint8_t* from, size_t from_offset, size_t count) {
  from += from_offset / 8;
  unsigned shift = from_offset % 8;
  size_t bytes = count / 8;
  if (shift == 0) {
    std::memcpy(to, from, bytes);
    to += bytes;
    from += bytes;
  } else {
    for (; bytes >= 8; bytes -= 8, to += 8, from += 8) store_word(to, load_bits_64(from, shift));
    for (; bytes > 0; --bytes, ++to, ++from) {
      *to = static_cast<uint8_t>(from[0] << shift | from[1] >> (8 - shift));
    }
  }
  size_t rest = count % 8;
  if (rest != 0) store_bits(to, 0, load_bits(from, shift, rest), rest);
}

}  // namespace

BitsView bits_view(Term bitstring) {
  Word* object = bitstring.object();
  switch (header_kind(*object)) {
    case Boxed::kHeapBits: {
      auto* bits = reinterpret_cast<const HeapBits*>(object);
      return {bits->bytes, 0, bits->bit_size};
    }
    case Boxed::kSubBits: {
      auto* bits = reinterpret_cast<const SubBits*>(object);
      auto* holder = reinterpret_cast<const OffHeap*>(bits->holder.object());
      return {holder->binary->bytes, bits->bit_offset, bits->bit_size};
    }
    case Boxed::kMatchContext: {
      auto* context = reinterpret_cast<const MatchContext*>(object);
      return {context->base, context->position, context->end - context->position};
    }
    default:
      fatal("bits_view: %s is no bitstring", kind_info(header_kind(*object)).name);
  }
}

uint64_t load_bits(const uint8_t* base, size_t offset, size_t count) {
  JOIST_ASSERT(count <= 64);
  if (count <= 57) return load_short_bits(base, offset, count);
  size_t shift = offset % 8;
  size_t touched = (shift + count + 7) / 8;
  if (touched == 9) return load_bits_64(base, offset) >> (64 - count);
  uint64_t word = load_bytes(base + offset / 8, touched) >> (touched * 8 - shift - count);
  return count == 64 ? word : word & ((uint64_t{1} << count) - 1);
}

void store_bits(uint8_t* base, size_t offset, uint64_t value, size_t count) {
  JOIST_ASSERT(count <= 64);
  uint8_t* byte = base + offset / 8;
  size_t used = offset % 8;  // bits of *byte before the range
  while (count > 0) {
    size_t here = count < 8 - used ? count : 8 - used;
    size_t below = 8 - used - here;  // bits of *byte after the range
    unsigned mask = ((1u << here) - 1) << below;
    unsigned bits = static_cast<unsigned>(value >> (count - here)) << below;
    *byte = static_cast<uint8_t>((*byte & ~mask) | (bits & mask));
    ++byte;
    used = 0;
    count -= here;
  }
}

void copy_bits(uint8_t* to, size_t to_offset, const uint8_t* from, size_t from_offset,
               size_t count) {
  if (count == 0) return;
  size_t misaligned = to_offset % 8;
  if (misaligned != 0) {
    size_t head = count < 8 - misaligned ? count : 8 - misaligned;
    store_bits(to, to_offset, load_bits(from, from_offset, head), head);
    to_offset += head;
    from_offset += head;
    count -= head;
    if (count == 0) return;
  }
  copy_to_bytes(to + to_offset / 8, from, from_offset, count);
}

void copy_bits_padded(uint8_t* to, BitsView from) {
  if (from.size == 0) return;
  if (size_t rest = from.size % 8; rest != 0) to[from.size / 8] = 0;
  copy_to_bytes(to, from.base, from.offset, from.size);
}

bool equal_bits(BitsView a, BitsView b) { return a.size == b.size && compare_bits(a, b) == 0; }

int compare_bits(BitsView a, BitsView b) {
  size_t common = a.size < b.size ? a.size : b.size;
  size_t done = 0;
  if (a.base == b.base && a.offset == b.offset) {
    done = common;  // of one buffer, as copies of a reference to a large one are
  } else if (a.byte_aligned() && b.byte_aligned()) {
    size_t bytes = common / 8;
    size_t same = 0;
    if (bytes >= 8) {  // which mostly decide
      uint64_t left = load_bits_64(a.bytes(), 0);
      uint64_t right = load_bits_64(b.bytes(), 0);
      if (left != right) return left < right ? -1 : 1;
      same = 8;
    }
    int order = bytes == same ? 0 : std::memcmp(a.bytes() + same, b.bytes() + same, bytes - same);
    if (order != 0) return order;
    done = bytes * 8;
  }
  while (done < common) {
    size_t count = common - done < 64 ? common - done : 64;
    uint64_t left = load_bits(a.base, a.offset + done, count);
    uint64_t right = load_bits(b.base, b.offset + done, count);
    if (left != right) return left < right ? -1 : 1;
    done += count;
  }
  return a.size == b.size ? 0 : a.size < b.size ? -1 : 1;
}

ByteSpan contiguous_bytes(BitsView view, ByteScratch& scratch) {
  size_t count = (view.size + 7) / 8;
  if (view.byte_aligned() && view.size % 8 == 0) return {view.base + view.offset / 8, count};
  uint8_t* copy = scratch.reserve(count);
  copy_bits_padded(copy, view);
  return {copy, count};
}

}  // namespace joist
