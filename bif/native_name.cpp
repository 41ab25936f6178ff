#include "bif/native_name.h"

#include <vector>

#include "vm/codec/unicode.h"
#include "vm/heap/builder.h"

namespace joist {

namespace {

bool append_character(Term character, bool utf8, std::string* name) {
  if (!character.is_small() || character.small_value() <= 0) return false;
  auto code_point = static_cast<uint64_t>(character.small_value());
  if (!utf8) {
    name->push_back(static_cast<char>(code_point));
    return code_point <= 0xff;
  }
  if (!is_code_point(code_point)) return false;
  uint8_t bytes[4];
  uint8_t* end = put_utf8(bytes, static_cast<uint32_t>(code_point));
  name->append(bytes, end);
  return true;
}

}  // namespace

std::optional<std::string> native_name(Process& p, Term characters) {
  std::string name;
  std::vector<Term> outer;  // what follows the lists that are being read
  for (;;) {
    if (characters.is_list()) {
      Term head = characters.head();
      if (head.is_list() || head.is_nil()) {
        outer.push_back(characters.tail());
        characters = head;
        continue;
      }
      if (!append_character(head, p.runtime->utf8_file_names, &name)) return std::nullopt;
      characters = characters.tail();
    } else if (!characters.is_nil()) {
      return std::nullopt;
    } else if (outer.empty()) {
      return name;
    } else {
      characters = outer.back();
      outer.pop_back();
    }
  }
}

Term characters_of_native(Process& p, std::string_view name) {
  ByteSpan bytes(reinterpret_cast<const uint8_t*>(name.data()), name.size());
  if (p.runtime->utf8_file_names && is_utf8(bytes)) return make_utf8_list(p.heap, bytes);
  return make_string(p.heap, name);
}

}  // namespace joist
