// Bytes of binaries that wait to be used up from the front, as enif_ioq_* keeps them: natives
// that outlive a call hold the buffers themselves, no terms. Large off-heap binaries are shared;
// what lies on a heap, or not at whole bytes, is copied.
//
//   front -> | piece | piece | piece | ... <- back        a piece: a buffer and bytes of it
#pragma once

#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "vm/heap/builder.h"

namespace joist {

// A reference to some bytes of an off-heap buffer.
class BinaryPiece {
 public:
  // Takes over the caller's reference.
  BinaryPiece(Binary* binary, ByteSpan bytes) : binary_(binary), bytes_(bytes) {}
  BinaryPiece(BinaryPiece&& other) noexcept
      : binary_(std::exchange(other.binary_, nullptr)), bytes_(other.bytes_) {}
  BinaryPiece& operator=(BinaryPiece&& other) noexcept {
    std::swap(binary_, other.binary_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~BinaryPiece() {
    if (binary_ != nullptr) binary_->release();
  }

  Binary* binary() const { return binary_; }
  ByteSpan bytes() const { return bytes_; }
  void drop_front(size_t count) { bytes_ = bytes_.subspan(count); }
  // The bytes as a binary.
  Term make_term(Allocator& heap) const;

 private:
  Binary* binary_;
  ByteSpan bytes_;
};

// The elements of a list of binaries up to the `limit`th.
struct IovecPart {
  std::vector<Term> binaries;  // those that are not empty
  size_t bytes = 0;
  Term rest = Term::nil();
};
// nullopt: not a list, or an element is no binary.
std::optional<IovecPart> take_iovec(Term list, size_t limit);

class IoQueue {
 public:
  size_t size() const { return size_; }
  const std::deque<BinaryPiece>& pieces() const { return pieces_; }

  void add(BinaryPiece piece) {
    if (piece.bytes().empty()) return;
    size_ += piece.bytes().size();
    pieces_.push_back(std::move(piece));
  }
  void add_front(BinaryPiece piece) {
    if (piece.bytes().empty()) return;
    size_ += piece.bytes().size();
    pieces_.push_front(std::move(piece));
  }
  // False: no memory; nothing was added.
  bool add(const IovecPart& part);
  // Precondition: count <= size().
  void drop(size_t count);
  // The first `count` bytes, which stay; precondition as above.
  void copy(uint8_t* to, size_t count) const;
  void clear() {
    pieces_.clear();
    size_ = 0;
  }

 private:
  std::deque<BinaryPiece> pieces_;
  size_t size_ = 0;
};

}  // namespace joist
