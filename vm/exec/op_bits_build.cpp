// Bit syntax: construction. bs_create_bin measures all segments, then writes them in one go. The
// older family (OTP 25's compiler still emits parts of it) makes the bitstring first and fills it
// with one instruction a segment; the place to write is kept in the process.
#include "vm/code/segment.h"
#include "vm/exec/dispatch.h"
#include "vm/exec/support.h"
#include "vm/heap/binary.h"
#include "vm/heap/bit_syntax.h"
#include "vm/heap/map_build.h"
#include "vm/term/bits.h"

namespace joist {
namespace {

constexpr size_t kMaxBits = size_t{1} << 45;

// What can be wrong with a segment or a size, as error reasons.
enum class BuildStatus : uint8_t { kOk, kBadArg, kSystemLimit };

// Why a segment cannot be built: reason, and the `cause` of its error_info.
struct BuildFault {
  BuildStatus status = BuildStatus::kOk;
  Term type = Term::none();
  Term what = Term::none();
  Term value = Term::none();
  uint32_t segment = 0;
};

Flow raise_fault(State& s, int32_t fail, const BuildFault& fault) {
  if (fail != 0) return Flow::kFail;
  s.save();
  Process& p = s.process();
  p.error(fault.status == BuildStatus::kSystemLimit ? atoms::system_limit : atoms::badarg);
  if (!fault.type.is_none()) {
    const Term cause =
        make_tuple(p.heap, {Term::small(fault.segment), fault.type, fault.what, fault.value});
    const Term pairs[] = {atoms::cause,          cause,         atoms::function,
                          atoms::format_bs_fail, atoms::module, atoms::erl_erts_errors};
    p.exception_info = make_map(p.heap, pairs);
  }
  return Flow::kRaise;
}
Flow raise_status(State& s, int32_t fail, BuildStatus status) {
  BuildFault fault;
  fault.status = status;
  return raise_fault(s, fail, fault);
}

// --- segments of bs_create_bin ---

struct Segment {
  SegmentType type;
  Word flags;
  Term value;
  Term size;
  const uint8_t* string;
  size_t string_bytes;
};

// save_x() was done: all registers are in memory.
[[gnu::always_inline]] inline Term source_in_memory(const State& s, Word source) {
  if (!is_register_source(source)) return Term::from_bits(source);
  const uint16_t code = register_of_source(source);
  void* base = code & 1 ? reinterpret_cast<char*>(s.sp) - 1 : reinterpret_cast<char*>(s.r->x);
  return Term::from_bits(slot_at(base, code));
}

[[gnu::always_inline]] inline SegmentType segment_type(Word head) {
  return static_cast<SegmentType>(head & 0x7f);
}

// A segment with all that it names. The size of a fixed one is not a term: see measure().
Segment segment_at(const State& s, const Cell* cells) {
  Segment segment = {segment_type(cells[0]), cells[0] >> 8, Term::nil(), Term::nil(), nullptr, 0};
  if (segment.type == SegmentType::kString) {
    segment.string = reinterpret_cast<const uint8_t*>(cells[1]);
    segment.string_bytes = cells[2];
    return segment;
  }
  segment.value = source_in_memory(s, cells[1]);
  segment.size = cells[0] & kFixedSegment
                     ? Term::small(static_cast<int64_t>(cells[2] / segment_unit(segment.flags)))
                     : source_in_memory(s, cells[2]);
  return segment;
}

Term type_name(SegmentType type) {
  switch (type) {
    case SegmentType::kInteger:
      return atoms::integer;
    case SegmentType::kFloat:
      return atoms::float_;
    case SegmentType::kUtf8:
      return atoms::utf8;
    case SegmentType::kUtf16:
      return atoms::utf16;
    case SegmentType::kUtf32:
      return atoms::utf32;
    default:
      return atoms::binary;
  }
}

// size * unit, or what is wrong with the size.
BuildStatus scaled_size(Term size, size_t unit, size_t* bits) {
  if (size.is_small()) {
    if (size.small_value() < 0) return BuildStatus::kBadArg;
    if (__builtin_mul_overflow(static_cast<size_t>(size.small_value()), unit, bits) ||
        *bits > kMaxBits) {
      return BuildStatus::kSystemLimit;
    }
    return BuildStatus::kOk;
  }
  const bool huge = is_big(size) && !big_is_negative(size);
  return huge ? BuildStatus::kSystemLimit : BuildStatus::kBadArg;
}

BuildFault fault_of(BuildStatus status, const Segment& segment, Term what, Term value) {
  return {status, type_name(segment.type), what, value, 0};
}

// Bits the segment takes; checks what the size depends on, not the value's type.
BuildFault measure(const Segment& segment, size_t* bits) {
  const size_t unit = segment_unit(segment.flags);
  switch (segment.type) {
    case SegmentType::kString:
      *bits = segment.string_bytes * 8;
      return {};
    case SegmentType::kUtf8:
    case SegmentType::kUtf16:
    case SegmentType::kUtf32:
      if (!is_unicode(segment.value)) {
        return fault_of(BuildStatus::kBadArg, segment, atoms::type, segment.value);
      }
      *bits = segment.type == SegmentType::kUtf8
                  ? utf8_bits(static_cast<uint32_t>(segment.value.small_value()))
              : segment.type == SegmentType::kUtf16
                  ? utf16_bits(static_cast<uint32_t>(segment.value.small_value()))
                  : 32;
      return {};
    case SegmentType::kBinaryAll:
    case SegmentType::kAppend:
    case SegmentType::kPrivateAppend:
      if (!is_bits(segment.value)) {
        return fault_of(BuildStatus::kBadArg, segment, atoms::type, segment.value);
      }
      *bits = bits_size(segment.value);
      if (*bits % unit != 0)
        return fault_of(BuildStatus::kBadArg, segment, atoms::unit, segment.value);
      return {};
    default: {
      const BuildStatus status = scaled_size(segment.size, unit, bits);
      if (status == BuildStatus::kBadArg)
        return fault_of(status, segment, atoms::size, segment.size);
      return {status, type_name(segment.type), atoms::size, segment.size, 0};
    }
  }
}

// Writes one segment of `bits` bits.
BuildFault write(BitWriter& writer, const Segment& segment, size_t bits) {
  const bool little = segment_little(segment.flags);
  const auto character = [&] { return static_cast<uint32_t>(segment.value.small_value()); };
  switch (segment.type) {
    case SegmentType::kInteger:
      if (writer.put_integer(segment.value, bits, little)) return {};
      return fault_of(BuildStatus::kBadArg, segment, atoms::type, segment.value);
    case SegmentType::kFloat:
      if (writer.put_float(segment.value, bits, little)) return {};
      if (!is_number(segment.value)) {
        return fault_of(BuildStatus::kBadArg, segment, atoms::type, segment.value);
      }
      if (bits != 16 && bits != 32 && bits != 64) {
        return fault_of(BuildStatus::kBadArg, segment, atoms::invalid, segment.size);
      }
      return fault_of(BuildStatus::kBadArg, segment, atoms::no_float, segment.value);
    case SegmentType::kString:
      writer.put_bytes(segment.string, segment.string_bytes);
      return {};
    case SegmentType::kUtf8:
      writer.put_utf8(character());
      return {};
    case SegmentType::kUtf16:
      writer.put_utf16(character(), little);
      return {};
    case SegmentType::kUtf32:
      writer.put_utf32(character(), little);
      return {};
    default:
      if (!is_bits(segment.value)) {
        return fault_of(BuildStatus::kBadArg, segment, atoms::type, segment.value);
      }
      if (bits > bits_size(segment.value)) {
        return fault_of(BuildStatus::kBadArg, segment, atoms::short_, segment.value);
      }
      writer.put(bits_view(segment.value).part(0, bits));
      return {};
  }
}

// Writes the segment at `cells`. False with *fault set.
bool write_segment(const State& s, BitWriter& writer, const Cell* cells, BuildFault* fault) {
  const Segment segment = segment_at(s, cells);
  size_t bits = cells[2];
  if (!(cells[0] & kFixedSegment)) measure(segment, &bits);
  *fault = write(writer, segment, bits);
  return fault->status == BuildStatus::kOk;
}

// The usual segment: a small integer of fixed size, whole bytes at a byte boundary.
[[gnu::always_inline]] inline bool write_bytes(const State& s, BitWriter& writer,
                                               const Cell* cells) {
  if ((cells[0] & 0x2ff) != (static_cast<Word>(SegmentType::kInteger) | kFixedSegment))
    return false;
  const Term value = source_in_memory(s, cells[1]);
  const size_t bits = cells[2];
  if (!value.is_small() || bits > 64 || ((bits | writer.position()) & 7) != 0) return false;
  writer.put_whole_bytes(static_cast<uint64_t>(value.small_value()), bits / 8);
  return true;
}

// The bitstring of all segments; none() with *fault set. save() was done.
Term create_bin(State& s, const Cell* cells, size_t cell_count, size_t total, BuildFault* fault) {
  Process& p = s.process();
  for (size_t i = 0; i < cell_count; i += kSegmentCells) {
    if (cells[i] & kFixedSegment) continue;
    size_t bits = 0;
    *fault = measure(segment_at(s, cells + i), &bits);
    total += bits;
    if (total > kMaxBits && fault->status == BuildStatus::kOk) {
      fault->status = BuildStatus::kSystemLimit;
    }
    if (fault->status != BuildStatus::kOk) {
      fault->segment = static_cast<uint32_t>(i / kSegmentCells + 1);
      return Term::none();
    }
  }
  size_t next = 0;
  uint8_t* bytes;
  size_t offset = 0;
  Term result;
  const SegmentType first = cell_count == 0 ? SegmentType::kString : segment_type(cells[0]);
  if (first == SegmentType::kAppend || first == SegmentType::kPrivateAppend) {
    const Term prefix = source_in_memory(s, cells[1]);
    result = append_bits(p.heap, prefix, total - bits_size(prefix), &bytes, &offset);
    next = kSegmentCells;
  } else {
    result = make_bits_uninitialised(p.heap, total, &bytes);
  }
  if (result.is_none()) {
    fault->status = BuildStatus::kSystemLimit;
    return result;
  }
  BitWriter writer(bytes, offset);
  for (; next < cell_count; next += kSegmentCells) {
    if (write_bytes(s, writer, cells + next)) continue;
    if (write_segment(s, writer, cells + next, fault)) continue;
    fault->segment = static_cast<uint32_t>(next / kSegmentCells + 1);
    return Term::none();
  }
  writer.finish();
  p.charge(static_cast<int64_t>(total / 8 / 1024));
  return result;
}

struct op_bs_create_bin : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto...) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto fail, auto words, auto fixed_bits,
                         auto destination, auto live, auto list) {
    s.save();
    BuildFault fault;
    Term result = create_bin(s, list.cells, list.field, fixed_bits.field, &fault);
    if (result.is_none()) {
      // What was built before the fault stays on the heap: the state must know of it.
      s.load();
      return raise_fault(s, fail.field, fault);
    }
    if (!tidy_heap_gc(s.process(), live.field, &result, words.field)) return Flow::kLeave;
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
    if (live.field != kNoCollection && !s.has_room(need)) {
      if (collect_gc(s, need, live.field) != Flow::kNext) return Flow::kLeave;
    }
    s.save();
    uint8_t* bytes;
    size_t offset = 0;
    const Term result = append_bits(s.process().heap, prefix.get(s), bits, &bytes, &offset);
    if (result.is_none()) return raise_status(s, fail.field, BuildStatus::kSystemLimit);
    return start_writing(s, result, bytes, offset, bits, destination);
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
    Term result = make_bits_of(p.heap, new_appendable(bytes * 8, 0), 0);
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

// bs_put_integer, bs_put_float, bs_put_binary: value $3 in $2 units.
template <SegmentType kType>
struct Put : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto...) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto fail, auto size, auto value, auto flags) {
    const Segment segment = {kType, flags.field, value.get(s), size.get(s), nullptr, 0};
    size_t bits = 0;
    BuildFault fault = measure(segment, &bits);
    if (fault.status == BuildStatus::kOk) fault = write(writer_of(s), segment, bits);
    if (fault.status == BuildStatus::kOk) return Flow::kNext;
    return raise_status(s, fail.field, fault.status);
  }
};
struct op_bs_put_integer : Put<SegmentType::kInteger> {};
struct op_bs_put_float : Put<SegmentType::kFloat> {};
struct op_bs_put_binary : Put<SegmentType::kBinary> {};

template <SegmentType kType>
Flow put_sized_by_value(State& s, int32_t fail, Term value, Word flags) {
  const Segment segment = {kType, flags, value, Term::nil(), nullptr, 0};
  size_t bits = 0;
  BuildFault fault = measure(segment, &bits);
  if (fault.status == BuildStatus::kOk) fault = write(writer_of(s), segment, bits);
  if (fault.status == BuildStatus::kOk) return Flow::kNext;
  return raise_status(s, fail, fault.status);
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
