#include "vm/codec/etf_check.h"

#include "vm/term/map.h"
#include "vm/term/rules.h"

namespace joist::etf {

bool ExternalCheck::check_big(size_t count) {
  size_t limbs = (count + 7) / 8;
  if (limbs > term_rules().max_big_limbs) return false;
  extent_.words += 1 + limbs;
  return skip(count);
}

bool ExternalCheck::check_bits(size_t header) {
  if (left() < header) return false;
  size_t count = load32(p_);
  extent_.words +=
      count <= kHeapBitsLimit ? heap_bits_words(count * 8) : kBinRefWords + kSubBitsWords;
  p_ += header;
  return skip(count);
}

bool ExternalCheck::check_map() {
  if (left() < 4) return false;
  size_t count = load32(p_);
  p_ += 4;
  if (count > kFlatMapLimit) {
    extent_.map_pairs += count;
    return expect(2 * count, 0);
  }
  return expect(2 * count, 2 + count + 1 + count);
}

bool ExternalCheck::check_fun() {
  constexpr size_t kFixed = 4 + 1 + 16 + 4 + 4;  // size, arity, unique, index, free variables
  if (left() < kFixed) return false;
  size_t free_count = load32(p_ + kFixed - 4);
  p_ += kFixed;
  if (free_count > kMaxFunEnvironment || !atom() || !integer() || !integer()) return false;
  // The creator is one more term.
  return expect(1 + free_count, 1 + kLocalFunFixedWords + free_count);
}

bool ExternalCheck::check_record() {
  if (left() < 5) return false;
  size_t count = load32(p_);
  p_ += 5;
  if (!atom() || !atom() || count > left() / 2) return false;
  for (size_t i = 0; i < count; ++i) {
    if (!atom()) return false;
  }
  return expect(count, 2 + count);
}

bool ExternalCheck::check_reference(size_t after_node) {
  if (left() < 2) return false;
  size_t count = load16(p_);
  p_ += 2;
  if (count == 0 || count > kMaxReferenceWords) return false;
  extent_.words += kMagicRefWords;
  return node_then(after_node + 4 * count);
}

bool ExternalCheck::check_one() {
  uint8_t tag = *p_++;
  switch (tag) {
    case kSmallInteger:
      return skip(1);
    case kInteger:
      return skip(4);
    case kNil:
      return true;
    case kSmallBig:
      if (left() < 2) return false;
      p_ += 2;
      return check_big(p_[-2]);
    case kLargeBig:
      if (left() < 5) return false;
      p_ += 5;
      return check_big(load32(p_ - 5));
    case kAtom:
    case kSmallAtom:
    case kAtomUtf8:
    case kSmallAtomUtf8:
    case kAtomCacheRef:
      --p_;
      return atom();
    case kNewFloat:
      extent_.words += kBoxedFloatWords;
      return skip(8);
    case kFloat:
      extent_.words += kBoxedFloatWords;
      return skip(kFloatTextBytes);
    case kString: {
      if (left() < 2) return false;
      size_t count = load16(p_);
      extent_.words += 2 * count;
      return skip(2 + count);
    }
    case kList: {
      if (left() < 4) return false;
      size_t count = load32(p_);
      p_ += 4;
      return expect(count + 1, 2 * count);
    }
    case kSmallTuple: {
      if (left() < 1) return false;
      size_t count = *p_++;
      return expect(count, 1 + count);
    }
    case kLargeTuple: {
      if (left() < 4) return false;
      size_t count = load32(p_);
      p_ += 4;
      return expect(count, 1 + count);
    }
    case kBinary:
      return check_bits(4);
    case kBitBinary:
      return check_bits(5);
    case kMap:
      return check_map();
    case kNewPid:
      extent_.words += kExternalPidWords;
      return node_then(12);
    case kPid:
      extent_.words += kExternalPidWords;
      return node_then(9);
    case kV4Port:
      extent_.words += kExternalPortWords;
      return node_then(12);
    case kNewPort:
      extent_.words += kExternalPortWords;
      return node_then(8);
    case kPort:
      extent_.words += kExternalPortWords;
      return node_then(5);
    case kReference:
      extent_.words += kMagicRefWords;
      return node_then(5);
    case kNewReference:
      return check_reference(1);
    case kNewerReference:
      return check_reference(4);
    case kExport:
      extent_.words += 2;
      return atom() && atom() && integer();
    case kNewFun:
      return check_fun();
    case kRecord:
      return term_rules().otp_release >= 29 && check_record();
    default:
      return false;
  }
}

const uint8_t* skip_atom(const uint8_t* p, const uint8_t* end) {
  size_t left = static_cast<size_t>(end - p);
  if (left < 2) return nullptr;
  size_t total;
  switch (p[0]) {
    case kSmallAtom:
    case kSmallAtomUtf8:
      total = size_t{2} + p[1];
      break;
    case kAtom:
    case kAtomUtf8:
      if (left < 3) return nullptr;
      total = size_t{3} + load16(p + 1);
      break;
    case kAtomCacheRef:
      total = 2;
      break;
    default:
      return nullptr;
  }
  return total <= left ? p + total : nullptr;
}

const uint8_t* skip_node(const uint8_t* p, const uint8_t* end, bool local) {
  if (local && p != end && *p == kNil) return p + 1;
  return skip_atom(p, end);
}

}  // namespace joist::etf
