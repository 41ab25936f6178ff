#include "vm/heap/binary.h"

#include <algorithm>
#include <cstdlib>

#include "vm/term/bits.h"

namespace joist {

namespace {

// Smallest buffer for appending, as in OTP.
constexpr size_t kMinAppendableBytes = 256;

void free_binary(Binary* binary) { free(binary); }

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

Binary* new_binary(size_t byte_count) {
  size_t bytes;
  Binary* binary = nullptr;
  if (!__builtin_add_overflow(sizeof(Binary), byte_count, &bytes)) {
    binary = static_cast<Binary*>(malloc(bytes));
  }
  if (binary == nullptr) fatal("out of memory: a binary of %zu bytes", byte_count);
  binary->reference_count = 1;
  binary->destroy = free_binary;
  binary->capacity = byte_count;
  binary->used_bits = byte_count * 8;
  binary->bytes = reinterpret_cast<uint8_t*>(binary + 1);
  return binary;
}

Binary* new_appendable(size_t bits, size_t used_bits) {
  Binary* binary = new_binary(std::max((bits + 7) / 8, kMinAppendableBytes));
  binary->used_bits = used_bits;
  return binary;
}

Term append_bits(Allocator& heap, Term prefix, size_t extra, uint8_t** bytes, size_t* bit_offset) {
  const size_t total = bits_size(prefix) + extra;
  if (header_kind(prefix.header()) == Boxed::kSubBits) {
    const auto* view = reinterpret_cast<const SubBits*>(prefix.object());
    Binary* binary = reinterpret_cast<OffHeap*>(view->holder.object())->binary;
    size_t end = view->bit_offset + view->bit_size;
    if (binary->capacity * 8 - end >= extra && claim_room(binary, end, extra)) {
      *bytes = binary->bytes;
      *bit_offset = end;
      Word* words = heap.alloc(kSubBitsWords);
      words[0] = make_header(Boxed::kSubBits, kSubBitsWords - 1);
      words[1] = total;
      words[2] = view->bit_offset;
      words[3] = view->holder.bits();
      return Term::boxed(words);
    }
  }
  const BitsView before = bits_view(prefix);
  Binary* binary = new_appendable(2 * total, total);
  copy_bits_padded(binary->bytes, before);
  *bytes = binary->bytes;
  *bit_offset = before.size;
  return make_bits_of(heap, binary, total);
}

}  // namespace joist
