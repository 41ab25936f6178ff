#include "vm/io/output.h"

#include <algorithm>
#include <climits>
#include <utility>

#include "vm/codec/iolist.h"
#include "vm/heap/builder.h"
#include "vm/term/bits.h"

namespace joist {

namespace {

// Binaries from this size on are referred to.
constexpr size_t kReferredBytes = 512;
constexpr size_t kSmallestBuffer = 256;
constexpr size_t kLargestBuffer = 64 * 1024;

// The buffer that a bitstring lies in; null: on a heap.
Binary* buffer_of(Term bits) {
  Word* object = bits.object();
  if (header_kind(*object) != Boxed::kSubBits) return nullptr;
  const auto* sub = reinterpret_cast<const SubBits*>(object);
  return reinterpret_cast<const OffHeap*>(sub->holder.object())->binary;
}

}  // namespace

OutputData::OutputData(OutputData&& other) noexcept
    : pieces_(std::exchange(other.pieces_, {})),
      size_(std::exchange(other.size_, 0)),
      room_(std::exchange(other.room_, 0)) {}

OutputData& OutputData::operator=(OutputData&& other) noexcept {
  if (this != &other) {
    clear();
    pieces_.swap(other.pieces_);
    size_ = std::exchange(other.size_, 0);
    room_ = std::exchange(other.room_, 0);
  }
  return *this;
}

class OutputData::Visitor {
 public:
  static constexpr bool kByContent = false;
  explicit Visitor(OutputData& data) : data_(data) {}

  void byte(uint8_t value) { *data_.extend(1) = value; }
  bool bits(Term part) {
    if (bits_size(part) % 8 != 0) return false;
    const BitsView view = bits_view(part);
    const size_t size = view.size / 8;
    if (size == 0) return true;
    Binary* buffer = size >= kReferredBytes && view.byte_aligned() ? buffer_of(part) : nullptr;
    if (buffer != nullptr) {
      buffer->retain();
      data_.add_piece(buffer, view.bytes(), size);
    } else {
      copy_bits(data_.extend(size), 0, view.base, view.offset, view.size);
    }
    return true;
  }

 private:
  OutputData& data_;
};

std::optional<OutputData> OutputData::of_iodata(Term iodata) {
  OutputData data;
  Visitor visitor(data);
  int64_t budget = INT64_MAX;
  if (!is_bits(iodata) && !iodata.is_list() && !iodata.is_nil()) return std::nullopt;
  if (IolistWalk(iodata).run(visitor, &budget) != Progress::kDone) return std::nullopt;
  return data;
}

void OutputData::add_piece(Binary* binary, const uint8_t* bytes, size_t size) {
  pieces_.push_back({binary, bytes, size});
  size_ += size;
  room_ = 0;
}

uint8_t* OutputData::extend(size_t count) {
  if (room_ < count) {
    const size_t wanted = std::clamp(size_, kSmallestBuffer, kLargestBuffer);
    const size_t capacity = std::max(wanted, count);
    Binary* buffer = new_binary(capacity);
    add_piece(buffer, buffer->bytes, 0);
    room_ = capacity;
  }
  Piece& last = pieces_.back();
  uint8_t* place = const_cast<uint8_t*>(last.bytes) + last.size;
  last.size += count;
  size_ += count;
  room_ -= count;
  return place;
}

void OutputData::append(ByteSpan bytes) {
  if (!bytes.empty()) std::copy(bytes.begin(), bytes.end(), extend(bytes.size()));
}

void OutputData::append(OutputData&& other) {
  for (const Piece& piece : other.pieces_) pieces_.push_back(piece);
  size_ += other.size_;
  room_ = other.pieces_.empty() ? room_ : other.room_;
  other.pieces_.clear();
  other.size_ = other.room_ = 0;
}

size_t OutputData::peek(std::span<ByteSpan> pieces) const {
  const size_t count = std::min(pieces.size(), pieces_.size());
  for (size_t i = 0; i < count; ++i) pieces[i] = {pieces_[i].bytes, pieces_[i].size};
  return count;
}

void OutputData::drop(size_t count) {
  JOIST_CHECK(count <= size_);
  size_ -= count;
  while (count != 0) {
    Piece& first = pieces_.front();
    if (first.size > count) {
      first.bytes += count;
      first.size -= count;
      return;
    }
    count -= first.size;
    first.binary->release();
    pieces_.pop_front();
  }
  if (size_ == 0) clear();
}

bool OutputData::take(std::span<uint8_t> to) {
  if (to.size() > size_) return false;
  while (!to.empty()) {
    const Piece& first = pieces_.front();
    const size_t count = std::min(to.size(), first.size);
    std::copy_n(first.bytes, count, to.begin());
    to = to.subspan(count);
    drop(count);
  }
  return true;
}

void OutputData::clear() {
  for (const Piece& piece : pieces_) piece.binary->release();
  pieces_.clear();
  size_ = room_ = 0;
}

std::vector<uint8_t> OutputData::joined() const {
  std::vector<uint8_t> bytes;
  bytes.reserve(size_);
  for (const Piece& piece : pieces_) {
    bytes.insert(bytes.end(), piece.bytes, piece.bytes + piece.size);
  }
  return bytes;
}

}  // namespace joist
