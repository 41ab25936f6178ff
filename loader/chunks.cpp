#include "loader/chunks.h"

#include "loader/iff.h"
#include "loader/inflate.h"
#include "loader/tagged.h"

namespace joist {

namespace {

constexpr size_t kMaxAtomCharacters = 255;
constexpr uint8_t kExternalVersion = 131;
constexpr uint32_t kCodeFormat = 0;

// Reads the count of a table whose entries take at least `entry_size` bytes each.
uint32_t read_count(ByteReader& reader, size_t entry_size) {
  const uint32_t count = reader.u32();
  if (count > reader.remaining() / entry_size) {
    reader.fail();
    return 0;
  }
  return count;
}

bool is_continuation(uint8_t byte) { return (byte & 0xc0) == 0x80; }

// Length of the well-formed character that `bytes` starts with, or 0.
size_t utf8_character(ByteSpan bytes) {
  const uint8_t lead = bytes[0];
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || bytes.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (!is_continuation(bytes[i])) return 0;
  }
  const uint8_t second = bytes[1];
  const bool overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
  const bool surrogate = lead == 0xed && second >= 0xa0;
  const bool too_large = lead == 0xf4 && second >= 0x90;
  return overlong || surrogate || too_large ? 0 : length;
}

// The length of the next atom's text.
size_t read_atom_length(ByteReader& reader, bool tagged) {
  if (!tagged) return reader.u8();
  const TaggedNumber length = read_tagged(reader);
  if (!length.is_below(Tag::kUnsigned, reader.remaining() + 1)) {
    reader.fail();
    return 0;
  }
  return static_cast<size_t>(length.value);
}

void append_latin1_as_utf8(std::vector<uint8_t>& out, ByteSpan text) {
  for (const uint8_t byte : text) {
    if (byte < 0x80) {
      out.push_back(byte);
    } else {
      out.push_back(static_cast<uint8_t>(0xc0 | byte >> 6));
      out.push_back(static_cast<uint8_t>(0x80 | (byte & 0x3f)));
    }
  }
}

}  // namespace

bool check_utf8(ByteSpan bytes, size_t& characters) {
  characters = 0;
  while (!bytes.empty()) {
    const size_t length = utf8_character(bytes);
    if (length == 0) return false;
    bytes = bytes.subspan(length);
    ++characters;
  }
  return true;
}

Result<void> parse_atoms(BeamFile& file, ByteSpan chunk, AtomEncoding encoding) {
  ByteReader reader(chunk);
  const int64_t count_word = reader.i32();
  const bool tagged_lengths = count_word < 0;
  const auto count = static_cast<size_t>(tagged_lengths ? -count_word : count_word);
  if (count == 0 || count > reader.remaining()) return make_error("corrupt atom table: its count");

  // No reallocation may move the converted text: it grows to twice the chunk at most.
  if (encoding == AtomEncoding::kLatin1) file.atom_bytes.reserve(2 * chunk.size());
  file.atoms.reserve(count + 1);
  file.atoms.push_back({});
  for (size_t i = 1; i <= count; ++i) {
    ByteSpan text = reader.take(read_atom_length(reader, tagged_lengths));
    if (!reader.ok()) return make_error("corrupt atom table: atom %zu is cut short", i);
    size_t characters = text.size();
    if (encoding == AtomEncoding::kLatin1) {
      const size_t start = file.atom_bytes.size();
      append_latin1_as_utf8(file.atom_bytes, text);
      text = ByteSpan(file.atom_bytes).subspan(start);
    } else if (!check_utf8(text, characters)) {
      return make_error("corrupt atom table: atom %zu is not UTF-8", i);
    }
    if (characters > kMaxAtomCharacters) {
      return make_error("corrupt atom table: atom %zu has %zu characters", i, characters);
    }
    file.atoms.push_back(text_of(text));
  }
  return {};
}

Result<void> parse_imports(BeamFile& file, ByteSpan chunk) {
  ByteReader reader(chunk);
  const uint32_t count = read_count(reader, 12);
  file.imports.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    ImportEntry entry;
    entry.module = reader.u32();
    entry.function = reader.u32();
    entry.arity = reader.u32();
    const bool atoms_known = entry.module != 0 && entry.module < file.atoms.size() &&
                             entry.function != 0 && entry.function < file.atoms.size();
    if (!atoms_known || entry.arity > kMaxArity) {
      return make_error("corrupt import table: entry %u", i);
    }
    file.imports.push_back(entry);
  }
  if (!reader.ok()) return make_error("corrupt import table: its count");
  return {};
}

Result<std::vector<FunctionEntry>> parse_functions(const BeamFile& file, ByteSpan chunk) {
  ByteReader reader(chunk);
  const uint32_t count = read_count(reader, 12);
  std::vector<FunctionEntry> entries;
  entries.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    FunctionEntry entry;
    entry.function = reader.u32();
    entry.arity = reader.u32();
    entry.label = reader.u32();
    if (entry.function == 0 || entry.function >= file.atoms.size() || entry.arity > kMaxArity) {
      return make_error("entry %u", i);
    }
    entries.push_back(entry);
  }
  if (!reader.ok()) return make_error("its count");
  return entries;
}

Result<void> parse_lambdas(BeamFile& file, ByteSpan chunk) {
  ByteReader reader(chunk);
  const uint32_t count = read_count(reader, 24);
  file.lambdas.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    LambdaEntry entry;
    entry.function = reader.u32();
    entry.arity = reader.u32();
    entry.label = reader.u32();
    entry.index = reader.u32();
    entry.num_free = reader.u32();
    entry.old_uniq = reader.u32();
    const bool known = entry.function != 0 && entry.function < file.atoms.size();
    if (!known || entry.arity > kMaxArity || entry.num_free > entry.arity) {
      return make_error("corrupt lambda table: entry %u", i);
    }
    file.lambdas.push_back(entry);
  }
  if (!reader.ok() || !reader.at_end()) return make_error("corrupt lambda table: its count");
  return {};
}

Result<void> parse_literals(BeamFile& file, ByteSpan chunk) {
  ByteReader header(chunk);
  const uint32_t claimed = header.u32();
  ByteSpan data = header.take(header.remaining());
  if (!header.ok()) return make_error("corrupt literal table: it is cut short");
  if (claimed != 0) {
    if (claimed > kMaxBeamSize || claimed > max_inflated_size(data.size())) {
      return make_error("corrupt literal table: %u bytes cannot come from %zu", claimed,
                        data.size());
    }
    auto inflated = inflate_bounded(data, DeflateFormat::kZlib, claimed);
    if (!inflated) return make_error("corrupt literal table: %s", inflated.error().text.c_str());
    file.literal_bytes = inflated.take();
    data = file.literal_bytes;
  }

  ByteReader reader(data);
  const uint32_t count = read_count(reader, 4);
  file.literals.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    const ByteSpan term = reader.take(reader.u32());
    if (!reader.ok() || term.size() < 2 || term[0] != kExternalVersion) {
      return make_error("corrupt literal table: literal %u", i);
    }
    file.literals.push_back(term);
  }
  if (!reader.ok()) return make_error("corrupt literal table: its count");
  file.literal_count = count;
  return {};
}

Result<ByteSpan> parse_code_header(BeamFile& file, ByteSpan chunk) {
  ByteReader reader(chunk);
  const uint32_t header_size = reader.u32();
  ByteReader header(reader.take(header_size));
  const uint32_t format = header.u32();
  file.max_opcode = header.u32();
  file.label_count = header.u32();
  file.function_count = header.u32();
  if (!reader.ok() || !header.ok())
    return make_error("corrupt code chunk: the header is cut short");
  if (format != kCodeFormat) return make_error("corrupt code chunk: instruction set %u", format);
  const ByteSpan code = reader.take(reader.remaining());
  // A label takes two bytes to define; what is above that has gaps, which no compiler leaves and
  // which would let a small file ask for large tables.
  if (file.label_count > code.size() + 1) {
    return make_error("corrupt code chunk: %u labels in %zu bytes", file.label_count, code.size());
  }
  return code;
}

}  // namespace joist
