#include "vm/codec/iolist.h"

#include "vm/heap/bit_syntax.h"

namespace joist {

namespace {

// Calls visitor.byte(uint8_t) and visitor.bits(Term) for the parts in order. False: not iodata,
// or a part that the visitor refused.
template <typename Visitor>
bool walk(Term iodata, Visitor& visitor) {
  if (is_bits(iodata)) return visitor.bits(iodata);
  std::vector<Term> tails;  // of the lists around the present one
  Term list = iodata;
  for (;;) {
    while (list.is_list()) {
      const Word* cell = list.cell();
      Term head = Term::from_bits(cell[0]);
      list = Term::from_bits(cell[1]);
      if (head.is_small()) {
        if (static_cast<uint64_t>(head.small_value()) > 255) return false;
        visitor.byte(static_cast<uint8_t>(head.small_value()));
      } else if (head.is_list()) {
        if (!list.is_nil()) tails.push_back(list);
        list = head;
      } else if (is_bits(head)) {
        if (!visitor.bits(head)) return false;
      } else if (!head.is_nil()) {
        return false;
      }
    }
    if (!list.is_nil() && !(is_bits(list) && visitor.bits(list))) return false;
    if (tails.empty()) return true;
    list = tails.back();
    tails.pop_back();
  }
}

struct SizeVisitor {
  bool whole_bytes;
  size_t size = 0;

  void byte(uint8_t) { size += 8; }
  bool bits(Term part) {
    size_t count = bits_size(part);
    if (whole_bytes && count % 8 != 0) return false;
    return !__builtin_add_overflow(size, count, &size);
  }
};

struct ByteVisitor {
  uint8_t* next;

  void byte(uint8_t value) { *next++ = value; }
  bool bits(Term part) {
    BitsView view = bits_view(part);
    if (view.size == 0) return true;
    if (view.byte_aligned()) {
      std::memcpy(next, view.bytes(), view.size / 8);
    } else {
      copy_bits(next, 0, view.base, view.offset, view.size);
    }
    next += view.size / 8;
    return true;
  }
};

struct BitVisitor {
  BitWriter writer;

  void byte(uint8_t value) { writer.put_bits_of(value, 8, false); }
  bool bits(Term part) {
    writer.put(bits_view(part));
    return true;
  }
};

// Joins small parts in a buffer and refers to large ones.
class IovecVisitor {
 public:
  explicit IovecVisitor(Allocator& heap) : heap_(heap), parts_(heap) {}

  void byte(uint8_t value) {
    if (!has_room(1)) flush();
    buffer_.push_back(value);
  }

  bool bits(Term part) {
    size_t bits = bits_size(part);
    size_t size = bits / 8;
    if (bits % 8 != 0) return false;
    if (size == 0) return true;
    bool part_is_small = size < kSmallPart;
    if (!part_is_small && (buffer_.empty() || buffer_.size() >= kSmallPart)) {
      flush();
      parts_.add(part);
    } else if (part_is_small || size + buffer_.size() < 2 * kSmallPart) {
      if (!has_room(size)) flush();
      append(bits_view(part));
    } else {
      // Fill up what is in the buffer; the rest of the part stands for itself.
      size_t spill = kSmallPart - buffer_.size();
      append(bits_view(part).part(0, spill * 8));
      flush();
      parts_.add(make_part(heap_, part, spill * 8, bits - spill * 8));
    }
    return true;
  }

  Term finish() {
    flush();
    return parts_.finish();
  }

 private:
  static constexpr size_t kSmallPart = 256;
  static constexpr size_t kMaxBuffer = 32 * kSmallPart;

  bool has_room(size_t count) const {
    return buffer_.size() + count <= buffer_.capacity() || buffer_.capacity() < kMaxBuffer;
  }
  void append(BitsView part) {
    size_t before = buffer_.size();
    buffer_.resize(before + part.size / 8);
    copy_bits(buffer_.data() + before, 0, part.base, part.offset, part.size);
  }
  void flush() {
    if (buffer_.empty()) return;
    parts_.add(make_binary(heap_, buffer_));
    buffer_.clear();
  }

  Allocator& heap_;
  ListBuilder parts_;
  std::vector<uint8_t> buffer_;
};

// [Part]: the part itself is the result.
bool is_single_part(Term iodata, IolistKind kind) {
  if (!iodata.is_list() || !iodata.tail().is_nil()) return false;
  return kind == IolistKind::kBits ? is_bits(iodata.head()) : is_binary(iodata.head());
}

}  // namespace

std::optional<size_t> iolist_bits(Term iodata, IolistKind kind) {
  if (!iodata.is_list() && !iodata.is_nil() && !is_bits(iodata)) return std::nullopt;
  SizeVisitor visitor{kind == IolistKind::kBytes};
  if (!walk(iodata, visitor)) return std::nullopt;
  return visitor.size;
}

void iolist_write(Term iodata, uint8_t* bytes) {
  BitVisitor visitor{BitWriter(bytes, 0)};
  walk(iodata, visitor);
  visitor.writer.finish();
}

Term iolist_to_bits(Allocator& heap, Term iodata, IolistKind kind) {
  if (is_single_part(iodata, kind)) return iodata.head();
  std::optional<size_t> bits = iolist_bits(iodata, kind);
  if (!bits) return Term::none();
  if (is_bits(iodata)) return iodata;
  uint8_t* bytes;
  Term result = make_bits_uninitialised(heap, *bits, &bytes);
  if (kind == IolistKind::kBits) {
    iolist_write(iodata, bytes);
  } else {
    ByteVisitor visitor{bytes};
    walk(iodata, visitor);
  }
  return result;
}

Term iolist_to_iovec(Allocator& heap, Term iodata) {
  if (!iodata.is_list() && !iodata.is_nil() && !is_bits(iodata)) return Term::none();
  if (is_binary(iodata)) {
    return bits_size(iodata) == 0 ? Term::nil() : make_cons(heap, iodata, Term::nil());
  }
  IovecVisitor visitor(heap);
  if (!walk(iodata, visitor)) return Term::none();
  return visitor.finish();
}

bool IolistBytes::load(Term iodata) {
  if (is_binary(iodata)) {
    bytes_ = binary_bytes(iodata, scratch_);
    return true;
  }
  std::optional<size_t> size = iolist_size(iodata);
  if (!size) return false;
  uint8_t* copy = scratch_.reserve(*size);
  ByteVisitor visitor{copy};
  walk(iodata, visitor);
  bytes_ = ByteSpan(copy, *size);
  return true;
}

}  // namespace joist
