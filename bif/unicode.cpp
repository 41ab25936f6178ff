// Module unicode: characters_to_binary/2 and characters_to_list/2 for UTF-8 and Latin-1 input
// (the module itself does the other encodings), bin_is_7bit/1. Both conversions go through
// UTF-8 bytes, in slices: a conversion that a slice does not finish keeps its state in a magic
// reference that takes the place of the second argument.
#include <algorithm>
#include <cstring>

#include "bif/large_argument.h"
#include "bif/magic.h"
#include "bif/registry.h"
#include "vm/codec/characters.h"
#include "vm/codec/unicode.h"
#include "vm/heap/builder.h"
#include "vm/sched/system_flags.h"
#include "vm/term/bits.h"

namespace joist {

namespace {

// Characters, or bytes of a binary, for one reduction.
constexpr int64_t kWorkPerReduction = 16;
// Bytes that are only looked at, for one reduction.
constexpr int64_t kScannedPerReduction = 256;

int64_t slice_budget(const Process& p) {
  // Less than a character is no progress.
  constexpr int64_t kFewest = 16;
  return std::min(std::max<int64_t>(p.reductions, 1) * kWorkPerReduction,
                  std::max(step_limit(p, SliceKind::kUnicode), kFewest));
}
void charge_work(Process& p, int64_t before, int64_t after) {
  p.charge((before - after) / kWorkPerReduction + 1);
}

// A conversion under way. Phase one fills `output`; phase two, of characters_to_list only, turns
// the bytes (of `output`, or of the binary that was the argument) into a list from the end.
struct Conversion {
  CharacterSink sink = {};
  Binary* output = nullptr;              // null: the list is made of the argument itself
  bool listing = false;                  // phase two
  size_t unlisted = 0;                   // bytes that are not in the list yet
  Utf8Status outcome = Utf8Status::kOk;  // of the whole, known in phase two
};

// A conversion that waits for its next slice: owns its output.
struct SuspendedConversion {
  explicit SuspendedConversion(const Conversion& suspended) : conversion(suspended) {}
  ~SuspendedConversion() {
    if (conversion.output != nullptr) conversion.output->release();
  }
  // The caller owns the output from here on.
  Conversion resume() {
    Conversion resumed = conversion;
    conversion.output = nullptr;
    return resumed;
  }
  Conversion conversion;
};

Term suspend(Process& p, const Conversion& conversion, Term argument) {
  return p.yield({argument, Magic<SuspendedConversion>::make(p, 0, conversion)});
}

// What is large is measured first, which cannot be cut, on a dirty thread; the rest, too.
bool is_left_to_dirty(const Process& p, Term data) {
  return step_limit(p, SliceKind::kUnicode) == kNoStepLimit && is_for_dirty(p, data);
}

bool encoding_of(Term name, CharacterEncoding* encoding) {
  if (name == atoms::latin1) {
    *encoding = CharacterEncoding::kLatin1;
    return true;
  }
  *encoding = CharacterEncoding::kUtf8;
  return name == atoms::utf8 || name == atoms::unicode;
}

Term status_tuple(Process& p, Utf8Status outcome, Term converted, Term rest) {
  switch (outcome) {
    case Utf8Status::kOk:
      return converted;
    case Utf8Status::kIncomplete:
      return make_tuple(p.heap, {atoms::incomplete, converted, rest});
    case Utf8Status::kInvalid:
      break;
  }
  return make_tuple(p.heap, {atoms::error, converted, rest});
}

// What phase one came to, and the data that it could not convert.
Utf8Status outcome_of(Process& p, const CharacterSink& sink, PutCharacters put, Term* rest) {
  *rest = put.rest;
  if (sink.partial_size == 0) {
    return put.status == PutStatus::kError ? Utf8Status::kInvalid : Utf8Status::kOk;
  }
  ByteSpan bytes = {sink.partial, sink.partial_size};
  Term partial = make_binary(p.heap, bytes);
  if (put.status == PutStatus::kError) {
    *rest = make_cons(p.heap, partial, make_cons(p.heap, put.rest, Term::nil()));
    return Utf8Status::kInvalid;
  }
  *rest = partial;
  return is_utf8_prefix(bytes) ? Utf8Status::kIncomplete : Utf8Status::kInvalid;
}

// The bytes of a sink as a binary; takes over `output`.
Term sink_binary(Process& p, const CharacterSink& sink, Binary* output) {
  // Small results live on the heap; mostly empty ones do not keep a large buffer alive.
  if (sink.size <= kHeapBitsLimit || sink.size < output->capacity / 2) {
    Term binary = make_binary(p.heap, ByteSpan(sink.bytes, sink.size));
    output->release();
    return binary;
  }
  return make_bits_of(p.heap, output, sink.size * 8);
}

// --- characters_to_binary/2 ---

Term finish_binary(Process& p, const CharacterSink& sink, PutCharacters put, Binary* output) {
  Term rest;
  Utf8Status outcome = outcome_of(p, sink, put, &rest);
  Term converted = output != nullptr ? sink_binary(p, sink, output)
                                     : make_binary(p.heap, ByteSpan(sink.bytes, sink.size));
  return status_tuple(p, outcome, converted, rest);
}

Term continue_binary(Process& p, Term data, Conversion& conversion) {
  int64_t budget = slice_budget(p);
  int64_t left = budget;
  PutCharacters put = put_characters(p.heap, data, conversion.sink, &left);
  charge_work(p, budget, left);
  if (put.status == PutStatus::kPaused) return suspend(p, conversion, put.rest);
  return finish_binary(p, conversion.sink, put, conversion.output);
}

Conversion new_conversion(CharacterEncoding encoding, size_t bytes) {
  Conversion conversion;
  conversion.output = new_binary(bytes);
  conversion.sink.encoding = encoding;
  conversion.sink.bytes = conversion.output->bytes;
  return conversion;
}

Term characters_to_binary_2(Process& p, Term data, Term encoding_name) {
  if (p.suspended != nullptr) return back_from_dirty(p);
  if (auto* suspended = Magic<SuspendedConversion>::get(encoding_name)) {
    Conversion conversion = suspended->resume();
    return continue_binary(p, data, conversion);
  }
  CharacterEncoding encoding;
  if (!encoding_of(encoding_name, &encoding)) {
    return p.trap(atoms::unicode, atoms::characters_to_binary_int, {data, encoding_name});
  }
  if (is_left_to_dirty(p, data)) return hand_to_dirty(p, {data, encoding_name});
  if (data.is_list() && data.tail().is_nil() && is_bits(data.head())) data = data.head();

  CharacterMeasure measure = measure_characters(data, encoding);
  if (!measure.ok) return p.badarg();
  p.charge(static_cast<int64_t>(measure.work) / kWorkPerReduction);
  if (is_binary(data) && measure.bytes == bits_size(data) / 8) {
    if (encoding == CharacterEncoding::kLatin1) return data;  // all ASCII
    ByteScratch scratch;
    ByteSpan bytes = binary_bytes(data, scratch);
    p.charge(static_cast<int64_t>(bytes.size()) / kScannedPerReduction);
    if (is_utf8(bytes)) return data;
  }
  if (measure.bytes <= kHeapBitsLimit) {
    uint8_t bytes[kHeapBitsLimit];
    CharacterSink sink = {};
    sink.encoding = encoding;
    sink.bytes = bytes;
    int64_t unlimited = INT64_MAX;
    PutCharacters put = put_characters(p.heap, data, sink, &unlimited);
    return finish_binary(p, sink, put, nullptr);
  }
  Conversion conversion = new_conversion(encoding, measure.bytes);
  return continue_binary(p, data, conversion);
}

// --- characters_to_list/2 ---

// Phase two. `pair` is [list made so far | what comes with the outcome].
Term continue_list(Process& p, Term list, Term source, Conversion& conversion) {
  ByteScratch scratch;
  ByteSpan text;
  if (conversion.output != nullptr) {
    text = ByteSpan(conversion.sink.bytes, conversion.unlisted);
  } else {
    text = binary_bytes(source, scratch).first(conversion.unlisted);
  }
  auto budget = static_cast<size_t>(slice_budget(p));
  size_t from = text.size() > budget ? text.size() - budget : 0;
  while (from > 0 && is_utf8_continuation(text[from])) --from;
  list = make_utf8_list(p.heap, text.subspan(from), list);
  p.charge(static_cast<int64_t>(text.size() - from) / kWorkPerReduction + 1);
  conversion.unlisted = from;
  if (from != 0) return suspend(p, conversion, make_cons(p.heap, list, source));

  if (conversion.output != nullptr) {
    conversion.output->release();
    return status_tuple(p, conversion.outcome, list, source);
  }
  if (conversion.outcome == Utf8Status::kOk) return list;
  size_t valid = conversion.sink.size;
  Term rest = make_part(p.heap, source, valid * 8, bits_size(source) - valid * 8);
  return status_tuple(p, conversion.outcome, list, rest);
}

Term continue_to_list(Process& p, Term data, Conversion& conversion) {
  int64_t budget = slice_budget(p);
  int64_t left = budget;
  PutCharacters put = put_characters(p.heap, data, conversion.sink, &left);
  charge_work(p, budget, left);
  if (put.status == PutStatus::kPaused) return suspend(p, conversion, put.rest);
  Term rest;
  conversion.outcome = outcome_of(p, conversion.sink, put, &rest);
  conversion.listing = true;
  conversion.unlisted = conversion.sink.size;
  return continue_list(p, Term::nil(), rest, conversion);
}

Term utf8_binary_to_list(Process& p, Term binary) {
  if (!is_binary(binary)) return p.badarg();
  ByteScratch scratch;
  ByteSpan bytes = binary_bytes(binary, scratch);
  p.charge(static_cast<int64_t>(bytes.size()) / kScannedPerReduction);
  Utf8Scan scan = scan_utf8(bytes);
  if (scan.status == Utf8Status::kIncomplete && !is_utf8_prefix(bytes.subspan(scan.bytes))) {
    scan.status = Utf8Status::kInvalid;
  }
  Conversion conversion;
  conversion.listing = true;
  conversion.sink.size = scan.bytes;
  conversion.unlisted = scan.bytes;
  conversion.outcome = scan.status;
  return continue_list(p, Term::nil(), binary, conversion);
}

Term characters_to_list_2(Process& p, Term data, Term encoding_name) {
  if (p.suspended != nullptr) return back_from_dirty(p);
  if (auto* suspended = Magic<SuspendedConversion>::get(encoding_name)) {
    Conversion conversion = suspended->resume();
    if (!conversion.listing) return continue_to_list(p, data, conversion);
    return continue_list(p, data.head(), data.tail(), conversion);
  }
  CharacterEncoding encoding;
  if (!encoding_of(encoding_name, &encoding)) {
    return p.trap(atoms::unicode, atoms::characters_to_list_int, {data, encoding_name});
  }
  if (is_left_to_dirty(p, data)) return hand_to_dirty(p, {data, encoding_name});
  if (is_bits(data) && encoding == CharacterEncoding::kUtf8) return utf8_binary_to_list(p, data);

  CharacterMeasure measure = measure_characters(data, encoding);
  if (!measure.ok) return p.badarg();
  p.charge(static_cast<int64_t>(measure.work) / kWorkPerReduction);
  Conversion conversion = new_conversion(encoding, measure.bytes);
  return continue_to_list(p, data, conversion);
}

Term bin_is_7bit_1(Process& p, Term binary) {
  if (p.suspended != nullptr) return back_from_dirty(p);
  if (!is_binary(binary)) return atoms::false_;
  if (is_left_to_dirty(p, binary)) return hand_to_dirty(p, {binary});
  ByteScratch scratch;
  ByteSpan bytes = binary_bytes(binary, scratch);
  p.charge(static_cast<int64_t>(bytes.size()) / kScannedPerReduction);
  return boolean(ascii_prefix(bytes) == bytes.size());
}

constexpr NativeEntry kUnicodeNatives[] = {
    {"unicode", "bin_is_7bit", native<bin_is_7bit_1>},
    {"unicode", "characters_to_binary", native<characters_to_binary_2>},
    {"unicode", "characters_to_list", native<characters_to_list_2>},
};

}  // namespace

std::span<const NativeEntry> unicode_natives() { return kUnicodeNatives; }

}  // namespace joist
