// Natives of prim_file that convert file names between Erlang's forms and the system's bytes,
// which are UTF-8 or Latin-1 (Runtime::utf8_file_names).
#include "bif/native_name.h"
#include "bif/registry.h"
#include "vm/codec/unicode.h"
#include "vm/heap/builder.h"
#include "vm/term/bits.h"

namespace joist {

namespace {

Term ended_by_zero(Process& p, ByteSpan name) {
  if (!name.empty() && memchr(name.data(), 0, name.size()) != nullptr) return p.badarg();
  uint8_t* bytes;
  const Term result = make_bits_uninitialised(p.heap, (name.size() + 1) * 8, &bytes);
  if (result.is_none()) return p.system_limit();
  if (!name.empty()) memcpy(bytes, name.data(), name.size());
  bytes[name.size()] = 0;
  return result;
}

// Binaries are taken as they are: raw names. (Bitstrings of odd sizes crash ERTS at times.)
Term internal_name2native_1(Process& p, Term name) {
  if (is_bits(name)) {
    ByteScratch scratch;
    return is_binary(name) ? ended_by_zero(p, binary_bytes(name, scratch)) : p.badarg();
  }
  const std::optional<std::string> bytes = native_name(p, name);
  if (!bytes) return p.badarg();
  return ended_by_zero(p, {reinterpret_cast<const uint8_t*>(bytes->data()), bytes->size()});
}

Term internal_native2name_1(Process& p, Term name) {
  if (!is_bits(name) || !is_binary(name)) return p.badarg();
  ByteScratch scratch;
  const ByteSpan bytes = binary_bytes(name, scratch);
  if (!p.runtime->utf8_file_names) {
    return make_string(p.heap, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  if (is_utf8(bytes)) return make_utf8_list(p.heap, bytes);
  return make_tuple(p.heap, {atoms::error, atoms::warning});
}

// Of names as macOS keeps them, decomposed. ERTS composes by a table of its own, and not all;
// here it is Unicode's normal form, for which OTP has the tables.
Term internal_normalize_utf8_1(Process& p, Term name) {
  if (!is_bits(name) || !is_binary(name)) return p.badarg();
  ByteScratch scratch;
  if (!is_utf8(binary_bytes(name, scratch))) return p.badarg();
  return p.trap(must_atom("unicode"), must_atom("characters_to_nfc_list"), {name});
}

Term is_translatable_1(Process& p, Term name) {
  if (!is_bits(name) || !is_binary(name)) return p.badarg();
  ByteScratch scratch;
  return boolean(!p.runtime->utf8_file_names || is_utf8(binary_bytes(name, scratch)));
}

constexpr NativeEntry kPrimFileNameNatives[] = {
    {"prim_file", "internal_name2native", native<internal_name2native_1>},
    {"prim_file", "internal_native2name", native<internal_native2name_1>},
    {"prim_file", "internal_normalize_utf8", native<internal_normalize_utf8_1>},
    {"prim_file", "is_translatable", native<is_translatable_1>},
};

}  // namespace

std::span<const NativeEntry> prim_file_name_natives() { return kPrimFileNameNatives; }

}  // namespace joist
