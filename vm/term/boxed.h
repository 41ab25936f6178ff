// Boxed objects: a header word, then the words it counts.
//
//   header: | words that follow (56) | kind (5) | 111 |
//
// Two sorts of words make up an object: raw words first (kind_info().raw_words of them, or
// all), then terms. A collector, a copier or a verifier needs nothing else, but for the kinds
// on an off-heap list (BinRef, magic reference) and the match context, which caches an address.
//
//   kind            words after the header
//   tuple           element...
//   flat map        keys (boxed tuple, sorted), value...             (vm/term/map.h)
//   hash map root   size (raw) | bitmap (raw) | key, value... | child...    (vm/term/hamt.h)
//   hash map node   bitmap (raw) | key, value... | child...
//   collision node  hash (raw) | key, value, key, value...
//   local fun       FunEntry* (raw) | creator pid | free variable...
//   export fun      ExportEntry* (raw)
//   native record   definition (raw: address of a RecordDefinition) | value...
//   bignum          limbs, least significant first; sign in the kind; normalised: no leading
//                   zero limb, and never a value that fits a small
//   float           the double
//   heap bits       bit size | bytes, padded to words with zero bits  (at most 64 bytes)
//   sub bits        bit size (raw) | bit offset (raw) | BinRef (boxed)
//   BinRef          Binary* | next in the off-heap list     never a value by itself: sub bits
//                   and match contexts lead to it
//   match context   base address (raw) | position (raw) | end (raw) | heap bits or BinRef
//                   positions in bits from base; the collector refreshes base
//   reference       count and numbers: uint32_t[6] {count, n0, n1, n2, n3, n4}
//   magic reference Binary* | next in the off-heap list | count and numbers as above
//   external pid    Node* | number | serial
//   external port   Node* | number
//   external ref    Node* | count and numbers as above
//   filler          anything: a hole left by shrinking an object
#pragma once

#include <span>

#include "vm/term/term.h"

namespace joist {

enum class Boxed : uint8_t {
  kTuple,
  kFlatMap,
  kHashMap,
  kHashNode,
  kCollisionNode,
  kLocalFun,
  kExportFun,
  kRecord,
  kPositiveBig,
  kNegativeBig,
  kFloat,
  kHeapBits,
  kSubBits,
  kBinRef,
  kMatchContext,
  kRef,
  kMagicRef,
  kExternalPid,
  kExternalPort,
  kExternalRef,
  kFiller,
  kCount,
};

struct KindInfo {
  const char* name;
  uint8_t raw_words;  // raw words before the terms; kAllRaw: no terms at all
};
inline constexpr uint8_t kAllRaw = 0xff;
inline constexpr KindInfo kKindInfo[] = {
    {"tuple", 0},
    {"flat_map", 0},
    {"hash_map", 2},
    {"hash_node", 1},
    {"collision_node", 1},
    {"local_fun", 1},
    {"export_fun", kAllRaw},
    {"record", 1},
    {"positive_big", kAllRaw},
    {"negative_big", kAllRaw},
    {"float", kAllRaw},
    {"heap_bits", kAllRaw},
    {"sub_bits", 2},
    {"bin_ref", kAllRaw},
    {"match_context", 3},
    {"ref", kAllRaw},
    {"magic_ref", kAllRaw},
    {"external_pid", kAllRaw},
    {"external_port", kAllRaw},
    {"external_ref", kAllRaw},
    {"filler", kAllRaw},
};
static_assert(std::size(kKindInfo) == static_cast<size_t>(Boxed::kCount));

constexpr Word make_header(Boxed kind, size_t words) {
  return static_cast<Word>(words) << 8 | static_cast<Word>(kind) << 3 | 7;
}
constexpr Boxed header_kind(Word header) { return static_cast<Boxed>(header >> 3 & 31); }
constexpr size_t header_words(Word header) { return header >> 8; }
constexpr const KindInfo& kind_info(Boxed kind) { return kKindInfo[static_cast<size_t>(kind)]; }

inline bool is_kind(Term term, Boxed kind) {
  return term.is_boxed() && header_kind(term.header()) == kind;
}
inline Word* object_words(Term term) { return term.object() + 1; }
inline Term* term_words(Word* words) { return reinterpret_cast<Term*>(words); }

// --- type tests that look at more than the word ---
inline bool is_tuple(Term t) { return is_kind(t, Boxed::kTuple); }
inline bool is_map(Term t) {
  return t.is_boxed() &&
         (header_kind(t.header()) == Boxed::kFlatMap || header_kind(t.header()) == Boxed::kHashMap);
}
inline bool is_big(Term t) {
  return t.is_boxed() && (header_kind(t.header()) == Boxed::kPositiveBig ||
                          header_kind(t.header()) == Boxed::kNegativeBig);
}
inline bool is_integer(Term t) { return t.is_small() || is_big(t); }
inline bool is_float(Term t) { return t.is_word_float() || is_kind(t, Boxed::kFloat); }
inline bool is_number(Term t) { return is_integer(t) || is_float(t); }
inline bool is_bits(Term t) {
  return t.is_boxed() && (header_kind(t.header()) == Boxed::kHeapBits ||
                          header_kind(t.header()) == Boxed::kSubBits);
}
inline bool is_binary(Term t) { return is_bits(t) && (object_words(t)[0] & 7) == 0; }
inline bool is_fun(Term t) {
  return t.is_boxed() && (header_kind(t.header()) == Boxed::kLocalFun ||
                          header_kind(t.header()) == Boxed::kExportFun);
}
inline bool is_ref(Term t) {
  return t.is_boxed() &&
         (header_kind(t.header()) == Boxed::kRef || header_kind(t.header()) == Boxed::kMagicRef ||
          header_kind(t.header()) == Boxed::kExternalRef);
}
inline bool is_pid(Term t) { return t.is_local_pid() || is_kind(t, Boxed::kExternalPid); }

// --- local pids and ports ---
// A local pid prints as <0.number.serial>; a local port's payload is its number.
inline constexpr unsigned kPidNumberBits = 28;
inline constexpr unsigned kPidSerialBits = 30;
inline uint32_t local_pid_number(Term t) {
  return static_cast<uint32_t>(t.payload() & ((Word{1} << kPidNumberBits) - 1));
}
inline uint32_t local_pid_serial(Term t) {
  return static_cast<uint32_t>(t.payload() >> kPidNumberBits);
}
inline constexpr Term make_local_pid(uint32_t number, uint32_t serial) {
  return Term::local_pid(static_cast<Word>(serial) << kPidNumberBits | number);
}
inline constexpr unsigned kLocalPortBits = 58;

inline bool is_port(Term t) { return t.is_local_port() || is_kind(t, Boxed::kExternalPort); }

// --- tuples ---
inline size_t tuple_size(Term t) { return header_words(t.header()); }
inline std::span<Term> tuple_elements(Term t) {
  return {term_words(object_words(t)), tuple_size(t)};
}

// --- floats ---
inline double float_value(Term t) {
  return t.is_word_float() ? t.word_float_value() : std::bit_cast<double>(object_words(t)[0]);
}
inline constexpr size_t kBoxedFloatWords = 2;

// --- bignums: see vm/term/bignum.h for arithmetic ---
inline bool big_is_negative(Term t) { return header_kind(t.header()) == Boxed::kNegativeBig; }
inline std::span<const Word> big_limbs(Term t) {
  return {object_words(t), header_words(t.header())};
}

// --- funs ---
// What an export fun, a local fun, and every stack trace name.
struct Mfa {
  Term module;
  Term function;
  uint32_t arity;
  friend bool operator==(const Mfa&, const Mfa&) = default;
};

// The part of an export entry that terms need; vm/code/export.h extends it.
struct ExportIdentity {
  Mfa mfa;
};

// The part of a fun entry that terms need; vm/code/export.h extends it. One for each lambda of
// a module instance; never freed while a fun may refer to it.
struct FunIdentity {
  Term module;
  uint32_t arity;       // as the caller sees it, free variables not counted
  uint32_t free_count;  // number of free variables
  uint32_t index;       // in the module's FunT
  uint32_t old_unique;  // the value of FunT, kept for the external format
  uint8_t unique[16];   // md5 of the module's code
  Term function;        // name of the function that implements it
};

inline constexpr size_t kLocalFunFixedWords = 2;  // entry, creator
inline const FunIdentity* local_fun_identity(Term t) {
  return reinterpret_cast<const FunIdentity*>(object_words(t)[0]);
}
inline Term local_fun_creator(Term t) { return term_words(object_words(t))[1]; }
inline std::span<Term> local_fun_environment(Term t) {
  return {term_words(object_words(t)) + kLocalFunFixedWords,
          header_words(t.header()) - kLocalFunFixedWords};
}
inline const ExportIdentity* export_fun_identity(Term t) {
  return reinterpret_cast<const ExportIdentity*>(object_words(t)[0]);
}

// --- off-heap binaries ---
// A reference-counted buffer that processes share. Whoever makes it says how it dies; magic
// references use the same record for the native things they stand for.
struct Binary {
  using Destroy = void (*)(Binary*);
  mutable int64_t reference_count;  // touched only through __atomic builtins (see below)
  Destroy destroy;
  size_t used_bits;  // where append_bits (vm/heap/binary.h) goes on; atomic as the count
  uint8_t* bytes;    // usually right behind this record
  size_t capacity;   // bytes; the last field, as drivers know a buffer as its size and its bytes

  void retain() { __atomic_fetch_add(&reference_count, 1, __ATOMIC_RELAXED); }
  void release() {
    if (__atomic_fetch_sub(&reference_count, 1, __ATOMIC_ACQ_REL) == 1) destroy(this);
  }
};

// Heads the words of a BinRef and of a magic reference.
struct OffHeap {
  Word header;
  Binary* binary;
  OffHeap* next;
};
inline constexpr size_t kBinRefWords = 3;

// --- bitstrings: see vm/term/bits.h for access ---
inline constexpr size_t kHeapBitsLimit = 64;  // bytes
inline constexpr size_t heap_bits_words(size_t bits) { return 2 + (bits + 63) / 64; }
inline constexpr size_t kSubBitsWords = 4;
inline size_t bits_size(Term t) { return object_words(t)[0]; }

struct HeapBits {
  Word header;
  Word bit_size;
  uint8_t bytes[];
};
struct SubBits {
  Word header;
  Word bit_size;
  Word bit_offset;
  Term holder;  // BinRef
};
struct MatchContext {
  Word header;
  const uint8_t* base;  // of the holder's first byte
  Word position;        // bits from base
  Word end;             // bits from base
  Term holder;          // heap bits or BinRef
};
inline constexpr size_t kMatchContextWords = 5;

// --- references, external pids and ports ---
struct RefNumbers {
  uint32_t count;
  uint32_t number[5];
};
static_assert(sizeof(RefNumbers) == 24);
inline constexpr size_t kRefWords = 4;
inline constexpr size_t kMagicRefWords = 6;
inline constexpr size_t kExternalPidWords = 4;
inline constexpr size_t kExternalPortWords = 3;
inline constexpr size_t kExternalRefWords = 5;

struct Node;  // vm/term/node.h

inline const RefNumbers& ref_numbers(Term t) {
  Word* words = object_words(t);
  switch (header_kind(t.header())) {
    case Boxed::kMagicRef:
      return *reinterpret_cast<RefNumbers*>(words + 2);
    case Boxed::kExternalRef:
      return *reinterpret_cast<RefNumbers*>(words + 1);
    default:
      return *reinterpret_cast<RefNumbers*>(words);
  }
}
inline const Node* external_node(Term t) {
  return reinterpret_cast<const Node*>(object_words(t)[0]);
}

// --- native records (OTP 29) ---
// Interned for the life of the VM, one for each distinct (module, name, exported, fields), so
// that records of one shape share it.
struct RecordDefinition {
  Term module;
  Term name;
  bool exported;
  uint32_t field_count;
  const Term* fields;  // atoms
};
inline const RecordDefinition* record_definition(Term t) {
  return reinterpret_cast<const RecordDefinition*>(object_words(t)[0]);
}
inline std::span<Term> record_values(Term t) {
  return {term_words(object_words(t)) + 1, header_words(t.header()) - 1};
}

}  // namespace joist
