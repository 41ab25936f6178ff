// Bytes on their way out of the VM: iodata turned into pieces that need no heap, and what a driver
// has not written yet. Large binaries are referred to, the rest is copied into buffers.
//
//   pieces   | header | copied bytes | view of a large binary | copied bytes | ...
//            ^ first: what is written is dropped from here
#pragma once

#include <deque>
#include <optional>

#include "vm/base/bytes.h"
#include "vm/term/boxed.h"

namespace joist {

class OutputData {
 public:
  OutputData() = default;
  OutputData(OutputData&& other) noexcept;
  OutputData& operator=(OutputData&& other) noexcept;
  ~OutputData() { clear(); }

  // nullopt: not iodata.
  static std::optional<OutputData> of_iodata(Term iodata);

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  void append(ByteSpan bytes);
  void append(OutputData&& other);
  // The first pieces; returns how many.
  size_t peek(std::span<ByteSpan> pieces) const;
  void drop(size_t count);
  // Moves the first bytes to there; false: there are less.
  bool take(std::span<uint8_t> to);
  void clear();
  // All of it in one piece.
  std::vector<uint8_t> joined() const;
  struct Piece {
    Binary* binary;  // one reference is the piece's
    const uint8_t* bytes;
    size_t size;
  };
  const std::deque<Piece>& pieces() const { return pieces_; }

 private:
  class Visitor;
  void add_piece(Binary* binary, const uint8_t* bytes, size_t size);
  // Room for `count` more bytes behind the last piece, in a buffer of its own; the caller fills it.
  uint8_t* extend(size_t count);

  std::deque<Piece> pieces_;
  size_t size_ = 0;
  // The last piece is a buffer that is only this object's, with so much room left.
  size_t room_ = 0;
};

}  // namespace joist
