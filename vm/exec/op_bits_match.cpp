// Bit syntax: matching. A match context is a heap object that these instructions update in
// place: see MatchContext in vm/term/boxed.h.
#include "vm/code/segment.h"
#include "vm/exec/dispatch.h"
#include "vm/exec/support.h"
#include "vm/heap/arith.h"
#include "vm/heap/bit_syntax.h"
#include "vm/term/bits.h"

namespace joist {
namespace {

[[gnu::always_inline]] inline MatchContext& context_of(Term t) {
  return *reinterpret_cast<MatchContext*>(t.object());
}
[[gnu::always_inline]] inline bool has_bits(const MatchContext& context, Word bits) {
  return context.end - context.position >= bits;
}

// Fills in a new context over the bitstring `t`.
[[gnu::always_inline]] inline void open_context(MatchContext& context, Term t) {
  context.header = make_header(Boxed::kMatchContext, kMatchContextWords - 1);
  if (header_kind(t.header()) == Boxed::kHeapBits) {
    auto* bits = reinterpret_cast<HeapBits*>(t.object());
    context.base = bits->bytes;
    context.position = 0;
    context.end = bits->bit_size;
    context.holder = t;
  } else {
    auto* bits = reinterpret_cast<SubBits*>(t.object());
    context.base = reinterpret_cast<OffHeap*>(bits->holder.object())->binary->bytes;
    context.position = bits->bit_offset;
    context.end = bits->bit_offset + bits->bit_size;
    context.holder = bits->holder;
  }
}

struct op_bs_start_match : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto, auto source, auto destination, auto) {
    const Term t = source.get(s);
    if (!t.is_boxed()) return Flow::kFail;
    const Boxed kind = header_kind(t.header());
    if (kind == Boxed::kMatchContext) {
      destination.set(s, t);
      return Flow::kNext;
    }
    if (kind != Boxed::kHeapBits && kind != Boxed::kSubBits) return Flow::kFail;
    if (!s.has_room(kMatchContextWords) || (kAssertions && s.r->stress_due())) return Flow::kSlow;
    auto* context = reinterpret_cast<MatchContext*>(s.hp);
    s.hp += kMatchContextWords;
    open_context(*context, t);
    destination.set(s, Term::boxed(&context->header));
    return Flow::kNext;
  }
  // Makes room first. The source may be one of the registers that move, so it is read again.
  JOIST_INLINE Flow slow(State& s, const Cell*, auto, auto source, auto destination, auto live) {
    const Flow flow = collect_gc(s, kMatchContextWords, live.field);
    if (flow != Flow::kNext) return flow;
    auto* context = reinterpret_cast<MatchContext*>(s.hp);
    s.hp += kMatchContextWords;
    open_context(*context, source.get(s));
    destination.set(s, Term::boxed(&context->header));
    return Flow::kNext;
  }
};

// --- integers ---

// A value of at most 64 bits as a term without heap; none() if it fits no small.
[[gnu::always_inline]] inline Term small_of_bits(uint64_t value, size_t bits, bool is_signed) {
  const int64_t number = is_signed ? sign_extended(value, bits) : static_cast<int64_t>(value);
  if (!is_signed && value > static_cast<uint64_t>(Term::kMaxSmall)) return Term::none();
  return Term::fits_small(number) ? Term::small(number) : Term::none();
}

// What parsers live on: any alignment, and small whatever the bits are.
[[gnu::always_inline]] inline bool is_simple(size_t bits, Word flags) {
  return bits <= 57 && !segment_little(flags);
}
[[gnu::always_inline]] inline Term take_simple(MatchContext& context, size_t bits, Word flags) {
  const uint64_t value = load_short_bits(context.base, context.position, bits);
  context.position += bits;
  return Term::small(segment_signed(flags) ? sign_extended(value, bits)
                                           : static_cast<int64_t>(value));
}

// The rest: any size, any alignment. Moves the position. save() was done.
template <typename Destination>
Flow take_integer(State& s, MatchContext& context, size_t bits, Word flags, Destination destination,
                  size_t live) {
  Process& p = s.process();
  Term value = Term::none();
  if (bits <= 64) {
    const uint64_t raw = read_bits(context.base, context.position, bits, segment_little(flags));
    value = small_of_bits(raw, bits, segment_signed(flags));
  }
  if (value.is_none()) {
    value = read_integer(p.heap, context.base, context.position, bits, segment_signed(flags),
                         segment_little(flags));
    if (value.is_none()) {  // larger than any integer
      s.load();
      return Flow::kFail;
    }
  }
  context.position += bits;
  if (!tidy_heap_gc(p, live, &value)) return Flow::kLeave;
  s.load();
  destination.set(s, value);
  return Flow::kNext;
}

// An integer of a fixed size. bs_take_integer comes behind an instruction that made sure of the
// bits.
template <bool kMakesSure>
struct FixedInteger {
  [[gnu::always_inline]] static Flow run(State& s, auto source, auto bits, auto flags,
                                         auto destination) {
    MatchContext& context = context_of(source.get(s));
    if (kMakesSure && !has_bits(context, bits.field)) return Flow::kFail;
    if (!is_simple(bits.field, flags.field)) return Flow::kSlow;
    destination.set(s, take_simple(context, bits.field, flags.field));
    return Flow::kNext;
  }
  [[gnu::always_inline]] static Flow slow(State& s, auto source, auto bits, auto flags,
                                          auto destination, auto live) {
    MatchContext& context = context_of(source.get(s));
    s.save();
    return take_integer(s, context, bits.field, flags.field, destination, live.field);
  }
};

struct op_bs_get_fixed : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto, auto source, auto bits, auto flags,
                        auto destination, auto) {
    return FixedInteger<true>::run(s, source, bits, flags, destination);
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto, auto source, auto bits, auto flags,
                         auto destination, auto live) {
    return FixedInteger<true>::slow(s, source, bits, flags, destination, live);
  }
};

struct op_bs_take_integer : SlowOp {
  JOIST_INLINE Flow run(State& s, const Cell*, auto source, auto bits, auto flags, auto destination,
                        auto) {
    return FixedInteger<false>::run(s, source, bits, flags, destination);
  }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto source, auto bits, auto flags,
                         auto destination, auto live) {
    return FixedInteger<false>::slow(s, source, bits, flags, destination, live);
  }
};

// Bits of a segment whose size is a term. False: no size, or more than are left.
[[gnu::always_inline]] inline bool segment_bits(const MatchContext& context, Term size, Word flags,
                                                size_t* bits) {
  if (!size.is_small() || size.small_value() < 0) return false;
  return !__builtin_mul_overflow(static_cast<size_t>(size.small_value()), segment_unit(flags),
                                 bits) &&
         has_bits(context, *bits);
}

struct op_bs_get_integer : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto...) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto, auto source, auto size, auto flags,
                         auto destination, auto live) {
    MatchContext& context = context_of(source.get(s));
    size_t bits;
    if (!segment_bits(context, size.get(s), flags.field, &bits)) return Flow::kFail;
    s.save();
    return take_integer(s, context, bits, flags.field, destination, live.field);
  }
};

struct op_bs_get_float : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto...) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto, auto source, auto size, auto flags,
                         auto destination, auto live) {
    MatchContext& context = context_of(source.get(s));
    size_t bits;
    double number;
    if (!segment_bits(context, size.get(s), flags.field, &bits) ||
        !read_float(context.base, context.position, bits, segment_little(flags.field), &number)) {
      return Flow::kFail;
    }
    context.position += bits;
    s.save();
    Term value = make_float(s.process().heap, number);
    if (!tidy_heap_gc(s.process(), live.field, &value)) return Flow::kLeave;
    s.load();
    destination.set(s, value);
    return Flow::kNext;
  }
};

// --- bitstrings ---

// The next `bits` bits as a term. Moves the position. save() was done.
Term take_bits(Process& p, MatchContext& context, size_t bits) {
  const size_t from = context.position;
  context.position += bits;
  if (header_kind(context.holder.header()) == Boxed::kBinRef) {
    return make_sub_bits(p.heap, context.holder, from, bits);
  }
  return make_part(p.heap, context.holder, from, bits);
}

template <typename Destination>
Flow take_binary(State& s, MatchContext& context, size_t bits, Destination destination,
                 size_t live) {
  s.save();
  Term value = take_bits(s.process(), context, bits);
  if (!tidy_heap_gc(s.process(), live, &value)) return Flow::kLeave;
  s.load();
  destination.set(s, value);
  return Flow::kNext;
}

struct op_bs_get_binary : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto...) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto, auto source, auto size, auto flags,
                         auto destination, auto live) {
    MatchContext& context = context_of(source.get(s));
    size_t bits;
    if (!segment_bits(context, size.get(s), flags.field, &bits)) return Flow::kFail;
    return take_binary(s, context, bits, destination, live.field);
  }
};

struct op_bs_get_binary_all : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto...) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto, auto source, auto unit, auto destination,
                         auto live) {
    MatchContext& context = context_of(source.get(s));
    const size_t bits = context.end - context.position;
    if (bits % unit.field != 0) return Flow::kFail;
    return take_binary(s, context, bits, destination, live.field);
  }
};

struct op_bs_take_binary : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto...) { return Flow::kSlow; }
  JOIST_INLINE Flow slow(State& s, const Cell*, auto source, auto bits, auto destination,
                         auto live) {
    return take_binary(s, context_of(source.get(s)), bits.field, destination, live.field);
  }
};

struct op_bs_get_tail : SlowOp {
  JOIST_INLINE Flow run(State&, const Cell*, auto...) { return Flow::kSlow; }
  // The context stays where it is: the tail is a view of what it has not taken.
  JOIST_INLINE Flow slow(State& s, const Cell*, auto source, auto destination, auto live) {
    MatchContext& context = context_of(source.get(s));
    const size_t position = context.position;
    s.save();
    Term value = take_bits(s.process(), context, context.end - position);
    context.position = position;
    if (!tidy_heap_gc(s.process(), live.field, &value)) return Flow::kLeave;
    s.load();
    destination.set(s, value);
    return Flow::kNext;
  }
};

// --- skipping and testing ---

struct op_bs_skip : FastOp {
  JOIST_INLINE bool run(State& s, const Cell*, auto, auto source, auto size, auto flags) {
    MatchContext& context = context_of(source.get(s));
    size_t bits;
    if (!segment_bits(context, size.get(s), flags.field, &bits)) return false;
    context.position += bits;
    return true;
  }
};

struct op_bs_skip_fixed : FastOp {
  JOIST_INLINE bool run(State& s, const Cell*, auto, auto source, auto bits) {
    MatchContext& context = context_of(source.get(s));
    if (!has_bits(context, bits.field)) return false;
    context.position += bits.field;
    return true;
  }
};

struct op_bs_skip_all : FastOp {
  JOIST_INLINE bool run(State& s, const Cell*, auto, auto source, auto unit) {
    MatchContext& context = context_of(source.get(s));
    if ((context.end - context.position) % unit.field != 0) return false;
    context.position = context.end;
    return true;
  }
};

struct op_bs_take_skip : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto source, auto bits) {
    context_of(source.get(s)).position += bits.field;
  }
};

struct op_bs_test_tail : FastOp {
  JOIST_INLINE bool run(State& s, const Cell*, auto, auto source, auto bits) {
    const MatchContext& context = context_of(source.get(s));
    return context.end - context.position == bits.field;
  }
};
struct op_bs_ensure_exactly : op_bs_test_tail {};

struct op_bs_test_unit : FastOp {
  JOIST_INLINE bool run(State& s, const Cell*, auto, auto source, auto unit) {
    const MatchContext& context = context_of(source.get(s));
    return (context.end - context.position) % unit.field == 0;
  }
};

struct op_bs_ensure_at_least : FastOp {
  JOIST_INLINE bool run(State& s, const Cell*, auto, auto source, auto bits, auto unit) {
    const MatchContext& context = context_of(source.get(s));
    const Word left = context.end - context.position;
    return left >= bits.field && (unit.field == 1 || (left - bits.field) % unit.field == 0);
  }
};

struct op_bs_match_string : FastOp {
  JOIST_INLINE bool run(State& s, const Cell*, auto, auto source, auto bits, auto string) {
    MatchContext& context = context_of(source.get(s));
    if (!has_bits(context, bits.field)) return false;
    const auto* bytes = reinterpret_cast<const uint8_t*>(string.field);
    if (!equal_bits({context.base, context.position, bits.field}, {bytes, 0, bits.field})) {
      return false;
    }
    context.position += bits.field;
    return true;
  }
};

struct op_bs_take_equal : FastOp {
  JOIST_INLINE bool run(State& s, const Cell*, auto, auto source, auto bits, auto wanted) {
    MatchContext& context = context_of(source.get(s));
    const Term number = wanted.get(s);
    uint8_t bytes[8] = {};
    const uint64_t value = read_bits(context.base, context.position, bits.field, false);
    if (number.is_small()) {
      if (value != static_cast<uint64_t>(number.small_value())) return false;
    } else {
      integer_to_bytes(number, bytes, sizeof bytes, true);
      uint64_t low;
      std::memcpy(&low, bytes, sizeof low);
      if (value != low) return false;
    }
    context.position += bits.field;
    return true;
  }
};

// --- characters ---

template <typename Destination>
[[gnu::always_inline]] inline bool take_character(State& s, MatchContext& context, const Utf& utf,
                                                  Destination destination) {
  context.position += utf.bits;
  destination.set(s, Term::small(utf.character));
  return true;
}

struct op_bs_get_utf8 : FastOp {
  JOIST_INLINE bool run(State& s, const Cell*, auto, auto source, auto destination) {
    MatchContext& context = context_of(source.get(s));
    if ((context.position & 7) == 0 && has_bits(context, 8)) {
      const uint8_t byte = context.base[context.position / 8];
      if (byte < 0x80) return take_character(s, context, {byte, 8}, destination);
    }
    Utf utf;
    return read_utf8(context.base, context.position, context.end, &utf) &&
           take_character(s, context, utf, destination);
  }
};

template <auto kRead>
struct GetWideCharacter : FastOp {
  JOIST_INLINE bool run(State& s, const Cell*, auto, auto source, auto flags, auto destination) {
    MatchContext& context = context_of(source.get(s));
    const bool little = segment_little(flags.field);
    Utf utf;
    return kRead(context.base, context.position, context.end, little, &utf) &&
           take_character(s, context, utf, destination);
  }
};
struct op_bs_get_utf16 : GetWideCharacter<read_utf16> {};
struct op_bs_get_utf32 : GetWideCharacter<read_utf32> {};

// --- positions ---
// In bits from the holder's first byte: it outlives moves of the context's base.

struct op_bs_get_position : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto source, auto destination) {
    const Word position = context_of(source.get(s)).position;
    destination.set(s, Term::small(static_cast<int64_t>(position)));
  }
};

struct op_bs_set_position : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto source, auto position) {
    context_of(source.get(s)).position = static_cast<Word>(position.get(s).small_value());
  }
};

}  // namespace

void fill_bits_match(HandlerTable& table) {
#define JOIST_OP_GROUP_bits_match JOIST_FILL
#include "vm/exec/fill_group.h"
}

}  // namespace joist
