#include "vm/heap/io_queue.h"

#include <algorithm>
#include <cstring>

#include "vm/term/bits.h"

namespace joist {

namespace {

// The buffer that holds the binary's bytes at whole bytes; null: they must be copied.
Binary* shared_buffer(Term binary) {
  if (!is_kind(binary, Boxed::kSubBits) || !bits_view(binary).byte_aligned()) return nullptr;
  const auto* view = reinterpret_cast<const SubBits*>(binary.object());
  return reinterpret_cast<OffHeap*>(view->holder.object())->binary;
}

}  // namespace

Term BinaryPiece::make_term(Allocator& heap) const {
  const auto offset = static_cast<size_t>(bytes_.data() - binary_->bytes);
  binary_->retain();
  return make_sub_bits(heap, make_bin_ref(heap, binary_), offset * 8, bytes_.size() * 8);
}

std::optional<IovecPart> take_iovec(Term list, size_t limit) {
  IovecPart part;
  size_t count = 0;
  for (; list.is_list() && count < limit; list = list.tail()) {
    const Term element = list.head();
    if (!is_bits(element)) return std::nullopt;
    ++count;
    // Less than a byte counts as empty.
    if (bits_size(element) < 8) continue;
    if (!is_binary(element)) return std::nullopt;
    part.binaries.push_back(element);
    part.bytes += bits_size(element) / 8;
  }
  if (!list.is_list() && !list.is_nil()) return std::nullopt;
  part.rest = list;
  return part;
}

bool IoQueue::add(const IovecPart& part) {
  std::vector<BinaryPiece> pieces;
  pieces.reserve(part.binaries.size());
  for (const Term term : part.binaries) {
    const BitsView view = bits_view(term);
    const size_t size = view.size / 8;
    if (Binary* shared = shared_buffer(term)) {
      shared->retain();
      pieces.emplace_back(shared, ByteSpan(view.bytes(), size));
      continue;
    }
    Binary* copy = try_new_binary(size);
    if (copy == nullptr) return false;
    copy_bits_padded(copy->bytes, view);
    pieces.emplace_back(copy, ByteSpan(copy->bytes, size));
  }
  for (BinaryPiece& piece : pieces) add(std::move(piece));
  return true;
}

void IoQueue::drop(size_t count) {
  JOIST_ASSERT(count <= size_);
  size_ -= count;
  while (count > 0) {
    const size_t front = pieces_.front().bytes().size();
    if (count < front) return pieces_.front().drop_front(count);
    pieces_.pop_front();
    count -= front;
  }
}

void IoQueue::copy(uint8_t* to, size_t count) const {
  JOIST_ASSERT(count <= size_);
  for (auto piece = pieces_.begin(); count > 0; ++piece) {
    const size_t copied = std::min(count, piece->bytes().size());
    memcpy(to, piece->bytes().data(), copied);
    to += copied;
    count -= copied;
  }
}

}  // namespace joist
