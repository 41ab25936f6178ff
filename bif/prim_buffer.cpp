// Module prim_buffer: a queue of bytes that processes change in place. erts/preloaded/src/
// prim_buffer.erl shows what it is for. Only one process may use a buffer at a time, which the
// callers see to (try_lock/1 helps them); a mutex keeps the VM sane if they do not.
//
// Small writes are gathered before they go to the queue:
//
//   front -> | piece | piece | piece | <- gathered bytes, up to kGatherBytes
#include <atomic>
#include <vector>

#include "bif/integer_argument.h"
#include "bif/magic.h"
#include "bif/registry.h"
#include "vm/base/sync.h"
#include "vm/heap/io_queue.h"

namespace joist {

namespace {

constexpr size_t kGatherBytes = 2048;
constexpr size_t kBinariesPerWrite = 64;

class PrimBuffer {
 public:
  Mutex& mutex() JOIST_RETURN_CAPABILITY(mutex_) { return mutex_; }
  size_t size() const JOIST_REQUIRES(mutex_) { return queue_.size() + gathered_.size(); }

  // False: no memory.
  bool write(const IovecPart& part) JOIST_REQUIRES(mutex_) {
    if (gather(part)) return true;
    return flush() && queue_.add(part);
  }
  // The queue with all that was gathered; null: no memory.
  IoQueue* queue() JOIST_REQUIRES(mutex_) { return flush() ? &queue_ : nullptr; }

  bool try_lock() { return !locked_.exchange(true, std::memory_order_acquire); }
  bool unlock() { return locked_.exchange(false, std::memory_order_release); }

 private:
  // False: too much, or no memory.
  bool gather(const IovecPart& part) JOIST_REQUIRES(mutex_) {
    if (gathered_.size() + part.bytes >= kGatherBytes) {
      if (part.bytes >= kGatherBytes / 2 || !flush()) return false;
    }
    gathered_.reserve(kGatherBytes);
    for (const Term binary : part.binaries) {
      const BitsView view = bits_view(binary);
      const size_t at = gathered_.size();
      gathered_.resize(at + view.size / 8);
      copy_bits_padded(gathered_.data() + at, view);
    }
    return true;
  }
  bool flush() JOIST_REQUIRES(mutex_) {
    if (gathered_.empty()) return true;
    Binary* binary = try_new_binary(gathered_.size());
    if (binary == nullptr) return false;
    memcpy(binary->bytes, gathered_.data(), gathered_.size());
    queue_.add(BinaryPiece(binary, {binary->bytes, gathered_.size()}));
    gathered_.clear();
    return true;
  }

  Mutex mutex_;
  IoQueue queue_ JOIST_GUARDED_BY(mutex_);
  std::vector<uint8_t> gathered_ JOIST_GUARDED_BY(mutex_);
  std::atomic<bool> locked_{false};
};

PrimBuffer* buffer_of(Term reference) { return Magic<PrimBuffer>::get(reference); }

Term no_memory(Process& p) { return p.error(atoms::out_of_memory); }

Term new_0(Process& p) { return Magic<PrimBuffer>::make(p, 0); }

Term size_1(Process& p, Term reference) {
  PrimBuffer* buffer = buffer_of(reference);
  if (buffer == nullptr) return p.badarg();
  MutexLock lock(buffer->mutex());
  return make_unsigned(p.heap, buffer->size());
}

Term write_2(Process& p, Term reference, Term iovec) {
  PrimBuffer* buffer = buffer_of(reference);
  if (buffer == nullptr) return p.badarg();
  const std::optional<IovecPart> part = take_iovec(iovec, kBinariesPerWrite);
  if (!part) return p.badarg();
  {
    MutexLock lock(buffer->mutex());
    if (!buffer->write(*part)) return no_memory(p);
  }
  p.charge(static_cast<int64_t>(part->binaries.size()));
  return part->rest.is_nil() ? atoms::ok : p.yield({reference, part->rest});
}

Term copying_read_2(Process& p, Term reference, Term size_term) {
  PrimBuffer* buffer = buffer_of(reference);
  uint64_t size;
  if (buffer == nullptr || !to_uint64(size_term, &size)) return p.badarg();
  MutexLock lock(buffer->mutex());
  IoQueue* queue = buffer->queue();
  if (queue == nullptr) return no_memory(p);
  if (size > queue->size()) return p.badarg();
  uint8_t* bytes;
  const Term binary = make_bits_uninitialised(p.heap, size * 8, &bytes);
  if (binary.is_none()) return no_memory(p);
  queue->copy(bytes, size);
  queue->drop(size);
  return binary;
}

Term peek_head_1(Process& p, Term reference) {
  PrimBuffer* buffer = buffer_of(reference);
  if (buffer == nullptr) return p.badarg();
  MutexLock lock(buffer->mutex());
  IoQueue* queue = buffer->queue();
  if (queue == nullptr) return no_memory(p);
  if (queue->size() == 0) return p.badarg();
  return queue->pieces().front().make_term(p.heap);
}

Term skip_2(Process& p, Term reference, Term size_term) {
  PrimBuffer* buffer = buffer_of(reference);
  uint64_t size;
  if (buffer == nullptr || !to_uint64(size_term, &size)) return p.badarg();
  MutexLock lock(buffer->mutex());
  IoQueue* queue = buffer->queue();
  if (queue == nullptr) return no_memory(p);
  if (size > queue->size()) return p.badarg();
  queue->drop(size);
  return atoms::ok;
}

Term find_byte_index_2(Process& p, Term reference, Term byte_term) {
  PrimBuffer* buffer = buffer_of(reference);
  int32_t byte;
  if (buffer == nullptr || !to_narrow(byte_term, &byte)) return p.badarg();
  MutexLock lock(buffer->mutex());
  IoQueue* queue = buffer->queue();
  if (queue == nullptr) return no_memory(p);
  if (byte < 0 || byte > 255) return p.badarg();
  constexpr size_t kBytesPerReduction = 1024;
  size_t offset = 0;
  for (const BinaryPiece& piece : queue->pieces()) {
    const ByteSpan bytes = piece.bytes();
    if (const void* found = memchr(bytes.data(), byte, bytes.size())) {
      offset += static_cast<size_t>(static_cast<const uint8_t*>(found) - bytes.data());
      p.charge(static_cast<int64_t>(offset / kBytesPerReduction));
      return make_tuple(p.heap, {atoms::ok, make_unsigned(p.heap, offset)});
    }
    offset += bytes.size();
  }
  p.charge(static_cast<int64_t>(offset / kBytesPerReduction));
  return atoms::not_found;
}

Term try_lock_1(Process& p, Term reference) {
  PrimBuffer* buffer = buffer_of(reference);
  if (buffer == nullptr) return p.badarg();
  return buffer->try_lock() ? atoms::acquired : atoms::busy;
}

Term unlock_1(Process& p, Term reference) {
  PrimBuffer* buffer = buffer_of(reference);
  if (buffer == nullptr) return p.badarg();
  return buffer->unlock() ? atoms::ok : p.error(atoms::lock_order_violation);
}

constexpr NativeEntry kPrimBufferNatives[] = {
    {"prim_buffer", "copying_read", native<copying_read_2>},
    {"prim_buffer", "find_byte_index", native<find_byte_index_2>},
    {"prim_buffer", "new", native<new_0>},
    {"prim_buffer", "peek_head", native<peek_head_1>},
    {"prim_buffer", "size", native<size_1>},
    {"prim_buffer", "skip", native<skip_2>},
    {"prim_buffer", "try_lock", native<try_lock_1>},
    {"prim_buffer", "unlock", native<unlock_1>},
    {"prim_buffer", "write", native<write_2>},
};

}  // namespace

std::span<const NativeEntry> prim_buffer_natives() { return kPrimBufferNatives; }

}  // namespace joist
