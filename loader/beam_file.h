// A .beam file taken apart: every chunk the VM reads, validated in its structure, as plain C++
// data. Knows no terms: atoms are UTF-8 text, literals and attributes are bytes of the external
// term format, everything else is an index into these tables.
//
// parse_beam() checks everything that can be checked without following the code (bounds, counts,
// indices into atoms, encodings); verify() in loader/verify.h checks the code. Only a file that
// passed both may be linked. Neither trusts a size that the file claims: what is allocated is
// bounded by what the bytes given can hold.
//
// All views point into buffers owned by the BeamFile, or given to parse_tables(); moving it keeps
// them valid.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "loader/generic_code.h"
#include "vm/base/bytes.h"
#include "vm/base/result.h"

namespace joist {

inline constexpr uint32_t kMaxArity = 255;
inline constexpr uint32_t kMaxRegisters = 1024;
inline constexpr uint32_t kMaxTupleSize = (1u << 24) - 1;

struct ImportEntry {
  uint32_t module;    // atom index
  uint32_t function;  // atom index
  uint32_t arity;
};

// An exported (ExpT) or local (LocT) function.
struct FunctionEntry {
  uint32_t function;  // atom index
  uint32_t arity;
  uint32_t label;
};

struct LambdaEntry {
  uint32_t function;  // atom index
  uint32_t arity;     // of the function: the fun's own arity plus num_free
  uint32_t label;
  uint32_t index;  // as the compiler numbered it; the external form of a fun carries it
  uint32_t num_free;
  uint32_t old_uniq;
};

struct LineEntry {
  uint32_t file;  // index into BeamFile::files; 0: the module's own name with .erl
  uint32_t line;
};

// Bits of TypeEntry::kinds, the numbering of OTP 29 whatever the file's version.
enum TypeBits : uint16_t {
  kTypeAtom = 1 << 0,
  kTypeBitstring = 1 << 1,
  kTypeCons = 1 << 2,
  kTypeFloat = 1 << 3,
  kTypeFun = 1 << 4,
  kTypeInteger = 1 << 5,
  kTypeMap = 1 << 6,
  kTypeNil = 1 << 7,
  kTypePid = 1 << 8,
  kTypePort = 1 << 9,
  kTypeReference = 1 << 10,
  kTypeTuple = 1 << 11,
  kTypeRecord = 1 << 12,
  kTypeAny = (1 << 13) - 1,
};

// What the compiler knows of a register's value: one of `kinds`, and a number (integer; float
// too) within the bounds present. A claim of the file, not verified.
struct TypeEntry {
  uint16_t kinds = kTypeAny;
  uint16_t unit = 1;  // a bitstring's size is a multiple of this
  bool has_min = false;
  bool has_max = false;
  int64_t min = 0;
  int64_t max = 0;
};

// A native record definition (OTP 29): fields are record_fields[first_field ...].
struct RecordEntry {
  uint32_t name;  // atom index
  bool exported;
  uint32_t first_field;
  uint32_t field_count;
};

struct RecordField {
  uint32_t name;  // atom index
  bool has_default;
  Operand value;  // atom, nil, integer, big integer or literal; only if has_default
};

struct Chunk {
  uint32_t id;  // four characters, big-endian
  ByteSpan data;
};

constexpr uint32_t chunk_id(const char (&name)[5]) {
  return static_cast<uint32_t>(static_cast<uint8_t>(name[0])) << 24 |
         static_cast<uint32_t>(static_cast<uint8_t>(name[1])) << 16 |
         static_cast<uint32_t>(static_cast<uint8_t>(name[2])) << 8 |
         static_cast<uint32_t>(static_cast<uint8_t>(name[3]));
}

struct BeamFile {
  BeamFile() = default;
  BeamFile(BeamFile&&) = default;
  BeamFile& operator=(BeamFile&&) = default;
  BeamFile(const BeamFile&) = delete;
  BeamFile& operator=(const BeamFile&) = delete;

  std::vector<Chunk> chunks;  // all of them, in the order of the file

  std::vector<std::string_view> atoms;  // [0] is an unused place (it stands for []); [1] the module
  std::vector<ImportEntry> imports;
  std::vector<FunctionEntry> exports;
  std::vector<FunctionEntry> locals;
  std::vector<LambdaEntry> lambdas;
  std::vector<ByteSpan> literals;       // external terms, each with its version byte 131
  uint32_t literal_count = 0;           // of them
  std::vector<LineEntry> lines;         // [0] is the undefined position; empty: no line table
  std::vector<std::string_view> files;  // [0] is empty: the module's own name with .erl
  uint32_t line_flags = 0;
  std::vector<TypeEntry> types;  // [0] is any; one entry only when there is no usable chunk
  std::vector<RecordEntry> records;
  std::vector<RecordField> record_fields;

  uint32_t max_opcode = 0;
  uint32_t label_count = 0;     // labels are 1 .. label_count - 1
  uint32_t function_count = 0;  // as the header of the Code chunk claims
  GenericCode code;             // parse_beam() only

  ByteSpan code_bytes;               // instructions: the Code chunk without its header
  ByteSpan strings;                  // StrT
  ByteSpan attributes;               // Attr, external term; empty if absent
  ByteSpan compile_info;             // CInf, likewise
  std::array<uint8_t, 16> md5 = {};  // code:module_md5/1

  std::string_view module_name() const { return atoms[1]; }
  // The chunk of that name (the last one, as in ERTS, if several), or an empty span.
  ByteSpan chunk(uint32_t id) const;
  const TypeEntry& type_of(const Operand& operand) const {
    return types[operand.type == kNoType ? 0 : operand.type];
  }

  // Owners of what the views above point to.
  std::vector<uint8_t> file_bytes;
  std::vector<uint8_t> literal_bytes;
  std::vector<uint8_t> atom_bytes;
};

// Takes apart a .beam file, gzip-compressed as a whole or not.
Result<BeamFile> parse_beam(ByteSpan bytes);

// The same without decoding the code. Views may point into `bytes`.
Result<BeamFile> parse_tables(ByteSpan bytes);

}  // namespace joist
