#include "bif/file_handle.h"

#include "vm/heap/builder.h"
#include "vm/proc/process_extras.h"

namespace joist {

Term FileHandle::make(Process& owner, int descriptor) {
  const Term reference = Magic<FileHandle>::make(owner, 0, descriptor);
  FileHandle* handle = get(reference);
  handle->binary_ = Magic<FileHandle>::binary(reference);
  handle->owner_ = owner.pid;
  handle->binary_->retain();
  owner.make_extras().resources.add(*handle);
  return make_tuple(owner.heap, {atoms::ok, reference});
}

bool FileHandle::begin_use() { return change_state(kIdle, kBusy); }

void FileHandle::end_use() {
  if (change_state(kBusy, kIdle)) return;
  state_.store(kClosed, std::memory_order_release);
  close_now();
}

bool FileHandle::close(Process& caller, PosixError* error) {
  if (!change_state(kIdle, kClosed)) return false;
  *error = close_now();
  // Nobody else may touch the owner's list: then its reference goes when the owner does.
  if (caller.pid == owner_) {
    OwnedResources::remove(*this);
    binary_->release();
  }
  return true;
}

void FileHandle::owner_ended(OwnedResource* resource) {
  auto* handle = static_cast<FileHandle*>(resource);
  while (!handle->change_state(kBusy, kClosePending)) {
    if (handle->change_state(kIdle, kClosed)) {
      handle->close_now();
      break;
    }
    if (handle->state_.load(std::memory_order_acquire) == kClosed) break;
  }
  handle->binary_->release();
}

PosixError FileHandle::close_now() {
  const int descriptor = descriptor_.exchange(-1);
  return descriptor < 0 ? 0 : close_file(descriptor);
}

bool let_go_of_resources(Process& process) {
  if (process.extras == nullptr) return true;
  while (process.extras->resources.let_one_go()) {
    process.charge(1);
    if (process.out_of_budget()) return false;
  }
  return true;
}

}  // namespace joist
