#include "vm/heap/binary.h"

#include <algorithm>
#include <cstdlib>

#include "vm/os/watched_blocks.h"
#include "vm/term/bits.h"

namespace joist {

namespace {

// Smallest buffer for appending, as in OTP.
constexpr size_t kMinAppendableBytes = 256;

void free_binary(Binary* binary) { free_counted(binary, MemoryUse::kBinaries); }

// True when the caller may write the `extra` bits behind `end`. In the middle of a byte only when
// no other process can read that byte at the same time.
bool claim_room(Binary* binary, size_t end, size_t extra) {
  if (end % 8 != 0 && __atomic_load_n(&binary->reference_count, __ATOMIC_ACQUIRE) != 1) {
    return false;
  }
  return __atomic_compare_exchange_n(&binary->used_bits, &end, end + extra, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_RELAXED);
}

}  // namespace

Binary* try_new_binary(size_t byte_count) {
  size_t bytes;
  Binary* binary = nullptr;
  if (!__builtin_add_overflow(sizeof(Binary), byte_count, &bytes)) {
    binary = static_cast<Binary*>(malloc_counted(bytes, MemoryUse::kBinaries));
  }
  if (binary == nullptr) return nullptr;
  binary->reference_count = 1;
  binary->destroy = free_binary;
  binary->capacity = byte_count;
  binary->used_bits = byte_count * 8;
  binary->bytes = reinterpret_cast<uint8_t*>(binary + 1);
  return binary;
}

Binary* new_binary(size_t byte_count) {
  Binary* binary = try_new_binary(byte_count);
  if (binary == nullptr) fatal("out of memory: a binary of %zu bytes", byte_count);
  return binary;
}

Binary* shrink_binary(Binary* binary, size_t byte_count) {
  JOIST_ASSERT(binary->destroy == free_binary && byte_count <= binary->capacity);
  void* memory = realloc_counted(binary, sizeof(Binary) + byte_count, MemoryUse::kBinaries);
  if (memory == nullptr) return binary;
  binary = static_cast<Binary*>(memory);
  binary->capacity = byte_count;
  binary->used_bits = byte_count * 8;
  binary->bytes = reinterpret_cast<uint8_t*>(binary + 1);
  return binary;
}

Term must_make_bits(Allocator& heap, size_t bits, uint8_t** bytes) {
  const Term result = make_bits_uninitialised(heap, bits, bytes);
  if (result.is_none()) fatal("out of memory: a binary of %zu bytes", bits / 8);
  return result;
}

Binary* new_appendable(size_t room_bits, size_t used_bits) {
  Binary* binary = try_new_binary(std::max((room_bits + 7) / 8, kMinAppendableBytes));
  if (binary != nullptr) binary->used_bits = used_bits;
  return binary;
}

namespace {

// A copy of `before` with `extra` bits of room behind it; none(): no memory.
Term copy_with_room(Allocator& heap, BitsView before, size_t extra, uint8_t** bytes) {
  const size_t total = before.size + extra;
  Term result;
  if (total <= kHeapBitsLimit * 8) {
    // Copied again by the next append, but that is cheaper than a buffer.
    result = make_bits_uninitialised(heap, total, bytes);
  } else {
    Binary* binary = new_appendable(2 * total, total);
    if (binary == nullptr) binary = new_appendable(total, total);
    if (binary == nullptr) return Term::none();
    *bytes = binary->bytes;
    result = make_bits_of(heap, binary, total);
  }
  copy_bits_padded(*bytes, before);
  return result;
}

}  // namespace

bool append_would_copy(Term prefix, size_t extra) {
  if (header_kind(prefix.header()) != Boxed::kSubBits) return true;
  const auto* view = reinterpret_cast<const SubBits*>(prefix.object());
  Binary* binary = reinterpret_cast<OffHeap*>(view->holder.object())->binary;
  const size_t end = view->bit_offset + view->bit_size;
  if (binary->capacity * 8 - end < extra) return true;
  return __atomic_load_n(&binary->used_bits, __ATOMIC_RELAXED) != end;
}

Term append_bits(Allocator& heap, Term prefix, size_t extra, uint8_t** bytes, size_t* bit_offset) {
  if (header_kind(prefix.header()) == Boxed::kSubBits) {
    const auto* view = reinterpret_cast<const SubBits*>(prefix.object());
    Binary* binary = reinterpret_cast<OffHeap*>(view->holder.object())->binary;
    const size_t end = view->bit_offset + view->bit_size;
    if (binary->capacity * 8 - end >= extra && claim_room(binary, end, extra)) {
      *bytes = binary->bytes;
      *bit_offset = end;
      Word* words = heap.alloc(kSubBitsWords);
      words[0] = make_header(Boxed::kSubBits, kSubBitsWords - 1);
      words[1] = view->bit_size + extra;
      words[2] = view->bit_offset;
      words[3] = view->holder.bits();
      return Term::boxed(words);
    }
  }
  const BitsView before = bits_view(prefix);
  *bit_offset = before.size;
  return copy_with_room(heap, before, extra, bytes);
}

}  // namespace joist
