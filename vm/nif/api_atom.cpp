// erl_nif.h: atoms and strings, in Latin-1 or UTF-8.
#include <cstring>
#include <string>

#include "vm/codec/unicode.h"
#include "vm/heap/builder.h"
#include "vm/nif/env.h"
#include "vm/term/atom.h"

using namespace joist;

namespace {

size_t count_characters(std::string_view utf8) {
  size_t count = 0;
  for (char byte : utf8) count += !is_utf8_continuation(static_cast<uint8_t>(byte));
  return count;
}

bool append_utf8(std::string& text, int64_t code) {
  const bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code > 0x10FFFF || is_surrogate) return false;
  uint8_t bytes[4];
  const uint8_t* end = put_utf8(bytes, static_cast<uint32_t>(code));
  text.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(end - bytes));
  return true;
}

// The longest whole part of no more than `count` bytes.
size_t whole_utf8(std::string_view text, size_t count) {
  while (count > 0 && is_utf8_continuation(static_cast<uint8_t>(text[count]))) --count;
  return count;
}

enum class NewAtoms : bool { kNo, kYes };

bool find_atom(const char* name, size_t length, int encoding, NewAtoms new_atoms, Word* atom) {
  const ByteSpan bytes(reinterpret_cast<const uint8_t*>(name), length);
  std::string text(name, length);
  if (encoding == abi::kLatin1) {
    text.resize(latin1_utf8_size(bytes));
    put_latin1_as_utf8(reinterpret_cast<uint8_t*>(text.data()), bytes);
  } else if (encoding != abi::kUtf8 || !is_utf8(bytes)) {
    return false;
  }
  if (count_characters(text) > kMaxAtomCharacters) return false;
  const std::optional<Term> found =
      new_atoms == NewAtoms::kYes ? make_atom(text) : existing_atom(text);
  if (!found) return false;
  *atom = found->bits();
  return true;
}

std::string latin1_text(std::string_view utf8) {
  std::string text;
  const auto* at = reinterpret_cast<const uint8_t*>(utf8.data());
  const uint8_t* end = at + utf8.size();
  while (at < end) text.push_back(static_cast<char>(take_utf8(&at)));
  return text;
}

// The name in that encoding; nullopt: it cannot be written so.
std::optional<std::string> atom_name(Word word, int encoding) {
  if (!term_of(word).is_atom()) return std::nullopt;
  const std::string_view text = atom_text(term_of(word));
  if (encoding == abi::kUtf8) return std::string(text);
  if (encoding != abi::kLatin1 || !atom_entry(term_of(word)).latin1) return std::nullopt;
  return latin1_text(text);
}

// The characters of a proper list in that encoding, no more bytes than the limit.
std::optional<std::string> list_text(Term list, int encoding, size_t limit) {
  std::string text;
  for (; list.is_list() && text.size() < limit; list = list.tail()) {
    const Term character = list.head();
    if (!character.is_small() || character.small_value() < 0) return std::nullopt;
    const int64_t code = character.small_value();
    if (encoding == abi::kLatin1) {
      if (code > 255) return std::nullopt;
      text.push_back(static_cast<char>(code));
    } else if (encoding != abi::kUtf8 || !append_utf8(text, code)) {
      return std::nullopt;
    }
  }
  if (!list.is_list() && !list.is_nil()) return std::nullopt;
  return text;
}

}  // namespace

extern "C" {

int enif_is_atom(NifEnv*, Word term) { return term_of(term).is_atom(); }

Word enif_make_atom_len(NifEnv* env, const char* name, size_t length) {
  Word atom;
  if (find_atom(name, length, abi::kLatin1, NewAtoms::kYes, &atom)) return atom;
  return env->raise(atoms::badarg);
}

Word enif_make_atom(NifEnv* env, const char* name) {
  return enif_make_atom_len(env, name, strlen(name));
}

int enif_make_existing_atom_len(NifEnv*, const char* name, size_t length, Word* atom,
                                int encoding) {
  return find_atom(name, length, encoding, NewAtoms::kNo, atom);
}

int enif_make_existing_atom(NifEnv*, const char* name, Word* atom, int encoding) {
  return find_atom(name, strlen(name), encoding, NewAtoms::kNo, atom);
}

int enif_make_new_atom_len(NifEnv*, const char* name, size_t length, Word* atom, int encoding) {
  return find_atom(name, length, encoding, NewAtoms::kYes, atom);
}

int enif_make_new_atom(NifEnv*, const char* name, Word* atom, int encoding) {
  return find_atom(name, strlen(name), encoding, NewAtoms::kYes, atom);
}

int enif_get_atom_length(NifEnv*, Word term, unsigned* length, int encoding) {
  const std::optional<std::string> name = atom_name(term, encoding);
  if (!name) return 0;
  *length = static_cast<unsigned>(name->size());
  return 1;
}

int enif_get_atom(NifEnv*, Word term, char* buffer, unsigned size, int encoding) {
  const std::optional<std::string> name = atom_name(term, encoding);
  if (!name || name->size() >= size) return 0;
  memcpy(buffer, name->c_str(), name->size() + 1);
  return static_cast<int>(name->size() + 1);
}

// What does not fit is cut, and the result negative.
int enif_get_string(NifEnv*, Word list, char* buffer, unsigned size, int encoding) {
  if (size < 1) return 0;
  const std::optional<std::string> text = list_text(term_of(list), encoding, size);
  if (!text) {
    buffer[0] = 0;
    return 0;
  }
  const bool fits = text->size() < size;
  size_t count = fits ? text->size() : size - 1;
  if (!fits && encoding == abi::kUtf8) count = whole_utf8(*text, count);
  memcpy(buffer, text->data(), count);
  buffer[count] = 0;
  return fits ? static_cast<int>(count + 1) : -static_cast<int>(count + 1);
}

int enif_get_string_length(NifEnv*, Word list, unsigned* length, int encoding) {
  const std::optional<std::string> text = list_text(term_of(list), encoding, SIZE_MAX);
  if (!text) return 0;
  *length = static_cast<unsigned>(text->size());
  return 1;
}

Word enif_make_string_len(NifEnv* env, const char* text, size_t length, int encoding) {
  if (encoding == abi::kLatin1) return make_string(*env->heap, {text, length}).bits();
  const ByteSpan bytes(reinterpret_cast<const uint8_t*>(text), length);
  if (encoding != abi::kUtf8 || !is_utf8(bytes)) return env->raise(atoms::badarg);
  return make_utf8_list(*env->heap, bytes).bits();
}

Word enif_make_string(NifEnv* env, const char* text, int encoding) {
  return enif_make_string_len(env, text, strlen(text), encoding);
}

}  // extern "C"
