// erl_nif.h: queues of bytes, and lists of binaries as vectors.
#include <cstring>
#include <new>

#include "vm/heap/builder.h"
#include "vm/heap/io_queue.h"
#include "vm/nif/interface.h"
#include "vm/term/bits.h"

using namespace joist;

namespace {

struct LibraryQueue {
  IoQueue queue;
  std::vector<iovec> vector;  // what was shown last
};

// A reference to bytes that the term or the library has now.
BinaryPiece shared_piece(Binary* binary, ByteSpan bytes) {
  binary->retain();
  return BinaryPiece(binary, bytes);
}

BinaryPiece copied_piece(ByteSpan bytes) {
  Binary* copy = new_binary(bytes.size());
  memcpy(copy->bytes, bytes.data(), bytes.size());
  return BinaryPiece(copy, ByteSpan(copy->bytes, bytes.size()));
}

// The buffer that the bytes of a binary lie in; null: they lie on a heap, or not at whole bytes.
Binary* buffer_of(Term binary) {
  if (!is_kind(binary, Boxed::kSubBits) || !bits_view(binary).byte_aligned()) return nullptr;
  const Term holder = reinterpret_cast<const SubBits*>(binary.object())->holder;
  return reinterpret_cast<OffHeap*>(holder.object())->binary;
}

void reserve(abi::IoVec& vector, size_t count) {
  vector.vector = vector.small_vector;
  vector.binaries = vector.small_binaries;
  if (count > abi::IoVec::kSmall) {
    vector.vector = new iovec[count];
    vector.binaries = new void*[count];
  }
}

constexpr int kFreedWhole = 1;  // the vector was not the caller's

}  // namespace

extern "C" {

LibraryQueue* enif_ioq_create(int) { return new LibraryQueue; }
void enif_ioq_destroy(LibraryQueue* queue) { delete queue; }
size_t enif_ioq_size(LibraryQueue* queue) { return queue->queue.size(); }

// The queue takes over the binary.
int enif_ioq_enq_binary(LibraryQueue* queue, abi::NifBinary* binary, size_t skip) {
  if (skip > binary->size) return 0;
  const ByteSpan bytes(binary->data + skip, binary->size - skip);
  if (auto* had = static_cast<Binary*>(binary->owned)) {
    queue->queue.add(BinaryPiece(had, bytes));
    *binary = {0, nullptr, nullptr, {}};
  } else {
    queue->queue.add(copied_piece(bytes));
  }
  return 1;
}

int enif_ioq_enqv(LibraryQueue* queue, abi::IoVec* vector, size_t skip) {
  if (skip > vector->size) return 0;
  for (int i = 0; i < vector->count; ++i) {
    const iovec& part = vector->vector[i];
    const size_t dropped = std::min(skip, part.iov_len);
    skip -= dropped;
    const ByteSpan bytes(static_cast<const uint8_t*>(part.iov_base) + dropped,
                         part.iov_len - dropped);
    if (bytes.empty()) continue;
    auto* binary = static_cast<Binary*>(vector->binaries[i]);
    queue->queue.add(binary != nullptr ? shared_piece(binary, bytes) : copied_piece(bytes));
  }
  return 1;
}

int enif_ioq_deq(LibraryQueue* queue, size_t count, size_t* size) {
  if (count > queue->queue.size()) return 0;
  queue->queue.drop(count);
  if (size != nullptr) *size = queue->queue.size();
  return 1;
}

iovec* enif_ioq_peek(LibraryQueue* queue, int* length) {
  queue->vector.clear();
  for (const BinaryPiece& piece : queue->queue.pieces()) {
    queue->vector.push_back({const_cast<uint8_t*>(piece.bytes().data()), piece.bytes().size()});
  }
  *length = static_cast<int>(queue->vector.size());
  return queue->vector.empty() ? nullptr : queue->vector.data();
}

int enif_ioq_peek_head(NifEnv* env, LibraryQueue* queue, size_t* size, Word* head) {
  if (queue->queue.pieces().empty()) return 0;
  const BinaryPiece& piece = queue->queue.pieces().front();
  if (size != nullptr) *size = piece.bytes().size();
  *head = piece.make_term(*env->heap).bits();
  return 1;
}

// Without an environment the vector is to outlive the term: it refers to buffers and copies.
int enif_inspect_iovec(NifEnv* env, size_t limit, Word list, Word* tail, abi::IoVec** result) {
  const std::optional<IovecPart> part = take_iovec(term_of(list), limit == 0 ? SIZE_MAX : limit);
  if (!part) return 0;
  abi::IoVec* vector = *result;
  const bool makes_one = vector == nullptr;
  if (makes_one && env != nullptr) {
    vector = reinterpret_cast<abi::IoVec*>(env->copy_space(sizeof(abi::IoVec)));
  } else if (makes_one) {
    vector = new abi::IoVec;
  }
  if (vector == nullptr) return 0;
  const size_t count = part->binaries.size();
  if (env != nullptr && count > abi::IoVec::kSmall) {
    vector->vector = reinterpret_cast<iovec*>(env->copy_space(count * sizeof(iovec)));
    vector->binaries = reinterpret_cast<void**>(env->copy_space(count * sizeof(void*)));
    if (vector->vector == nullptr || vector->binaries == nullptr) return 0;
  } else {
    reserve(*vector, count);
  }
  vector->count = static_cast<int>(count);
  vector->size = part->bytes;
  vector->flags = makes_one && env == nullptr ? kFreedWhole : 0;
  for (size_t i = 0; i < count; ++i) {
    const Term binary = part->binaries[i];
    const BitsView view = bits_view(binary);
    Binary* buffer = buffer_of(binary);
    const uint8_t* bytes = buffer != nullptr ? view.bytes() : nullptr;
    if (buffer == nullptr && env != nullptr) {
      uint8_t* copy = env->copy_space(view.size / 8);
      if (copy == nullptr) return 0;
      copy_bits_padded(copy, view);
      bytes = copy;
    } else if (buffer == nullptr) {
      buffer = new_binary(view.size / 8);
      copy_bits_padded(buffer->bytes, view);
      bytes = buffer->bytes;
    } else if (env == nullptr) {
      buffer->retain();
    }
    vector->vector[i] = {const_cast<uint8_t*>(bytes), view.size / 8};
    vector->binaries[i] = buffer;
  }
  *tail = part->rest.bits();
  *result = vector;
  return 1;
}

void enif_free_iovec(abi::IoVec* vector) {
  for (int i = 0; i < vector->count; ++i) {
    if (vector->binaries[i] != nullptr) static_cast<Binary*>(vector->binaries[i])->release();
  }
  if (vector->vector != vector->small_vector) {
    delete[] vector->vector;
    delete[] vector->binaries;
  }
  if ((vector->flags & kFreedWhole) != 0) delete vector;
}

}  // extern "C"
