// Open files behind magic references. A file belongs to the process that opened it and is closed
// when that ends, by itself or, where somebody is using it, by them:
//
//          begin_use            owner ends
//   idle -----------> busy -------------------> busy, to be closed
//     ^                 |                            |
//     |     end_use     |          end_use           v
//     +-----------------+          +-----------> closed <--- close, owner ends (idle)
//
// The list of the owner's resources (vm/proc/owned_resource.h) keeps a file open that nobody
// refers to, as ERTS does: its number may be known by other means.
#pragma once

#include <atomic>

#include "bif/magic.h"
#include "vm/os/file_descriptor.h"
#include "vm/proc/owned_resource.h"

namespace joist {

class FileHandle final : public OwnedResource {
 public:
  // {ok, Reference} for an open file that `owner` has just opened.
  static Term make(Process& owner, int descriptor);
  // null: no file.
  static FileHandle* get(Term term) { return Magic<FileHandle>::get(term); }

  explicit FileHandle(int descriptor) : OwnedResource(owner_ended), descriptor_(descriptor) {}
  ~FileHandle() { close_now(); }

  // False: closed, or somebody else is using it.
  bool begin_use();
  void end_use();
  // While in use.
  int descriptor() const { return descriptor_; }

  // False: closed, or in use. Otherwise *error says what closing it gave.
  bool close(Process& caller, PosixError* error);
  // Closes what is marked as closed and could not be closed at once.
  void finish_closing() {
    if (state_.load(std::memory_order_acquire) == kClosed) close_now();
  }

 private:
  enum State : uint32_t { kIdle, kBusy, kClosePending, kClosed };

  static void owner_ended(OwnedResource* resource);
  bool change_state(State from, State to) {
    return state_.compare_exchange_strong(from, to, std::memory_order_acq_rel);
  }
  PosixError close_now();

  std::atomic<State> state_{kIdle};
  std::atomic<int> descriptor_;  // -1: closed
  Binary* binary_ = nullptr;     // that this object is in; the owner's list holds a reference
  Term owner_ = Term::nil();
};

// The exit stage of processes that sees to their open files and the like.
bool let_go_of_resources(Process& process);

}  // namespace joist
