// Atoms to text and back. Names are characters 0..16#10FFFF without surrogates, at most 255 of
// them: a longer one is system_limit where the atom would be made, badarg where it has to exist.
#include <string>

#include "bif/registry.h"
#include "vm/codec/unicode.h"
#include "vm/heap/builder.h"
#include "vm/term/bits.h"

namespace joist {

namespace {

enum class Lookup { kMake, kExisting };

ByteSpan bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
std::string_view text_of(ByteSpan bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Term too_long(Process& p, Lookup lookup) {
  return lookup == Lookup::kMake ? p.system_limit() : p.badarg();
}

// `utf8` is valid and of at most kMaxAtomCharacters.
Term atom_named(Process& p, std::string_view utf8, Lookup lookup) {
  if (lookup == Lookup::kExisting) {
    std::optional<Term> atom = existing_atom(utf8);
    return atom ? *atom : p.badarg();
  }
  std::optional<Term> atom = make_atom(utf8);
  return atom ? *atom : p.system_limit();
}

Term list_to_atom(Process& p, Term list, Lookup lookup) {
  uint8_t utf8[kMaxAtomCharacters * 4];
  uint8_t* end = utf8;
  size_t characters = 0;
  for (; list.is_list(); list = list.tail()) {
    // The length is looked at before the element.
    if (characters++ == kMaxAtomCharacters) return too_long(p, lookup);
    Term element = list.head();
    if (!element.is_small() || element.small_value() < 0) return p.badarg();
    auto code_point = static_cast<uint64_t>(element.small_value());
    if (!is_code_point(code_point)) return p.badarg();
    end = put_utf8(end, static_cast<uint32_t>(code_point));
  }
  if (!list.is_nil()) return p.badarg();
  return atom_named(p, text_of({utf8, end}), lookup);
}

Term list_to_atom_1(Process& p, Term list) { return list_to_atom(p, list, Lookup::kMake); }
Term list_to_existing_atom_1(Process& p, Term list) {
  return list_to_atom(p, list, Lookup::kExisting);
}

Term latin1_to_atom(Process& p, ByteSpan bytes, Lookup lookup) {
  if (bytes.size() > kMaxAtomCharacters) return too_long(p, lookup);
  uint8_t utf8[kMaxAtomCharacters * 2];
  return atom_named(p, text_of({utf8, put_latin1_as_utf8(utf8, bytes)}), lookup);
}

Term utf8_to_atom(Process& p, ByteSpan bytes, Lookup lookup) {
  if (bytes.size() > kMaxAtomCharacters * 4) return too_long(p, lookup);
  Utf8Scan scan = scan_utf8(bytes);
  // As in ERTS, what follows 255 characters is not looked at.
  bool full = scan.characters == kMaxAtomCharacters && scan.bytes < bytes.size();
  if (scan.characters > kMaxAtomCharacters || full) return too_long(p, lookup);
  if (scan.status != Utf8Status::kOk) return p.badarg();
  return atom_named(p, text_of(bytes), lookup);
}

Term binary_to_atom(Process& p, Term binary, Term encoding, Lookup lookup) {
  if (!is_binary(binary)) return p.badarg();
  ByteScratch scratch;
  ByteSpan bytes = binary_bytes(binary, scratch);
  if (encoding == atoms::latin1) return latin1_to_atom(p, bytes, lookup);
  if (encoding == atoms::utf8 || encoding == atoms::unicode) return utf8_to_atom(p, bytes, lookup);
  return p.badarg();
}

Term binary_to_atom_2(Process& p, Term binary, Term encoding) {
  return binary_to_atom(p, binary, encoding, Lookup::kMake);
}
Term binary_to_existing_atom_2(Process& p, Term binary, Term encoding) {
  return binary_to_atom(p, binary, encoding, Lookup::kExisting);
}

Term atom_to_list_1(Process& p, Term atom) {
  if (!atom.is_atom()) return p.badarg();
  return make_utf8_list(p.allocator(), bytes_of(atom_text(atom)));
}

Term atom_to_binary_2(Process& p, Term atom, Term encoding) {
  if (!atom.is_atom()) return p.badarg();
  const AtomEntry& entry = atom_entry(atom);
  if (encoding == atoms::utf8 || encoding == atoms::unicode) {
    return make_binary(p.allocator(), entry.text);
  }
  if (encoding != atoms::latin1 || !entry.latin1) return p.badarg();
  uint8_t latin1[kMaxAtomCharacters];
  const uint8_t* from = bytes_of(entry.text).data();
  for (uint32_t i = 0; i < entry.characters; ++i)
    latin1[i] = static_cast<uint8_t>(take_utf8(&from));
  return make_binary(p.allocator(), ByteSpan(latin1, entry.characters));
}

constexpr NativeEntry kErlangAtomNatives[] = {
    {"erlang", "atom_to_binary", native<atom_to_binary_2>},
    {"erlang", "atom_to_list", native<atom_to_list_1>},
    {"erlang", "binary_to_atom", native<binary_to_atom_2>},
    {"erlang", "binary_to_existing_atom", native<binary_to_existing_atom_2>},
    {"erlang", "list_to_atom", native<list_to_atom_1>},
    {"erlang", "list_to_existing_atom", native<list_to_existing_atom_1>},
};

}  // namespace

std::span<const NativeEntry> erlang_atom_natives() { return kErlangAtomNatives; }

}  // namespace joist
