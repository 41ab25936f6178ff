// erl_driver.h: the queue of a port, its data lock, and buffers.
#include <cstdlib>
#include <cstring>

#include "vm/driver/port_access.h"
#include "vm/heap/builder.h"

using namespace joist;

namespace {

BinaryPiece copied_piece(const char* bytes, size_t size) {
  Binary* copy = new_binary(size);
  memcpy(copy->bytes, bytes, size);
  return BinaryPiece(copy, ByteSpan(copy->bytes, size));
}
BinaryPiece shared_piece(abi::DriverBinary* binary, const void* bytes, size_t size) {
  Binary* shared = abi::binary_of(binary);
  shared->retain();
  return BinaryPiece(shared, ByteSpan(static_cast<const uint8_t*>(bytes), size));
}

enum class End : uint8_t { kFront, kBack };

int put(abi::PortHandle handle, End end, BinaryPiece piece) {
  const QueueAccess access(handle);
  if (!access) return -1;
  if (end == End::kFront) {
    access->queue.add_front(std::move(piece));
  } else {
    access->queue.add(std::move(piece));
  }
  return 0;
}

int put_vector(abi::PortHandle handle, End end, const abi::IoVector& vector, size_t skip) {
  const QueueAccess access(handle);
  if (!access) return -1;
  std::vector<BinaryPiece> pieces;
  for (int i = 0; i < vector.count; ++i) {
    const iovec& part = vector.vector[i];
    const size_t dropped = std::min(skip, part.iov_len);
    skip -= dropped;
    if (part.iov_len == dropped) continue;
    const char* bytes = static_cast<const char*>(part.iov_base) + dropped;
    const size_t size = part.iov_len - dropped;
    abi::DriverBinary* binary = vector.binaries == nullptr ? nullptr : vector.binaries[i];
    pieces.push_back(binary == nullptr ? copied_piece(bytes, size)
                                       : shared_piece(binary, bytes, size));
  }
  if (end == End::kBack) {
    for (BinaryPiece& piece : pieces) access->queue.add(std::move(piece));
  } else {
    for (auto at = pieces.rbegin(); at != pieces.rend(); ++at) {
      access->queue.add_front(std::move(*at));
    }
  }
  return 0;
}

void show(LibraryPort& port) {
  port.shown_vector.clear();
  port.shown_binaries.clear();
  for (const BinaryPiece& piece : port.queue.pieces()) {
    port.shown_vector.push_back({const_cast<uint8_t*>(piece.bytes().data()), piece.bytes().size()});
    port.shown_binaries.push_back(abi::driver_binary(*piece.binary()));
  }
}

constexpr size_t kNoQueue = ~size_t{0};

}  // namespace

extern "C" {

int driver_enq(abi::PortHandle port, char* bytes, size_t size) {
  return size == 0 ? 0 : put(port, End::kBack, copied_piece(bytes, size));
}
int driver_pushq(abi::PortHandle port, char* bytes, size_t size) {
  return size == 0 ? 0 : put(port, End::kFront, copied_piece(bytes, size));
}
int driver_enq_bin(abi::PortHandle port, abi::DriverBinary* binary, size_t offset, size_t size) {
  return size == 0 ? 0 : put(port, End::kBack, shared_piece(binary, binary->bytes + offset, size));
}
int driver_pushq_bin(abi::PortHandle port, abi::DriverBinary* binary, size_t offset, size_t size) {
  return size == 0 ? 0 : put(port, End::kFront, shared_piece(binary, binary->bytes + offset, size));
}
int driver_enqv(abi::PortHandle port, abi::IoVector* vector, size_t skip) {
  return put_vector(port, End::kBack, *vector, skip);
}
int driver_pushqv(abi::PortHandle port, abi::IoVector* vector, size_t skip) {
  return put_vector(port, End::kFront, *vector, skip);
}

size_t driver_deq(abi::PortHandle port, size_t size) {
  const QueueAccess access(port);
  if (!access || size > access->queue.size()) return kNoQueue;
  access->queue.drop(size);
  return access->queue.size();
}
size_t driver_sizeq(abi::PortHandle port) {
  const QueueAccess access(port);
  return access ? access->queue.size() : kNoQueue;
}

iovec* driver_peekq(abi::PortHandle port, int* length) {
  const QueueAccess access(port);
  *length = -1;
  if (!access) return nullptr;
  show(*access.operator->());
  *length = static_cast<int>(access->shown_vector.size());
  return access->shown_vector.empty() ? nullptr : access->shown_vector.data();
}
size_t driver_peekqv(abi::PortHandle port, abi::IoVector* vector) {
  const QueueAccess access(port);
  if (!access) return kNoQueue;
  show(*access.operator->());
  vector->count = static_cast<int>(access->shown_vector.size());
  vector->size = access->queue.size();
  vector->vector = access->shown_vector.data();
  vector->binaries = access->shown_binaries.data();
  return vector->size;
}

// --- data locks ---

DataLock* driver_pdl_create(abi::PortHandle port) {
  const PortAccess access(port);
  if (!access || access->data_lock != nullptr) return nullptr;
  access->data_lock = new DataLock;
  return access->data_lock;
}
void driver_pdl_lock(DataLock* lock) { lock->lock(); }
void driver_pdl_unlock(DataLock* lock) { lock->unlock(); }
int64_t driver_pdl_get_refc(DataLock* lock) { return lock->count(); }
int64_t driver_pdl_inc_refc(DataLock* lock) { return lock->retain(); }
int64_t driver_pdl_dec_refc(DataLock* lock) { return lock->release(); }

// --- buffers ---

abi::DriverBinary* driver_alloc_binary(size_t size) {
  Binary* binary = try_new_binary(size);
  return binary == nullptr ? nullptr : abi::driver_binary(*binary);
}
void driver_free_binary(abi::DriverBinary* binary) {
  if (binary != nullptr) abi::binary_of(binary)->release();
}
abi::DriverBinary* driver_realloc_binary(abi::DriverBinary* binary, size_t size) {
  abi::DriverBinary* moved = driver_alloc_binary(size);
  if (moved == nullptr || binary == nullptr) return moved;
  memcpy(moved->bytes, binary->bytes, std::min(size, static_cast<size_t>(binary->size)));
  driver_free_binary(binary);
  return moved;
}
int64_t driver_binary_get_refc(abi::DriverBinary* binary) {
  return __atomic_load_n(&abi::binary_of(binary)->reference_count, __ATOMIC_ACQUIRE);
}
int64_t driver_binary_inc_refc(abi::DriverBinary* binary) {
  return __atomic_add_fetch(&abi::binary_of(binary)->reference_count, 1, __ATOMIC_ACQ_REL);
}
// Never the last one: that is what driver_free_binary is for.
int64_t driver_binary_dec_refc(abi::DriverBinary* binary) {
  return __atomic_sub_fetch(&abi::binary_of(binary)->reference_count, 1, __ATOMIC_ACQ_REL);
}

void* driver_alloc(size_t size) { return malloc(size); }
void* driver_realloc(void* memory, size_t size) { return realloc(memory, size); }
void driver_free(void* memory) { free(memory); }

}  // extern "C"
