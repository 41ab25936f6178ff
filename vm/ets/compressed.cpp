#include "vm/ets/compressed.h"

#include "vm/codec/etf.h"
#include "vm/heap/builder.h"
#include "vm/heap/copy.h"
#include "vm/heap/work_stack.h"
#include "vm/term/map.h"

namespace joist {

namespace {

bool is_packed(Term element) { return is_kind(element, Boxed::kFiller); }

bool is_plain_immediate(Term term) { return !term.is_local_pid() && !term.is_local_port(); }

// Whether all of an object's fields are terms, of which the walk goes on; otherwise it has none.
enum class Inside : uint8_t { kTerms, kNothing, kForeign };

Inside inside_of(Term term) {
  switch (header_kind(term.header())) {
    case Boxed::kTuple:
    case Boxed::kFlatMap:
    case Boxed::kHashMap:
    case Boxed::kHashNode:
    case Boxed::kCollisionNode:
      return Inside::kTerms;
    case Boxed::kPositiveBig:
    case Boxed::kNegativeBig:
    case Boxed::kFloat:
    case Boxed::kHeapBits:
      return Inside::kNothing;
    default:
      return Inside::kForeign;
  }
}

// Whether the term means the same once it has been bytes, and has nothing that is shared.
bool is_made_of_bytes(Term root) {
  WorkStack<Term> pending;
  pending.push(root);
  while (!pending.empty()) {
    const Term term = pending.top();
    pending.pop();
    if (!term.is_pointer()) {
      if (!is_plain_immediate(term)) return false;
      continue;
    }
    if (term.is_list()) {
      pending.push(term.tail());
      pending.push(term.head());
      continue;
    }
    const Inside inside = inside_of(term);
    if (inside == Inside::kForeign) return false;
    if (inside == Inside::kNothing) continue;
    const size_t raw = kind_info(header_kind(term.header())).raw_words;
    const Term* fields = term_words(object_words(term));
    for (size_t i = raw; i < header_words(term.header()); ++i) pending.push(fields[i]);
  }
  return true;
}

EncodeOptions encoding() {
  EncodeOptions options;
  options.has_version = false;
  return options;
}

// The element's bytes as an object; none(): they are no gain.
Term packed_element(Term element, Allocator& scratch) {
  constexpr size_t kHead = 2;
  if (!is_made_of_bytes(element)) return Term::none();
  const EncodeOptions options = encoding();
  const std::optional<size_t> size = external_size(element, options);
  if (!size) return Term::none();
  const size_t words = kHead + (*size + sizeof(Word) - 1) / sizeof(Word);
  if (words >= copy_size(element, nullptr)) return Term::none();
  Word* object = scratch.alloc(words);
  object[0] = make_header(Boxed::kFiller, words - 1);
  object[1] = *size;
  object[words - 1] = 0;
  encode_external(element, options, reinterpret_cast<uint8_t*>(object + kHead));
  return Term::boxed(object);
}

}  // namespace

Term compressed_tuple(Term tuple, size_t key_position, Allocator& scratch) {
  const std::span<const Term> elements = tuple_elements(tuple);
  const Term result = make_tuple(scratch, elements);
  for (size_t i = 0; i < elements.size(); ++i) {
    if (i + 1 == key_position || !elements[i].is_pointer()) continue;
    const Term packed = packed_element(elements[i], scratch);
    if (!packed.is_none()) tuple_elements(result)[i] = packed;
  }
  return result;
}

Term expanded_element(Term element, Allocator& to) {
  if (!is_packed(element)) return copy_term(to, element, nullptr);
  const Word* object = element.object();
  DecodeOptions options;
  options.has_version = false;
  const ByteSpan bytes(reinterpret_cast<const uint8_t*>(object + 2), object[1]);
  const std::optional<Decoded> decoded = decode_external(bytes, to, options);
  JOIST_CHECK(decoded.has_value());
  return decoded->term;
}

Term expanded_tuple(Term compressed, Allocator& to) {
  const std::span<const Term> elements = tuple_elements(compressed);
  const Term result = make_tuple(to, elements);
  for (size_t i = 0; i < elements.size(); ++i) {
    if (elements[i].is_pointer()) tuple_elements(result)[i] = expanded_element(elements[i], to);
  }
  return result;
}

}  // namespace joist
