// Tags of the external term format, and what its reader and writer share.
#pragma once

#include "vm/codec/etf.h"
#include "vm/term/atom.h"

namespace joist::etf {

inline constexpr uint8_t kVersion = 131;

enum Tag : uint8_t {
  kRecord = 67,
  kNewFloat = 70,
  kBitBinary = 77,
  kCompressed = 80,
  kAtomCacheRef = 82,
  kNewPid = 88,
  kNewPort = 89,
  kNewerReference = 90,
  kSmallInteger = 97,
  kInteger = 98,
  kFloat = 99,
  kAtom = 100,
  kReference = 101,
  kPort = 102,
  kPid = 103,
  kSmallTuple = 104,
  kLargeTuple = 105,
  kNil = 106,
  kString = 107,
  kList = 108,
  kBinary = 109,
  kSmallBig = 110,
  kLargeBig = 111,
  kNewFun = 112,
  kExport = 113,
  kNewReference = 114,
  kSmallAtom = 115,
  kMap = 116,
  kAtomUtf8 = 118,
  kSmallAtomUtf8 = 119,
  kV4Port = 120,
  kLocal = 121,
};

inline constexpr size_t kFloatTextBytes = 31;
inline constexpr uint32_t kMaxReferenceWords = 5;
// References of this VM have three words; two more of an alias tell whom it stands for.
inline constexpr uint32_t kPlainReferenceWords = 3;
inline constexpr uint32_t kAliasReferenceWords = 5;
// The first word of references made here has 18 bits.
inline constexpr uint32_t kMaxLocalReferenceWord = 1u << 18;
inline constexpr uint32_t kMaxFunEnvironment = 255;
// Creations of the old, one-byte fields are 0 to 3.
inline constexpr uint32_t kMaxTinyCreation = 3;

inline const Node* node_or_default(const Node* node) {
  return node != nullptr ? node : intern_node(atoms::nonode_nohost, 0);
}

// The keyed checksum of LOCAL_EXT.
uint32_t local_checksum(ByteSpan bytes, uint64_t key);

inline uint16_t load16(const uint8_t* p) { return static_cast<uint16_t>(p[0] << 8 | p[1]); }
inline uint32_t load32(const uint8_t* p) {
  uint32_t value;
  __builtin_memcpy(&value, p, 4);
  return __builtin_bswap32(value);
}
inline uint64_t load64(const uint8_t* p) {
  uint64_t value;
  __builtin_memcpy(&value, p, 8);
  return __builtin_bswap64(value);
}
inline void store32(uint8_t* p, uint32_t value) {
  value = __builtin_bswap32(value);
  __builtin_memcpy(p, &value, 4);
}
inline void store64(uint8_t* p, uint64_t value) {
  value = __builtin_bswap64(value);
  __builtin_memcpy(p, &value, 8);
}

// Binaries of more bytes are copied in parts of so many, between which work may pause.
inline constexpr size_t kManyBytes = 16384;

}  // namespace joist::etf
