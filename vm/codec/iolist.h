// Iodata: bytes (0..255), binaries, and lists of these, whose tails may be binaries too. With
// kBits, bitstrings of any size take the place of binaries.
//
// All walks are iterative; nothing is copied on the way to its destination.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "vm/base/progress.h"
#include "vm/heap/bit_syntax.h"
#include "vm/heap/builder.h"
#include "vm/term/bits.h"

namespace joist {

enum class IolistKind { kBytes, kBits };

// A walk over the parts of iodata, in order, that can stop and go on. Each part goes to a visitor:
//
//   void byte(uint8_t);
//   bool bits(Term);      // kByContent false: false refuses the part
//   bool bits(BitsView);  // kByContent true: long parts come in pieces of whole bytes
//
// What a budget counts are elements, and kBytesPerStep bytes of what comes by content. Terms must
// stay where they are while the walk is under way.
class IolistWalk {
 public:
  explicit IolistWalk(Term iodata) : at_(iodata) {}

  template <typename Visitor>
  Progress run(Visitor& visitor, int64_t* budget) {
    int64_t left = *budget;
    const Progress progress = go_on(visitor, left);
    *budget = left;
    return progress;
  }

 private:
  template <typename Visitor>
  Progress go_on(Visitor& visitor, int64_t& left);
  // The part, or a piece of it: then what is left of the list waits behind it.
  template <typename Visitor>
  Progress take(Visitor& visitor, Term part, int64_t& left);

  Term at_;                  // what is left of the innermost list, or a last part
  Term part_ = Term::nil();  // bits that have been begun
  size_t part_taken_ = 0;    // so many of them
  bool at_end_ = false;      // the part is the tail of the innermost list
  std::vector<Term> tails_;  // of the lists around it
};

template <typename Visitor>
Progress IolistWalk::take(Visitor& visitor, Term part, int64_t& left) {
  if constexpr (!Visitor::kByContent) {
    return visitor.bits(part) ? Progress::kDone : Progress::kRefused;
  } else {
    const BitsView view = bits_view(part);
    const size_t limit = static_cast<size_t>(left > 64 ? left : 64) * kBytesPerStep * 8;
    const size_t rest = view.size - part_taken_;
    const size_t count = rest < limit ? rest : limit;
    left -= static_cast<int64_t>(count / (8 * kBytesPerStep));
    if (!visitor.bits(view.part(part_taken_, count))) return Progress::kRefused;
    if (count == rest) {
      part_taken_ = 0;
      part_ = Term::nil();
      return Progress::kDone;
    }
    part_ = part;
    part_taken_ += count;
    return Progress::kPaused;
  }
}

template <typename Visitor>
Progress IolistWalk::go_on(Visitor& visitor, int64_t& left) {
  if (!part_.is_nil()) {
    const Progress progress = take(visitor, part_, left);
    if (progress != Progress::kDone) return progress;
    if (at_end_) at_ = Term::nil();
  }
  for (;;) {
    while (at_.is_list()) {
      if (--left <= 0) return Progress::kPaused;
      const Word* cell = at_.cell();
      const Term head = Term::from_bits(cell[0]);
      at_ = Term::from_bits(cell[1]);
      if (head.is_small()) {
        if (static_cast<uint64_t>(head.small_value()) > 255) return Progress::kRefused;
        visitor.byte(static_cast<uint8_t>(head.small_value()));
      } else if (head.is_list()) {
        if (!at_.is_nil()) tails_.push_back(at_);
        at_ = head;
      } else if (is_bits(head)) {
        at_end_ = false;
        const Progress progress = take(visitor, head, left);
        if (progress != Progress::kDone) return progress;
      } else if (!head.is_nil()) {
        return Progress::kRefused;
      }
    }
    if (!at_.is_nil()) {
      if (!is_bits(at_)) return Progress::kRefused;
      at_end_ = true;
      const Progress progress = take(visitor, at_, left);
      if (progress != Progress::kDone) return progress;
      at_ = Term::nil();
    }
    if (tails_.empty()) return Progress::kDone;
    at_ = tails_.back();
    tails_.pop_back();
  }
}

// The size of iodata, measured in slices.
class IolistMeasure {
 public:
  explicit IolistMeasure(Term iodata) : walk_(iodata) {}
  Progress run(int64_t* budget);
  // In bytes, when done.
  size_t size() const { return size_; }

 private:
  IolistWalk walk_;
  size_t size_ = 0;
};

// One binary (bitstring) of iodata, made in slices.
class IolistJoin {
 public:
  IolistJoin(Allocator& heap, Term iodata, IolistKind kind)
      : heap_(heap), iodata_(iodata), kind_(kind), walk_(iodata) {}

  Progress run(int64_t* budget);
  // When done.
  Term result() const { return result_; }

 private:
  Allocator& heap_;
  Term iodata_;
  IolistKind kind_;
  IolistWalk walk_;
  size_t size_ = 0;          // in bits
  uint8_t* next_ = nullptr;  // of whole bytes; null: the size is not known yet
  BitWriter writer_;         // of bits
  Term result_ = Term::none();
};

// A list of binaries, none empty, that make up iodata, made in slices: small parts are joined,
// large binaries are referred to. The parts are cut as OTP does.
class IovecMaker {
 public:
  IovecMaker(Allocator& heap, Term iodata);
  IovecMaker(IovecMaker&&);
  ~IovecMaker();

  Progress run(int64_t* budget);
  Term finish();

 private:
  class Visitor;
  IolistWalk walk_;
  std::unique_ptr<Visitor> visitor_;
};

// Size in bits. nullopt: not iodata.
std::optional<size_t> iolist_bits(Term iodata, IolistKind kind = IolistKind::kBytes);
// Size in bytes of iodata without odd bits.
inline std::optional<size_t> iolist_size(Term iodata) {
  std::optional<size_t> bits = iolist_bits(iodata);
  if (bits) *bits /= 8;
  return bits;
}

// One binary (bitstring) of it all; the binary itself where it is the only part. none(): not
// iodata.
Term iolist_to_bits(Allocator& heap, Term iodata, IolistKind kind = IolistKind::kBytes);

// The bytes of iodata in one piece, in place where it is a binary. Valid while `term` stays.
class IolistBytes {
 public:
  // False: not iodata.
  bool load(Term iodata);
  ByteSpan bytes() const { return bytes_; }

 private:
  ByteSpan bytes_;
  ByteScratch scratch_;
};

}  // namespace joist
