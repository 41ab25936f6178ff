// The one way to make terms: each function allocates from an Allocator and returns the term.
// Sizes in words are in vm/term/boxed.h. None of them collects.
#pragma once

#include <initializer_list>
#include <span>

#include "vm/base/bytes.h"
#include "vm/heap/allocator.h"

namespace joist {

inline Term make_cons(Allocator& heap, Term head, Term tail) {
  Word* cell = heap.alloc(2);
  cell[0] = head.bits();
  cell[1] = tail.bits();
  return Term::list(cell);
}

// A tuple whose elements the caller fills in at once.
inline Term make_tuple_uninitialised(Allocator& heap, size_t size) {
  Word* words = heap.alloc(size + 1);
  words[0] = make_header(Boxed::kTuple, size);
  return Term::boxed(words);
}
inline Term make_tuple(Allocator& heap, std::span<const Term> elements) {
  Term tuple = make_tuple_uninitialised(heap, elements.size());
  Word* words = object_words(tuple);
  for (size_t i = 0; i < elements.size(); ++i) words[i] = elements[i].bits();
  return tuple;
}
inline Term make_tuple(Allocator& heap, std::initializer_list<Term> elements) {
  return make_tuple(heap, std::span<const Term>(elements.begin(), elements.size()));
}

inline Term make_float(Allocator& heap, double value) {
  if (Term::fits_word_float(value)) [[likely]]
    return Term::word_float(value);
  Word* words = heap.alloc(kBoxedFloatWords);
  words[0] = make_header(Boxed::kFloat, 1);
  words[1] = std::bit_cast<Word>(value);
  return Term::boxed(words);
}

// A bignum of one limb that is known not to fit a small, or any integer.
Term make_big_limb(Allocator& heap, bool negative, Word magnitude);
inline Term make_integer(Allocator& heap, int64_t value) {
  if (Term::fits_small(value)) [[likely]]
    return Term::small(value);
  Word magnitude = value < 0 ? Word{0} - static_cast<Word>(value) : static_cast<Word>(value);
  return make_big_limb(heap, value < 0, magnitude);
}
inline Term make_unsigned(Allocator& heap, uint64_t value) {
  if (value <= static_cast<uint64_t>(Term::kMaxSmall)) [[likely]] {
    return Term::small(static_cast<int64_t>(value));
  }
  return make_big_limb(heap, false, value);
}

Term make_list(Allocator& heap, std::span<const Term> elements, Term tail = Term::nil());
// A list of the bytes as small integers (Latin-1 string).
Term make_string(Allocator& heap, std::string_view bytes, Term tail = Term::nil());

// --- binaries ---
// An off-heap buffer with one reference, freed with the last; bytes uninitialised. nullptr: no
// memory; new_binary() is for sizes that no program chose, and fatal then.
Binary* try_new_binary(size_t byte_count);
Binary* new_binary(size_t byte_count);
// The buffer cut to its first `byte_count` bytes; the caller has the only reference to it.
Binary* shrink_binary(Binary* binary, size_t byte_count);
// A bitstring of `bits` bits whose bytes the caller fills in at *bytes, padding bits zero: on
// the heap up to kHeapBitsLimit bytes, else off-heap. none(): no memory for that many.
Term make_bits_uninitialised(Allocator& heap, size_t bits, uint8_t** bytes);
Term make_binary(Allocator& heap, ByteSpan bytes);
inline Term make_binary(Allocator& heap, std::string_view text) {
  return make_binary(heap, ByteSpan(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}
// Bytes that lie in the buffer `holder`, which the term then shares where they are too many for the
// heap. null: they lie elsewhere, and are copied.
Term make_binary(Allocator& heap, ByteSpan bytes, Binary* holder);
// A BinRef term for `binary`, whose caller's reference it takes over.
Term make_bin_ref(Allocator& heap, Binary* binary);
// The part [bit_offset, bit_offset + bits) of holder (a BinRef): copied to the heap when it is
// small, else a view.
Term make_sub_bits(Allocator& heap, Term holder, size_t bit_offset, size_t bits);
// The same of any bitstring term.
Term make_part(Allocator& heap, Term bitstring, size_t bit_offset, size_t bits);
// A whole off-heap binary of `bits` bits, taking over the caller's reference.
Term make_bits_of(Allocator& heap, Binary* binary, size_t bits);

// --- references ---
Term make_ref(Allocator& heap, const RefNumbers& numbers);
// Takes over the caller's reference of `binary`.
Term make_magic_ref(Allocator& heap, const RefNumbers& numbers, Binary* binary);
Term make_external_pid(Allocator& heap, const Node* node, uint64_t number, uint64_t serial);
Term make_external_port(Allocator& heap, const Node* node, uint64_t number);
Term make_external_ref(Allocator& heap, const Node* node, const RefNumbers& numbers);

// --- funs ---
Term make_export_fun(Allocator& heap, const ExportIdentity* entry);
Term make_local_fun(Allocator& heap, const FunIdentity* entry, Term creator,
                    std::span<const Term> environment);

// Builds a list front to back.
class ListBuilder {
 public:
  explicit ListBuilder(Allocator& heap) : heap_(heap) {}
  void add(Term element) {
    Word* cell = heap_.alloc(2);
    cell[0] = element.bits();
    cell[1] = Term::nil().bits();
    if (last_ == nullptr) {
      first_ = Term::list(cell);
    } else {
      last_[1] = Term::list(cell).bits();
    }
    last_ = cell;
  }
  Term finish(Term tail = Term::nil()) {
    if (last_ == nullptr) return tail;
    last_[1] = tail.bits();
    return first_;
  }

 private:
  Allocator& heap_;
  Term first_ = Term::nil();
  Word* last_ = nullptr;
};

}  // namespace joist
