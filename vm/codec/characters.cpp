#include "vm/codec/characters.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "vm/codec/unicode.h"
#include "vm/heap/builder.h"
#include "vm/term/bits.h"

namespace joist {

namespace {

// Integers beyond 60 bits are bignums in OTP, where they end the pass that measures.
bool is_otp_small(Term integer) {
  constexpr int64_t kLimit = int64_t{1} << 59;
  return integer.is_small() && integer.small_value() >= -kLimit && integer.small_value() < kLimit;
}

bool measure_binary(Term binary, CharacterEncoding encoding, CharacterMeasure* measure) {
  if (!is_binary(binary)) return false;
  size_t bytes = bits_size(binary) / 8;
  measure->work += 1;
  if (encoding == CharacterEncoding::kLatin1) {
    ByteScratch scratch;
    measure->work += bytes / 8;
    bytes = latin1_utf8_size(binary_bytes(binary, scratch));
  }
  measure->bytes += bytes;
  return true;
}

// A part of a binary that is worth a call.
constexpr int64_t kSmallestPart = 64;

PutCharacters paused_at(Term rest) { return {PutStatus::kPaused, rest}; }
PutCharacters error_at(Term rest) { return {PutStatus::kError, rest}; }

PutCharacters put_latin1_binary(Allocator& heap, Term binary, CharacterSink& sink,
                                int64_t* budget) {
  BitsView view = bits_view(binary);
  size_t size = view.size / 8;
  size_t count = std::min(size, static_cast<size_t>(std::max(*budget, kSmallestPart)));
  ByteScratch scratch;
  ByteSpan text = contiguous_bytes(view.part(0, count * 8), scratch);
  uint8_t* end = put_latin1_as_utf8(sink.bytes + sink.size, text);
  sink.size = static_cast<size_t>(end - sink.bytes);
  *budget -= static_cast<int64_t>(count);
  if (count == size) return {PutStatus::kDone, Term::nil()};
  return paused_at(make_part(heap, binary, count * 8, (size - count) * 8));
}

// Completes the character that an earlier binary began with bytes of `text`; says how many it
// took. false: they do not belong together.
bool complete_partial(CharacterSink& sink, ByteSpan text, size_t* taken) {
  size_t length = utf8_length(sink.partial[0]);
  size_t missing = length - sink.partial_size;
  *taken = std::min(missing, text.size());
  std::memcpy(sink.partial + sink.partial_size, text.data(), *taken);
  if (*taken < missing) {
    sink.partial_size += static_cast<uint8_t>(*taken);
    return true;
  }
  if (!is_utf8({sink.partial, length})) return false;
  std::memcpy(sink.bytes + sink.size, sink.partial, length);
  sink.size += length;
  sink.partial_size = 0;
  return true;
}

PutCharacters put_utf8_binary(Allocator& heap, Term binary, CharacterSink& sink, int64_t* budget) {
  ByteScratch scratch;
  ByteSpan all = binary_bytes(binary, scratch);
  // A pause falls between characters, so that it does not show in the rest of an error.
  size_t count = std::min(all.size(), static_cast<size_t>(std::max(*budget, kSmallestPart)));
  while (count < all.size() && is_utf8_continuation(all[count])) ++count;
  *budget -= static_cast<int64_t>(count);
  ByteSpan text = all.first(count);

  size_t done = 0;
  if (sink.partial_size != 0 && !text.empty()) {
    if (!complete_partial(sink, text, &done)) return error_at(binary);
    text = text.subspan(done);
  }
  Utf8Scan scan = scan_utf8(text);
  if (scan.bytes != 0) std::memcpy(sink.bytes + sink.size, text.data(), scan.bytes);
  sink.size += scan.bytes;
  done += scan.bytes;
  if (scan.status == Utf8Status::kIncomplete && count == all.size()) {
    sink.partial_size = static_cast<uint8_t>(text.size() - scan.bytes);
    std::memcpy(sink.partial, text.data() + scan.bytes, sink.partial_size);
    return {PutStatus::kDone, Term::nil()};
  }
  if (done == all.size()) return {PutStatus::kDone, Term::nil()};
  Term rest = make_part(heap, binary, done * 8, (all.size() - done) * 8);
  return scan.status == Utf8Status::kOk ? paused_at(rest) : error_at(rest);
}

PutCharacters put_binary(Allocator& heap, Term binary, CharacterSink& sink, int64_t* budget) {
  if (!is_binary(binary)) return error_at(binary);
  return sink.encoding == CharacterEncoding::kLatin1 ? put_latin1_binary(heap, binary, sink, budget)
                                                     : put_utf8_binary(heap, binary, sink, budget);
}

bool put_code_point(Term number, CharacterSink& sink) {
  auto value = static_cast<uint64_t>(number.small_value());
  bool valid = sink.encoding == CharacterEncoding::kLatin1 ? value <= 0xFF : is_code_point(value);
  if (!valid || sink.partial_size != 0) return false;
  uint8_t* end = put_utf8(sink.bytes + sink.size, static_cast<uint32_t>(value));
  sink.size = static_cast<size_t>(end - sink.bytes);
  return true;
}

}  // namespace

CharacterMeasure measure_characters(Term data, CharacterEncoding encoding) {
  constexpr CharacterMeasure kBad = {false, 0, 0};
  CharacterMeasure measure = {true, 0, 0};
  std::vector<Term> outer;  // what follows the list at hand in the lists around it
  Term at = data;
  while (true) {
    if (at.is_list()) {
      Term head = at.head();
      ++measure.work;
      if (is_otp_small(head)) {
        measure.bytes += utf8_size(static_cast<uint64_t>(head.small_value()));
      } else if (head.is_list()) {
        outer.push_back(at.tail());
        at = head;
        continue;
      } else if (is_bits(head)) {
        if (!measure_binary(head, encoding, &measure)) return kBad;
      } else if (is_integer(head)) {
        return measure;
      } else if (!head.is_nil()) {
        return kBad;
      }
      at = at.tail();
      continue;
    }
    if (!at.is_nil() && !(is_bits(at) && measure_binary(at, encoding, &measure))) return kBad;
    if (outer.empty()) return measure;
    at = outer.back();
    outer.pop_back();
  }
}

PutCharacters put_characters(Allocator& heap, Term data, CharacterSink& sink, int64_t* budget) {
  std::vector<Term> outer;
  Term at = data;
  PutStatus status = PutStatus::kDone;
  while (true) {
    if (at.is_list()) {
      if (*budget <= 0) {
        status = PutStatus::kPaused;
        break;
      }
      // Only what comes out counts: a pause costs the way back down to where it happened.
      Term head = at.head();
      if (head.is_small()) {
        --*budget;
        if (!put_code_point(head, sink)) {
          status = PutStatus::kError;
          break;
        }
      } else if (head.is_list()) {
        outer.push_back(at.tail());
        at = head;
        continue;
      } else if (is_bits(head)) {
        PutCharacters put = put_binary(heap, head, sink, budget);
        if (put.status != PutStatus::kDone) {
          status = put.status;
          at = make_cons(heap, put.rest, at.tail());
          break;
        }
      } else if (!head.is_nil()) {
        status = PutStatus::kError;
        break;
      }
      at = at.tail();
      continue;
    }
    if (!at.is_nil()) {
      PutCharacters put = put_binary(heap, at, sink, budget);
      if (put.status != PutStatus::kDone) {
        status = put.status;
        at = put.rest;
        break;
      }
    }
    if (outer.empty()) return {PutStatus::kDone, Term::nil()};
    at = outer.back();
    outer.pop_back();
  }
  for (; !outer.empty(); outer.pop_back()) at = make_cons(heap, at, outer.back());
  return {status, at};
}

}  // namespace joist
