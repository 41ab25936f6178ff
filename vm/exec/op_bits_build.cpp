// Bit syntax: construction. bs_create_bin measures all segments, then writes them in one go. The
// older family (OTP 25's compiler still emits parts of it) makes the bitstring first and fills it
// with one instruction a segment; the place to write is kept in the process.
#include "vm/exec/bit_segment.h"
#include "vm/exec/dispatch.h"
#include "vm/exec/long_instruction.h"
#include "vm/exec/support.h"
#include "vm/heap/binary.h"
#include "vm/term/bits.h"

namespace joist {
namespace {

Flow raise_status(State& s, int32_t fail, BuildStatus status) {
  if (fail != 0) return Flow::kFail;
  s.save();
  return raise_fault(s.process(), {status, Term::none(), Term::none(), Term::none(), 0});
}

// --- bs_create_bin ---

// Where its operands are: save_x() was done, so all registers are in memory.
struct Sources {
  Registers* r;
  Word* sp;

  [[gnu::always_inline]] Term operator[](Word source) const {
    if (!is_register_source(source)) return Term::from_bits(source);
    const uint16_t code = register_of_source(source);
    void* base = code & 1 ? reinterpret_cast<char*>(sp) - 1 : reinterpret_cast<char*>(r->x);
    return Term::from_bits(slot_at(base, code));
  }
};

[[gnu::always_inline]] inline SegmentType segment_type(Word head) {
  return static_cast<SegmentType>(head & 0x7f);
}
[[gnu::always_inline]] inline bool is_short(Word head) {
  return segment_type(head) <= SegmentType::kShortLittle;
}

// A segment with all that it names. The size of a fixed one is not a term: see measure().
Segment segment_at(const Sources& sources, const Cell* cells) {
  Segment segment = {
      segment_type(cells[0]), segment_head_flags(cells[0]), Term::nil(), Term::nil(), nullptr, 0};
  if (segment.type == SegmentType::kString) {
    segment.string = reinterpret_cast<const uint8_t*>(cells[1]);
    segment.string_bytes = cells[2];
    return segment;
  }
  segment.value = sources[cells[1]];
  segment.size = cells[0] & kFixedSegment
                     ? Term::small(static_cast<int64_t>(cells[2] / segment_unit(segment.flags)))
                     : sources[cells[2]];
  return segment;
}

// The bits of the whole of a bitstring, the usual segment whose size is no constant. False: one
// for measure().
[[gnu::always_inline]] inline bool measure_whole(const Sources& sources, const Cell* cells,
                                                 size_t* bits) {
  const SegmentType type = segment_type(cells[0]);
  if (type < SegmentType::kBinaryAll || type > SegmentType::kPrivateAppend) return false;
  const Term value = sources[cells[1]];
  const size_t unit = segment_unit(segment_head_flags(cells[0]));
  if (!is_bits(value) || unit > 8 || (unit & (unit - 1)) != 0) return false;
  *bits = bits_size(value);
  return (*bits & (unit - 1)) == 0;
}

// Whether write_short() may write it.
[[gnu::always_inline]] inline bool may_be_short(Word head) {
  return segment_type(head) <= SegmentType::kUtf16;
}

// Whether the segment is a character that is written as one integer, as a short segment is.
[[gnu::always_inline]] inline bool is_encoded(Word head) {
  const SegmentType type = segment_type(head);
  return type == SegmentType::kUtf8 ||
         (type == SegmentType::kUtf16 && !segment_little(segment_head_flags(head)));
}
[[gnu::always_inline]] inline EncodedCharacter encoded_character(Word head, Term value) {
  const auto character = static_cast<uint32_t>(value.small_value());
  return segment_type(head) == SegmentType::kUtf8 ? encode_utf8(character)
                                                  : encode_utf16(character);
}
[[gnu::always_inline]] inline bool measure_encoded(const Sources& sources, const Cell* cells,
                                                   size_t* bits) {
  if (!is_encoded(cells[0])) return false;
  const Term value = sources[cells[1]];
  if (!is_unicode(value)) return false;
  *bits = encoded_character(cells[0], value).bits;
  return true;
}

// Adds the bits of the segments whose size is no constant. False: *fault is set.
[[gnu::always_inline]] inline bool measure_all(const Sources& sources, const Cell* cells,
                                               size_t cell_count, size_t* total,
                                               BuildFault* fault) {
  for (size_t i = 0; i < cell_count; i += kSegmentCells) {
    if (cells[i] & kFixedSegment) continue;
    size_t bits;
    bool good = measure_whole(sources, cells + i, &bits) ||
                measure_encoded(sources, cells + i, &bits) ||
                measure(segment_at(sources, cells + i), &bits, fault);
    if (good && (*total += bits) > kMaxBuildBits) {
      *fault = {BuildStatus::kSystemLimit, Term::none(), Term::none(), Term::none(), 0};
      good = false;
    }
    if (good) continue;
    fault->segment = segment_head_number(cells[i]);
    return false;
  }
  return true;
}

// Writes as many short segments as follow each other, gathered in one word. How many cells they
// have.
[[gnu::always_inline]] inline size_t write_short(const Sources& sources, BitWriter& writer,
                                                 const Cell* cells, size_t cell_count) {
  uint64_t gathered = 0;
  size_t gathered_bits = 0;
  size_t i = 0;
  for (; i < cell_count && may_be_short(cells[i]); i += kSegmentCells) {
    const Term value = sources[cells[i + 1]];
    if (!is_short(cells[i])) [[unlikely]] {
      const EncodedCharacter encoded = encoded_character(cells[i], value);
      if (gathered_bits + encoded.bits > kShortSegmentBits || !is_encoded(cells[i])) break;
      gathered = gathered << encoded.bits | encoded.number;
      gathered_bits += encoded.bits;
      continue;
    }
    const size_t bits = cells[i + 2];
    if (!value.is_small() || gathered_bits + bits > kShortSegmentBits) break;
    auto number = static_cast<uint64_t>(value.small_value()) << (64 - bits);
    if (segment_type(cells[i]) == SegmentType::kShortLittle) {
      number = __builtin_bswap64(number) << (64 - bits);
    }
    gathered = gathered << bits | number >> (64 - bits);
    gathered_bits += bits;
  }
  if (gathered_bits != 0) writer.put_short(gathered, gathered_bits);
  return i;
}

// Writes the segment at `cells`. False: *fault is set, but for its segment.
bool write_segment(const Sources& sources, BitWriter& writer, const Cell* cells,
                   BuildFault* fault) {
  const Segment segment = segment_at(sources, cells);
  size_t bits = cells[2];
  if (segment.type == SegmentType::kBinaryAll) {
    bits = bits_size(segment.value);
  } else if (!(cells[0] & kFixedSegment)) {
    measure(segment, &bits, fault);
  }
  return write(writer, segment, bits, fault);
}

bool appends(const Cell* cells, size_t cell_count) {
  if (cell_count == 0) return false;
  const SegmentType first = segment_type(cells[0]);
  return first == SegmentType::kAppend || first == SegmentType::kPrivateAppend;
}

// The bitstring of all segments, of `total` bits; none() with *fault set. save() was done.
[[gnu::always_inline]] inline Term create_bin(Process& p, const Sources& sources, const Cell* cells,
                                              size_t cell_count, size_t total, BuildFault* fault) {
  size_t next = 0;
  uint8_t* bytes;
  size_t offset = 0;
  Term result;
  if (appends(cells, cell_count)) {
    const Term prefix = sources[cells[1]];
    if (total == bits_size(prefix)) return prefix;
    result = append_bits(p.heap, prefix, total - bits_size(prefix), &bytes, &offset);
    next = kSegmentCells;
  } else {
    result = make_bits_uninitialised(p.heap, total, &bytes);
  }
  if (result.is_none()) {
    *fault = {BuildStatus::kSystemLimit, Term::none(), Term::none(), Term::none(), 0};
    return result;
  }
  BitWriter writer(bytes, offset);
  while (next < cell_count) {
    if (may_be_short(cells[next])) {
      const size_t written = write_short(sources, writer, cells + next, cell_count - next);
      next += written;
      if (written != 0) continue;
    }
    if (!write_segment(sources, writer, cells + next, fault)) {
      fault->segment = segment_head_number(cells[next]);
      return Term::none();
    }
    next += kSegmentCells;
  }
  writer.finish();
  p.charge(static_cast<int64_t>(total / 8 / 1024));
  return result;
}

// More bits are written than a scheduler has time for.
constexpr size_t kLongBits = size_t{8} << 20;
constexpr size_t kLongStressBits = size_t{8} << 10;
size_t long_bits(const Registers& registers) {
  return registers.gc_stress ? kLongStressBits : kLongBits;
}

[[gnu::always_inline]] inline bool is_long_to_create(const Sources& sources, const Cell* cells,
                                                     size_t cell_count, size_t total) {
  if (total <= kLongStressBits) [[likely]]
    return false;
  const size_t limit = long_bits(*sources.r);
  if (total <= limit) return false;
  if (!appends(cells, cell_count)) return true;
  const Term prefix = sources[cells[1]];
  const size_t extra = total - bits_size(prefix);
  return extra > limit || append_would_copy(prefix, extra);
}

// The same on a dirty thread.
struct Creation {
  const Cell* cells;
  size_t cell_count;
  size_t total;
  BuildFault fault;
  Term result;
  [[gnu::noinline]] void operator()(Process& p) {
    const Sources sources = {p.registers, p.heap.limit};
    result = create_bin(p, sources, cells, cell_count, total, &fault);
  }
};

// False: the instruction leaves. save() was done.
[[gnu::always_inline]] inline bool create_or_leave(State& s, const Cell* cells, size_t cell_count,
                                                   size_t total, Term* result, BuildFault* fault) {
  Process& p = s.process();
  if (p.suspended != nullptr) [[unlikely]] {
    const auto made = take_from_dirty<Creation>(p);
    *fault = made.fault;
    *result = made.result;
    return true;
  }
  const Sources sources = {s.r, s.sp};
  if (!measure_all(sources, cells, cell_count, &total, fault)) {
    *result = Term::none();
    return true;
  }
  if (is_long_to_create(sources, cells, cell_count, total) && on_scheduler(p)) [[unlikely]] {
    leave_for_dirty(s, Creation{cells, cell_count, total, {}, Term::none()});
    return false;
  }
  *result = create_bin(p, sources, cells, cell_count, total, fault);
  return true;
}

struct op_bs_create_bin : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto...) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto fail, auto words, auto fixed_bits,
                         auto destination, auto live, auto list) {
    s.save();
    Process& p = s.process();
    BuildFault fault;
    Term result;
    if (!create_or_leave(s, list.cells, list.field, fixed_bits.field, &result, &fault)) {
      return Flow::kLeave;
    }
    if (result.is_none()) {
      if (fail.field == 0) return raise_fault(p, fault);
      // What was built before the fault stays on the heap: the state must know of it.
      s.load();
      return Flow::kFail;
    }
    if (!tidy_heap_gc(p, live.field, &result, words.field)) return Flow::kLeave;
    s.load();
    destination.set(s, result);
    return Flow::kNext;
  }
};

// --- one instruction a segment ---

// Where bs_put_* writes.
BitWriter& writer_of(State& s) { return s.process().bit_writer; }

// Sets the writer to bit `offset` of `bytes`, hands out `result`, and makes sure of `words` more
// on the heap. Nothing collects until the last segment is written, as the result may lie there.
Flow start_writing(State& s, Term result, uint8_t* bytes, size_t offset, size_t bits,
                   auto destination) {
  writer_of(s) = BitWriter(bytes, offset);
  const size_t end = offset + bits;
  if (end % 8 != 0) bytes[end / 8] = end / 8 == offset / 8 ? bytes[end / 8] : uint8_t{0};
  s.load();
  destination.set(s, result);
  return Flow::kNext;
}

// Words that a bitstring of that size, or an appended view, takes on the heap at most.
size_t words_for(size_t bits) {
  return bits <= kHeapBitsLimit * 8 ? heap_bits_words(bits) : kSubBitsWords + kBinRefWords;
}

struct op_bs_init : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto...) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto fail, auto size, auto unit, auto words,
                         auto destination, auto live) {
    size_t bits = 0;
    const BuildStatus status = scaled_size(size.get(s), unit.field, &bits);
    if (status != BuildStatus::kOk) return raise_status(s, fail.field, status);
    const size_t need = words.field + words_for(bits);
    if (!s.has_room(need)) {
      if (collect_gc(s, need, live.field) != Flow::kNext) return Flow::kLeave;
    }
    s.save();
    uint8_t* bytes;
    const Term result = make_bits_uninitialised(s.process().heap, bits, &bytes);
    if (result.is_none()) return raise_status(s, fail.field, BuildStatus::kSystemLimit);
    return start_writing(s, result, bytes, 0, bits, destination);
  }
};

// What bs_append does once there is room; on a dirty thread where it copies much.
struct Appending {
  Term original;
  size_t bits;
  Term result;
  uint8_t* bytes;
  size_t offset;
  void operator()(Process& p) { result = append_bits(p.heap, original, bits, &bytes, &offset); }
};
bool is_long_append(const Process& p, Term original, size_t bits) {
  return bits_size(original) > long_bits(*p.registers) && on_scheduler(p) &&
         append_would_copy(original, bits);
}

struct op_bs_append : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto...) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto fail, auto size, auto prefix, auto unit,
                         auto words, auto destination, auto live) {
    size_t bits = 0;
    const BuildStatus status = scaled_size(size.get(s), 1, &bits);
    if (status != BuildStatus::kOk) return raise_status(s, fail.field, status);
    const Term original = prefix.get(s);
    if (!is_bits(original) || bits_size(original) % unit.field != 0) {
      return raise_status(s, fail.field, BuildStatus::kBadArg);
    }
    const size_t need = words.field + heap_bits_words(kHeapBitsLimit * 8);
    const bool is_back = s.process().suspended != nullptr;  // there was room when it left
    if (live.field != kNoCollection && !is_back && !s.has_room(need)) {
      if (collect_gc(s, need, live.field) != Flow::kNext) return Flow::kLeave;
    }
    s.save();
    Process& p = s.process();
    Appending work = {prefix.get(s), bits, Term::none(), nullptr, 0};  // it may have moved
    if (p.suspended != nullptr) [[unlikely]] {
      work = take_from_dirty<Appending>(p);
    } else if (is_long_append(p, work.original, bits)) {
      return leave_for_dirty(s, work);
    } else {
      work(p);
    }
    if (work.result.is_none()) return raise_status(s, fail.field, BuildStatus::kSystemLimit);
    return start_writing(s, work.result, work.bytes, work.offset, bits, destination);
  }
};

struct op_bs_init_writable : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*) {
    const Term wanted = s.x0;
    size_t bytes = 1024;
    if (wanted.is_small() && wanted.small_value() > 0 && wanted.small_value() < (1 << 30)) {
      bytes = static_cast<size_t>(wanted.small_value());
    }
    s.save();
    Process& p = s.process();
    Binary* buffer = new_appendable(bytes * 8, 0);
    if (buffer == nullptr) fatal("out of memory: a binary of %zu bytes", bytes);
    Term result = make_bits_of(p.heap, buffer, 0);
    if (!tidy_heap_gc(p, 0, &result)) return Flow::kLeave;
    s.load();
    s.x0 = result;
    return Flow::kNext;
  }
};

struct op_bs_add : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto...) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto fail, auto base, auto size, auto unit,
                         auto destination) {
    size_t first = 0;
    size_t second = 0;
    BuildStatus status = scaled_size(base.get(s), 1, &first);
    if (status == BuildStatus::kOk) status = scaled_size(size.get(s), unit.field, &second);
    if (status != BuildStatus::kOk) return raise_status(s, fail.field, status);
    destination.set(s, Term::small(static_cast<int64_t>(first + second)));
    return Flow::kNext;
  }
};

struct op_bs_utf8_size : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto character, auto destination) {
    const Term c = character.get(s);
    const size_t bytes =
        is_unicode(c) ? utf8_bits(static_cast<uint32_t>(c.small_value())) / 8 : size_t{4};
    destination.set(s, Term::small(static_cast<int64_t>(bytes)));
  }
};

struct op_bs_utf16_size : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto character, auto destination) {
    const Term c = character.get(s);
    const size_t bytes =
        is_unicode(c) ? utf16_bits(static_cast<uint32_t>(c.small_value())) / 8 : size_t{4};
    destination.set(s, Term::small(static_cast<int64_t>(bytes)));
  }
};

// What bs_put_* does; on a dirty thread where it writes much.
struct Writing {
  Segment segment;
  size_t bits;
  bool good;
  BuildFault fault;
  void operator()(Process& p) { good = write(p.bit_writer, segment, bits, &fault); }
};

[[gnu::always_inline]] inline Flow put_segment(State& s, int32_t fail, const Segment& segment) {
  Process& p = s.process();
  Writing work = {segment, 0, false, {}};
  if (p.suspended != nullptr) [[unlikely]] {
    work = take_from_dirty<Writing>(p);
  } else if (measure(segment, &work.bits, &work.fault)) {
    if (work.bits > long_bits(*p.registers) && on_scheduler(p)) return leave_for_dirty(s, work);
    work(p);
  }
  return work.good ? Flow::kNext : raise_status(s, fail, work.fault.status);
}

// bs_put_integer, bs_put_float, bs_put_binary: value $3 in $2 units.
template <SegmentType kType>
struct Put : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto...) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto fail, auto size, auto value, auto flags) {
    return put_segment(s, fail.field, {kType, flags.field, value.get(s), size.get(s), nullptr, 0});
  }
};
struct op_bs_put_integer : Put<SegmentType::kInteger> {};
struct op_bs_put_float : Put<SegmentType::kFloat> {};
struct op_bs_put_binary : Put<SegmentType::kBinary> {};

template <SegmentType kType>
[[gnu::always_inline]] inline Flow put_sized_by_value(State& s, int32_t fail, Term value,
                                                      Word flags) {
  return put_segment(s, fail, {kType, flags, value, Term::nil(), nullptr, 0});
}

struct op_bs_put_binary_all : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto...) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto fail, auto value, auto unit) {
    return put_sized_by_value<SegmentType::kBinaryAll>(s, fail.field, value.get(s),
                                                       segment_flags(unit.field, 0));
  }
};

struct op_bs_put_string : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto bytes, auto string) {
    writer_of(s).put_bytes(reinterpret_cast<const uint8_t*>(string.field), bytes.field);
  }
};

struct op_bs_put_utf8 : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto...) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto fail, auto value) {
    return put_sized_by_value<SegmentType::kUtf8>(s, fail.field, value.get(s), 0);
  }
};

struct op_bs_put_utf16 : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto...) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto fail, auto flags, auto value) {
    return put_sized_by_value<SegmentType::kUtf16>(s, fail.field, value.get(s), flags.field);
  }
};

struct op_bs_put_utf32 : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto...) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto fail, auto flags, auto value) {
    return put_sized_by_value<SegmentType::kUtf32>(s, fail.field, value.get(s), flags.field);
  }
};

}  // namespace

void fill_bits_build(HandlerTable& table) {
#define JOIST_OP_GROUP_bits_build JOIST_FILL
#include "vm/exec/fill_group.h"
}

}  // namespace joist
