// Environments: where a library's terms live, and on whose behalf it runs.
//
//   of a call      on the stack of call_nif; terms go to the heap of the process
//   of a callback  (load, dtor, down, ...): no process, or the one that loads; terms go with it
//   independent    enif_alloc_env: terms live until it is cleared or sent
//
// What enif_inspect_binary and its kin had to copy lives as long as the environment's terms.
#pragma once

#include <optional>
#include <vector>

#include "vm/nif/abi.h"
#include "vm/proc/process.h"

namespace joist {

class NifLibrary;
struct NifEntry;

// A call that enif_schedule_nif has asked for.
struct ScheduledCall {
  const NifEntry* entry;
  std::vector<Term> arguments;
};

struct NifEnv {
  explicit NifEnv(Process* p, NifLibrary* of_library)
      : heap(p == nullptr ? nullptr : &p->heap), process(p), library(of_library) {}
  ~NifEnv() { drop_copies(); }
  NifEnv(const NifEnv&) = delete;
  NifEnv& operator=(const NifEnv&) = delete;

  // Bytes that live as long as the environment's terms. nullptr: no memory.
  uint8_t* copy_space(size_t count);
  void drop_copies();
  Word raise(Term exception_reason) {
    raised = true;
    reason = exception_reason;
    return Term::none().bits();
  }

  Allocator* heap;
  Process* process;                 // null: none
  NifLibrary* library;              // null: of no library
  const NifEntry* entry = nullptr;  // the function that is called
  bool raised = false;
  Term reason = Term::nil();
  struct Copy {
    Copy* next;
  };
  Copy* copies = nullptr;
  std::unique_ptr<ScheduledCall> scheduled;
};

// One that has terms of its own.
struct OwnEnv : NifEnv {
  explicit OwnEnv(NifLibrary* of_library = nullptr) : NifEnv(nullptr, of_library) { clear(); }
  void clear() {
    drop_copies();
    raised = false;
    own.emplace();
    heap = &*own;
  }
  std::optional<Allocator> own;
};

}  // namespace joist
