// erl_nif.h: binaries, iodata, the external term format.
#include <cstring>

#include "vm/codec/iolist.h"
#include "vm/heap/builder.h"
#include "vm/nif/interface.h"
#include "vm/sched/external_options.h"
#include "vm/term/bits.h"

using namespace joist;

namespace {

void set_empty(abi::NifBinary* binary) { *binary = {0, nullptr, nullptr, {}}; }

Binary* owned(const abi::NifBinary* binary) { return static_cast<Binary*>(binary->owned); }

}  // namespace

extern "C" {

int enif_alloc_binary(size_t size, abi::NifBinary* binary) {
  Binary* made = try_new_binary(size);
  if (made == nullptr) return 0;
  *binary = {size, made->bytes, made, {}};
  return 1;
}

void enif_release_binary(abi::NifBinary* binary) {
  if (Binary* had = owned(binary)) had->release();
  set_empty(binary);
}

int enif_realloc_binary(abi::NifBinary* binary, size_t size) {
  abi::NifBinary grown;
  if (size == binary->size && binary->owned != nullptr) return 1;
  if (enif_alloc_binary(size, &grown) == 0) return 0;
  if (binary->size != 0) memcpy(grown.data, binary->data, std::min(size, binary->size));
  enif_release_binary(binary);
  *binary = grown;
  return 1;
}

int enif_inspect_binary(NifEnv* env, Word word, abi::NifBinary* binary) {
  const Term term = term_of(word);
  if (!is_binary(term)) return 0;
  const BitsView view = bits_view(term);
  uint8_t* bytes;
  if (view.byte_aligned()) {
    bytes = const_cast<uint8_t*>(view.bytes());
  } else {
    bytes = env->copy_space(view.size / 8);
    if (bytes == nullptr) return 0;
    copy_bits_padded(bytes, view);
  }
  *binary = {view.size / 8, bytes, nullptr, {}};
  memcpy(&binary->spare[0], &word, sizeof word);
  return 1;
}

int enif_inspect_iolist_as_binary(NifEnv* env, Word word, abi::NifBinary* binary) {
  const Term term = term_of(word);
  if (is_binary(term)) return enif_inspect_binary(env, word, binary);
  if (!term.is_list() && !term.is_nil()) return 0;
  IolistBytes bytes;
  if (!bytes.load(term)) return 0;
  uint8_t* copy = env->copy_space(bytes.bytes().size() + 1);
  if (copy == nullptr) return 0;
  memcpy(copy, bytes.bytes().data(), bytes.bytes().size());
  *binary = {bytes.bytes().size(), copy, nullptr, {}};
  return 1;
}

// The term takes over what the library has; the bytes stay readable as long as the term.
Word enif_make_binary(NifEnv* env, abi::NifBinary* binary) {
  if (Binary* had = owned(binary)) {
    binary->owned = nullptr;
    const Term term = make_bits_of(*env->heap, had, binary->size * 8);
    const Word word = term.bits();
    memcpy(&binary->spare[0], &word, sizeof word);
    return word;
  }
  Word inspected;
  memcpy(&inspected, &binary->spare[0], sizeof inspected);
  if (inspected != 0) return inspected;
  return make_binary(*env->heap, ByteSpan(binary->data, binary->size)).bits();
}

uint8_t* enif_make_new_binary(NifEnv* env, size_t size, Word* term) {
  uint8_t* bytes;
  const Term made = make_bits_uninitialised(*env->heap, size * 8, &bytes);
  if (made.is_none()) return nullptr;
  // Padding of a binary on the heap is zero.
  memset(bytes, 0, size);
  *term = made.bits();
  return bytes;
}

Word enif_make_sub_binary(NifEnv* env, Word term, size_t position, size_t size) {
  return make_part(*env->heap, term_of(term), position * 8, size * 8).bits();
}

int enif_term_to_binary(NifEnv*, Word term, abi::NifBinary* binary) {
  const EncodeOptions options = encode_options(NativeInterface::current()->runtime());
  const std::optional<size_t> size = external_size(term_of(term), options);
  if (!size || enif_alloc_binary(*size, binary) == 0) return 0;
  encode_external(term_of(term), options, binary->data);
  return 1;
}

size_t enif_binary_to_term(NifEnv* env, const uint8_t* data, size_t size, Word* term,
                           unsigned options) {
  if ((options & ~abi::kBinaryToTermSafe) != 0) return 0;
  DecodeOptions decode = decode_options(NativeInterface::current()->runtime());
  decode.safe = options != 0;
  const std::optional<Decoded> decoded = decode_external({data, size}, *env->heap, decode);
  if (!decoded) return 0;
  *term = decoded->term.bits();
  return decoded->used;
}

}  // extern "C"
