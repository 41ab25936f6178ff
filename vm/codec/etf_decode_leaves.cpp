// Numbers, bitstrings, atoms, and what has a node in it.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "vm/codec/etf_decoder.h"
#include "vm/heap/arith.h"
#include "vm/heap/binary.h"
#include "vm/term/rules.h"

namespace joist::etf {

bool Decoder::decode_big(Word* slot, size_t count) {
  bool negative = *p_++ != 0;
  if (count <= 8) {
    uint64_t magnitude = 0;
    for (size_t i = count; i-- > 0;) magnitude = magnitude << 8 | p_[i];
    if (magnitude <= static_cast<uint64_t>(Term::kMaxSmall)) {
      int64_t value = static_cast<int64_t>(magnitude);
      put(slot, Term::small(negative ? -value : value));
      p_ += count;
      return true;
    }
  }
  put(slot, make_integer_from_magnitude(block_, p_, count, negative));
  p_ += count;
  return true;
}

// [sign] digits . digits [e [sign] digits], then zero bytes.
bool Decoder::decode_float_text(Word* slot) {
  const char* text = reinterpret_cast<const char*>(p_);
  const char* text_end = text + strnlen(text, kFloatTextBytes);
  p_ += kFloatTextBytes;
  if (text != text_end && *text == '+') ++text;
  const char* digits = text != text_end && *text == '-' ? text + 1 : text;
  auto is_digit = [&](const char* c) { return c < text_end && *c >= '0' && *c <= '9'; };
  const char* point = std::find(digits, text_end, '.');
  if (!is_digit(digits) || !is_digit(point - 1) || !is_digit(point + 1)) return false;
  double value;
  auto [parsed_end, error] = std::from_chars(text, text_end, value);
  if (error != std::errc() || parsed_end != text_end || !std::isfinite(value)) return false;
  put(slot, make_float(block_, value));
  return true;
}

bool Decoder::decode_bit_binary(Word* slot) {
  size_t count = load32(p_);
  unsigned last_bits = p_[4];
  p_ += 5;
  if (count == 0) {  // before OTP 29 this passed as the empty binary
    if (last_bits != 0 || term_rules().otp_release >= 29) return false;
  } else if (last_bits < 1 || last_bits > 8) {
    return false;
  }
  decode_bits(slot, count, last_bits);
  return true;
}

void Decoder::decode_bits(Word* slot, size_t count, unsigned last_bits) {
  size_t bits = count == 0 ? 0 : count * 8 - (8 - last_bits);
  uint8_t* bytes;
  put(slot, must_make_bits(block_, bits, &bytes));
  if (count == 0) return;
  const auto last_mask = static_cast<uint8_t>(0xff << (8 - last_bits));
  if (count > kManyBytes) {
    copies_.push_back({bytes, p_, count, last_mask});
  } else {
    __builtin_memcpy(bytes, p_, count);
    bytes[count - 1] &= last_mask;
  }
  p_ += count;
}

bool Decoder::decode_node(size_t skip, bool tiny_creation, const Node** node) {
  if (local_ && *p_ == kNil) {
    ++p_;
    *node = this_node_;
    return true;
  }
  Word name;
  if (!decode_atom(&name)) return false;
  uint32_t creation = tiny_creation ? p_[skip] : load32(p_ + skip);
  if (tiny_creation && creation > kMaxTinyCreation) return false;
  // Creation 0 is what a sender says that knows no better: any incarnation.
  if (name == this_node_->name.bits() && (creation == this_node_->creation || creation == 0)) {
    *node = this_node_;
  } else {
    *node = intern_node(Term::from_bits(name), creation);
  }
  return true;
}

bool Decoder::decode_pid(Word* slot, uint8_t tag) {
  const Node* node;
  if (!decode_node(8, tag == kPid, &node)) return false;
  uint32_t number = load32(p_);
  uint32_t serial = load32(p_ + 4);
  p_ += tag == kPid ? 9 : 12;
  if (node == this_node_) {
    if (number >> kPidNumberBits != 0 || serial >> kPidSerialBits != 0) return false;
    put(slot, make_local_pid(number, serial));
  } else {
    put(slot, make_external_pid(block_, node, number, serial));
  }
  return true;
}

bool Decoder::decode_port(Word* slot, uint8_t tag) {
  size_t number_bytes = tag == kV4Port ? 8 : 4;
  const Node* node;
  if (!decode_node(number_bytes, tag == kPort, &node)) return false;
  uint64_t number = tag == kV4Port ? load64(p_) : load32(p_);
  p_ += number_bytes + (tag == kPort ? 1 : 4);
  if (node == this_node_) {
    if (number >> kLocalPortBits != 0) return false;
    put(slot, Term::local_port(number));
  } else {
    put(slot, make_external_port(block_, node, number));
  }
  return true;
}

bool Decoder::decode_reference(Word* slot, uint8_t tag) {
  RefNumbers numbers{};
  numbers.count = 1;
  if (tag != kReference) {
    numbers.count = load16(p_);
    p_ += 2;
  }
  const Node* node;
  bool tiny = tag != kNewerReference;
  // In the oldest form the number comes before the creation.
  if (!decode_node(tag == kReference ? 4 : 0, tiny, &node)) return false;
  if (tag != kReference) p_ += tiny ? 1 : 4;
  for (uint32_t i = 0; i < numbers.count; ++i, p_ += 4) numbers.number[i] = load32(p_);
  if (tag == kReference) p_ += 1;
  bool wide_first = numbers.number[0] >= kMaxLocalReferenceWord;
  if (node != this_node_) {
    if (tiny && wide_first) return false;
    put(slot, make_external_ref(block_, node, numbers));
    return true;
  }
  if (wide_first) return false;
  // An alias that comes back has its owner with it; for all else that is no part of it.
  numbers.count = kPlainReferenceWords;
  Binary* magic = options_.resolver != nullptr ? options_.resolver->find_magic(numbers) : nullptr;
  put(slot, magic != nullptr ? make_magic_ref(block_, numbers, magic) : make_ref(block_, numbers));
  return true;
}

bool Decoder::decode_atom(Word* slot) {
  uint8_t tag = *p_++;
  size_t count = 0;
  switch (tag) {
    case kSmallAtom:
    case kSmallAtomUtf8:
      count = *p_++;
      break;
    case kAtom:
    case kAtomUtf8:
      count = load16(p_);
      p_ += 2;
      break;
    default: {  // kAtomCacheRef
      size_t index = *p_++;
      if (index >= options_.atom_cache.size()) return false;
      put(slot, options_.atom_cache[index]);
      return true;
    }
  }
  ByteSpan name(p_, count);
  p_ += count;
  return atom_from(name, tag == kAtomUtf8 || tag == kSmallAtomUtf8, slot);
}

namespace {

// The number of characters; nullopt: not UTF-8.
std::optional<size_t> utf8_length(ByteSpan text) {
  size_t characters = 0;
  for (size_t i = 0; i < text.size(); ++characters) {
    uint8_t first = text[i++];
    if (first < 0x80) continue;
    size_t more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    if (first < 0xc2 || first > 0xf4 || text.size() - i < more) return std::nullopt;
    uint32_t code = first & (0x3f >> more);
    for (; more != 0; --more, ++i) {
      if ((text[i] & 0xc0) != 0x80) return std::nullopt;
      code = code << 6 | (text[i] & 0x3f);
    }
    bool overlong = (first == 0xe0 && code < 0x800) || (first == 0xf0 && code < 0x10000);
    if (overlong || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return std::nullopt;
  }
  return characters;
}

}  // namespace

bool Decoder::atom_from(ByteSpan name, bool utf8, Word* slot) {
  char converted[2 * kMaxAtomCharacters];
  std::string_view text(reinterpret_cast<const char*>(name.data()), name.size());
  bool ascii = std::all_of(name.begin(), name.end(), [](uint8_t c) { return c < 0x80; });
  if (ascii || !utf8) {
    if (name.size() > kMaxAtomCharacters) return false;
  } else {
    std::optional<size_t> characters = utf8_length(name);
    if (!characters || *characters > kMaxAtomCharacters) return false;
  }
  if (!ascii && !utf8) {
    size_t length = 0;
    for (uint8_t c : name) {
      if (c >= 0x80) converted[length++] = static_cast<char>(0xc0 | c >> 6);
      converted[length++] = static_cast<char>(c < 0x80 ? c : 0x80 | (c & 0x3f));
    }
    text = std::string_view(converted, length);
  }
  std::optional<Term> atom = options_.safe ? existing_atom(text) : make_atom(text);
  if (!atom) return false;
  put(slot, *atom);
  return true;
}

}  // namespace joist::etf
