#include "vm/exec/bit_segment.h"

#include "vm/heap/builder.h"
#include "vm/heap/map_build.h"
#include "vm/term/bits.h"

namespace joist {

namespace {

Term type_name(SegmentType type) {
  switch (type) {
    case SegmentType::kInteger:
    case SegmentType::kShort:
    case SegmentType::kShortLittle:
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

// Returns false, for its callers to return.
[[gnu::noinline, gnu::cold]] bool fail(BuildFault* fault, BuildStatus status,
                                       const Segment& segment, Term what, Term value) {
  *fault = {status, type_name(segment.type), what, value, 0};
  return false;
}
[[gnu::noinline, gnu::cold]] bool bad_value(BuildFault* fault, const Segment& segment, Term what) {
  return fail(fault, BuildStatus::kBadArg, segment, what, segment.value);
}

bool measure_character(const Segment& segment, size_t* bits, BuildFault* fault) {
  if (!is_unicode(segment.value)) return bad_value(fault, segment, atoms::type);
  const auto character = static_cast<uint32_t>(segment.value.small_value());
  *bits = segment.type == SegmentType::kUtf8    ? utf8_bits(character)
          : segment.type == SegmentType::kUtf16 ? utf16_bits(character)
                                                : 32;
  return true;
}

bool write_float(BitWriter& writer, const Segment& segment, size_t bits, BuildFault* fault) {
  if (writer.put_float(segment.value, bits, segment_little(segment.flags))) return true;
  if (!is_number(segment.value)) return bad_value(fault, segment, atoms::type);
  if (bits != 16 && bits != 32 && bits != 64) {
    return fail(fault, BuildStatus::kBadArg, segment, atoms::invalid, segment.size);
  }
  return bad_value(fault, segment, atoms::no_float);
}

}  // namespace

BuildStatus scaled_size(Term size, size_t unit, size_t* bits) {
  if (size.is_small()) {
    if (size.small_value() < 0) return BuildStatus::kBadArg;
    if (__builtin_mul_overflow(static_cast<size_t>(size.small_value()), unit, bits) ||
        *bits > kMaxBuildBits) {
      return BuildStatus::kSystemLimit;
    }
    return BuildStatus::kOk;
  }
  const bool huge = is_big(size) && !big_is_negative(size);
  return huge ? BuildStatus::kSystemLimit : BuildStatus::kBadArg;
}

bool measure(const Segment& segment, size_t* bits, BuildFault* fault) {
  const size_t unit = segment_unit(segment.flags);
  switch (segment.type) {
    case SegmentType::kString:
      *bits = segment.string_bytes * 8;
      return true;
    case SegmentType::kUtf8:
    case SegmentType::kUtf16:
    case SegmentType::kUtf32:
      return measure_character(segment, bits, fault);
    case SegmentType::kBinaryAll:
    case SegmentType::kAppend:
    case SegmentType::kPrivateAppend:
      if (!is_bits(segment.value)) return bad_value(fault, segment, atoms::type);
      *bits = bits_size(segment.value);
      return *bits % unit == 0 || bad_value(fault, segment, atoms::unit);
    default: {
      const BuildStatus status = scaled_size(segment.size, unit, bits);
      return status == BuildStatus::kOk || fail(fault, status, segment, atoms::size, segment.size);
    }
  }
}

bool write(BitWriter& writer, const Segment& segment, size_t bits, BuildFault* fault) {
  const bool little = segment_little(segment.flags);
  const auto character = [&] { return static_cast<uint32_t>(segment.value.small_value()); };
  switch (segment.type) {
    case SegmentType::kInteger:
    case SegmentType::kShort:
    case SegmentType::kShortLittle:
      return writer.put_integer(segment.value, bits, little) ||
             bad_value(fault, segment, atoms::type);
    case SegmentType::kFloat:
      return write_float(writer, segment, bits, fault);
    case SegmentType::kString:
      writer.put_bytes(segment.string, segment.string_bytes);
      return true;
    case SegmentType::kUtf8:
      writer.put_utf8(character());
      return true;
    case SegmentType::kUtf16:
      writer.put_utf16(character(), little);
      return true;
    case SegmentType::kUtf32:
      writer.put_utf32(character(), little);
      return true;
    default:
      if (!is_bits(segment.value)) return bad_value(fault, segment, atoms::type);
      if (bits > bits_size(segment.value)) return bad_value(fault, segment, atoms::short_);
      writer.put(bits_view(segment.value).part(0, bits));
      return true;
  }
}

Flow raise_fault(Process& p, const BuildFault& fault) {
  p.error(fault.status == BuildStatus::kSystemLimit ? atoms::system_limit : atoms::badarg);
  if (!fault.type.is_none()) {
    const Term segment = Term::small(static_cast<int64_t>(fault.segment));
    const Term cause = make_tuple(p.heap, {segment, fault.type, fault.what, fault.value});
    const Term pairs[] = {atoms::cause,          cause,         atoms::function,
                          atoms::format_bs_fail, atoms::module, atoms::erl_erts_errors};
    p.exception_info = make_map(p.heap, pairs);
  }
  return Flow::kRaise;
}

}  // namespace joist
