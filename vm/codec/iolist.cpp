#include "vm/codec/iolist.h"

#include "vm/heap/binary.h"

namespace joist {

namespace {

constexpr int64_t kUnlimited = INT64_MAX;

struct SizeVisitor {
  static constexpr bool kByContent = false;
  bool whole_bytes;
  size_t size = 0;

  void byte(uint8_t) { size += 8; }
  bool bits(Term part) {
    size_t count = bits_size(part);
    if (whole_bytes && count % 8 != 0) return false;
    return !__builtin_add_overflow(size, count, &size);
  }
};

// Of parts that may be the same binary many times, so that they need not fit any memory.
struct ByteCounter {
  static constexpr bool kByContent = false;
  size_t size = 0;

  void byte(uint8_t) { ++size; }
  bool bits(Term part) {
    const size_t count = bits_size(part);
    return count % 8 == 0 && !__builtin_add_overflow(size, count / 8, &size);
  }
};

struct ByteVisitor {
  static constexpr bool kByContent = true;
  uint8_t* next;

  void byte(uint8_t value) { *next++ = value; }
  bool bits(BitsView view) {
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
  static constexpr bool kByContent = true;
  BitWriter writer;

  void byte(uint8_t value) { writer.put_bits_of(value, 8, false); }
  bool bits(BitsView view) {
    writer.put(view);
    return true;
  }
};

// [Part]: the part itself is the result.
bool is_single_part(Term iodata, IolistKind kind) {
  if (!iodata.is_list() || !iodata.tail().is_nil()) return false;
  return kind == IolistKind::kBits ? is_bits(iodata.head()) : is_binary(iodata.head());
}

}  // namespace

std::optional<size_t> iolist_bits(Term iodata, IolistKind kind) {
  SizeVisitor visitor{kind == IolistKind::kBytes};
  int64_t budget = kUnlimited;
  if (IolistWalk(iodata).run(visitor, &budget) != Progress::kDone) return std::nullopt;
  return visitor.size;
}

Progress IolistMeasure::run(int64_t* budget) {
  ByteCounter counter{size_};
  const Progress progress = walk_.run(counter, budget);
  size_ = counter.size;
  return progress;
}

Progress IolistJoin::run(int64_t* budget) {
  if (result_.is_none()) {
    if (is_single_part(iodata_, kind_)) {
      result_ = iodata_.head();
      return Progress::kDone;
    }
    SizeVisitor sizes{kind_ == IolistKind::kBytes, size_};
    const Progress progress = walk_.run(sizes, budget);
    size_ = sizes.size;
    if (progress != Progress::kDone) return progress;
    if (is_bits(iodata_)) {
      result_ = iodata_;
      return Progress::kDone;
    }
    result_ = must_make_bits(heap_, size_, &next_);
    writer_ = BitWriter(next_, 0);
    walk_ = IolistWalk(iodata_);
  }
  if (kind_ == IolistKind::kBytes) {
    ByteVisitor visitor{next_};
    const Progress progress = walk_.run(visitor, budget);
    next_ = visitor.next;
    return progress;
  }
  BitVisitor visitor{writer_};
  const Progress progress = walk_.run(visitor, budget);
  writer_ = visitor.writer;
  if (progress == Progress::kDone) writer_.finish();
  return progress;
}

Term iolist_to_bits(Allocator& heap, Term iodata, IolistKind kind) {
  IolistJoin join(heap, iodata, kind);
  int64_t budget = kUnlimited;
  return join.run(&budget) == Progress::kDone ? join.result() : Term::none();
}

// Joins small parts in a buffer and refers to large ones.
class IovecMaker::Visitor {
 public:
  static constexpr bool kByContent = false;
  explicit Visitor(Allocator& heap) : heap_(heap), parts_(heap) {}

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

IovecMaker::IovecMaker(Allocator& heap, Term iodata) : walk_(iodata), visitor_(new Visitor(heap)) {}
IovecMaker::IovecMaker(IovecMaker&&) = default;
IovecMaker::~IovecMaker() = default;

Progress IovecMaker::run(int64_t* budget) { return walk_.run(*visitor_, budget); }
Term IovecMaker::finish() { return visitor_->finish(); }

bool IolistBytes::load(Term iodata) {
  if (is_binary(iodata)) {
    bytes_ = binary_bytes(iodata, scratch_);
    return true;
  }
  std::optional<size_t> size = iolist_size(iodata);
  if (!size) return false;
  uint8_t* copy = scratch_.reserve(*size);
  ByteVisitor visitor{copy};
  int64_t budget = kUnlimited;
  IolistWalk(iodata).run(visitor, &budget);
  bytes_ = ByteSpan(copy, *size);
  return true;
}

}  // namespace joist
