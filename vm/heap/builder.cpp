#include "vm/heap/builder.h"

#include <cstring>

#include "vm/term/bits.h"

namespace joist {

Term make_big_limb(Allocator& heap, bool negative, Word magnitude) {
  Word* words = heap.alloc(2);
  words[0] = make_header(negative ? Boxed::kNegativeBig : Boxed::kPositiveBig, 1);
  words[1] = magnitude;
  return Term::boxed(words);
}

Term make_list(Allocator& heap, std::span<const Term> elements, Term tail) {
  if (elements.empty()) return tail;
  Word* cells = heap.alloc(2 * elements.size());
  Word* cell = cells;
  for (Term element : elements) {
    cell[0] = element.bits();
    cell[1] = Term::list(cell + 2).bits();
    cell += 2;
  }
  cell[-1] = tail.bits();
  return Term::list(cells);
}

Term make_string(Allocator& heap, std::string_view bytes, Term tail) {
  if (bytes.empty()) return tail;
  Word* cells = heap.alloc(2 * bytes.size());
  Word* cell = cells;
  for (char byte : bytes) {
    cell[0] = Term::small(static_cast<unsigned char>(byte)).bits();
    cell[1] = Term::list(cell + 2).bits();
    cell += 2;
  }
  cell[-1] = tail.bits();
  return Term::list(cells);
}

// --- binaries ---

namespace {

// Heap bits with the padding of the last word zero and the bytes before it undefined.
Term make_heap_bits(Allocator& heap, size_t bits, uint8_t** bytes) {
  const size_t words = heap_bits_words(bits);
  Word* object = heap.alloc(words);
  object[0] = make_header(Boxed::kHeapBits, words - 1);
  object[1] = bits;
  if (words > 2) object[words - 1] = 0;
  *bytes = reinterpret_cast<uint8_t*>(object + 2);
  return Term::boxed(object);
}

Term make_view(Allocator& heap, Term holder, size_t bit_offset, size_t bits) {
  JOIST_ASSERT(is_kind(holder, Boxed::kBinRef));
  Word* words = heap.alloc(kSubBitsWords);
  words[0] = make_header(Boxed::kSubBits, kSubBitsWords - 1);
  words[1] = bits;
  words[2] = bit_offset;
  words[3] = holder.bits();
  return Term::boxed(words);
}

Term copy_part_to_heap(Allocator& heap, BitsView part) {
  uint8_t* bytes;
  Term copy = make_heap_bits(heap, part.size, &bytes);
  copy_bits_padded(bytes, part);
  return copy;
}

constexpr bool fits_heap(size_t bits) { return bits <= kHeapBitsLimit * 8; }

}  // namespace

Term make_bits_uninitialised(Allocator& heap, size_t bits, uint8_t** bytes) {
  if (fits_heap(bits)) return make_heap_bits(heap, bits, bytes);
  Binary* binary = try_new_binary(bits / 8 + (bits % 8 != 0));
  if (binary == nullptr) return Term::none();
  *bytes = binary->bytes;
  return make_bits_of(heap, binary, bits);
}

Term make_binary(Allocator& heap, ByteSpan bytes) {
  uint8_t* target;
  Term binary = make_bits_uninitialised(heap, bytes.size() * 8, &target);
  if (binary.is_none()) fatal("out of memory: a binary of %zu bytes", bytes.size());
  if (!bytes.empty()) memcpy(target, bytes.data(), bytes.size());
  return binary;
}

Term make_binary(Allocator& heap, ByteSpan bytes, Binary* holder) {
  if (holder == nullptr || bytes.size() <= kHeapBitsLimit) return make_binary(heap, bytes);
  holder->retain();
  const auto offset = static_cast<size_t>(bytes.data() - holder->bytes);
  return make_sub_bits(heap, make_bin_ref(heap, holder), offset * 8, bytes.size() * 8);
}

Term make_bin_ref(Allocator& heap, Binary* binary) {
  Word* words = heap.alloc(kBinRefWords);
  auto* object = reinterpret_cast<OffHeap*>(words);
  object->header = make_header(Boxed::kBinRef, kBinRefWords - 1);
  object->binary = binary;
  heap.link_off_heap(object);
  return Term::boxed(words);
}

Term make_sub_bits(Allocator& heap, Term holder, size_t bit_offset, size_t bits) {
  if (!fits_heap(bits)) return make_view(heap, holder, bit_offset, bits);
  const Binary* binary = reinterpret_cast<OffHeap*>(holder.object())->binary;
  return copy_part_to_heap(heap, {binary->bytes, bit_offset, bits});
}

Term make_part(Allocator& heap, Term bitstring, size_t bit_offset, size_t bits) {
  if (header_kind(bitstring.header()) == Boxed::kSubBits) {
    const auto* view = reinterpret_cast<const SubBits*>(bitstring.object());
    return make_sub_bits(heap, view->holder, view->bit_offset + bit_offset, bits);
  }
  JOIST_ASSERT(is_kind(bitstring, Boxed::kHeapBits));
  const auto* whole = reinterpret_cast<const HeapBits*>(bitstring.object());
  return copy_part_to_heap(heap, {whole->bytes, bit_offset, bits});
}

Term make_bits_of(Allocator& heap, Binary* binary, size_t bits) {
  return make_view(heap, make_bin_ref(heap, binary), 0, bits);
}

// --- references, external pids and ports ---

Term make_ref(Allocator& heap, const RefNumbers& numbers) {
  Word* words = heap.alloc(kRefWords);
  words[0] = make_header(Boxed::kRef, kRefWords - 1);
  memcpy(words + 1, &numbers, sizeof numbers);
  return Term::boxed(words);
}

Term make_magic_ref(Allocator& heap, const RefNumbers& numbers, Binary* binary) {
  Word* words = heap.alloc(kMagicRefWords);
  auto* object = reinterpret_cast<OffHeap*>(words);
  object->header = make_header(Boxed::kMagicRef, kMagicRefWords - 1);
  object->binary = binary;
  memcpy(words + 3, &numbers, sizeof numbers);
  heap.link_off_heap(object);
  return Term::boxed(words);
}

Term make_external_pid(Allocator& heap, const Node* node, uint64_t number, uint64_t serial) {
  Word* words = heap.alloc(kExternalPidWords);
  words[0] = make_header(Boxed::kExternalPid, kExternalPidWords - 1);
  words[1] = reinterpret_cast<Word>(node);
  words[2] = number;
  words[3] = serial;
  return Term::boxed(words);
}

Term make_external_port(Allocator& heap, const Node* node, uint64_t number) {
  Word* words = heap.alloc(kExternalPortWords);
  words[0] = make_header(Boxed::kExternalPort, kExternalPortWords - 1);
  words[1] = reinterpret_cast<Word>(node);
  words[2] = number;
  return Term::boxed(words);
}

Term make_external_ref(Allocator& heap, const Node* node, const RefNumbers& numbers) {
  Word* words = heap.alloc(kExternalRefWords);
  words[0] = make_header(Boxed::kExternalRef, kExternalRefWords - 1);
  words[1] = reinterpret_cast<Word>(node);
  memcpy(words + 2, &numbers, sizeof numbers);
  return Term::boxed(words);
}

// --- funs ---

Term make_export_fun(Allocator& heap, const ExportIdentity* entry) {
  Word* words = heap.alloc(2);
  words[0] = make_header(Boxed::kExportFun, 1);
  words[1] = reinterpret_cast<Word>(entry);
  return Term::boxed(words);
}

Term make_local_fun(Allocator& heap, const FunIdentity* entry, Term creator,
                    std::span<const Term> environment) {
  const size_t count = kLocalFunFixedWords + environment.size();
  Word* words = heap.alloc(1 + count);
  words[0] = make_header(Boxed::kLocalFun, count);
  words[1] = reinterpret_cast<Word>(entry);
  words[2] = creator.bits();
  for (size_t i = 0; i < environment.size(); ++i) words[3 + i] = environment[i].bits();
  return Term::boxed(words);
}

}  // namespace joist
