// Functions that run often get machine code of their own: the bodies of their instructions'
// handlers one behind the other, so that from one instruction to the next nothing is loaded,
// jumped to or predicted.
//
//     cells      | move  x0 y1 | add ... | call f |      each cell's handler: its copy
//                     |            |         |
//     copies     [ body of move  body of add  body of call ]
//
// The copies read their operands from the cells and keep pc as the handlers do, and a cell whose
// handler is replaced means what it meant before. So calls, returns, jumps, stack traces,
// breakpoints and everything else that goes through cells stays as it is, and a process may be
// anywhere in the function meanwhile.
//
// Thread safety: everything may be called by any thread.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "vm/code/handler_body.h"
#include "vm/code/instr.h"
#include "vm/code/module.h"
#include "vm/os/code_memory.h"

namespace joist {

class CodeSplicer {
 public:
  explicit CodeSplicer(const HandlerTable& handlers);

  // Until one of them is called nothing is spliced. allow() leaves the work to the time when a
  // function is found hot, which in many a short run is never; it is for the start, before there
  // are threads. False: the system or the machine does not allow it.
  void allow();
  bool enable();
  // Functions of modules published from now on are spliced before they run (for tests).
  void splice_all() { splices_all_ = true; }
  bool splices_all() const { return splices_all_; }

  // Somebody used up a timeslice in calls of the function at `entry`. True: splice() it, as it is
  // not the first time. Once is chance, and most of what a start runs is not worth the work.
  bool is_hot(const Cell* entry) {
    const Use use = use_.load(std::memory_order_acquire);
    if (use == Use::kOff || (use == Use::kReady && memory_.contains(*entry))) return false;
    return is_due(entry);
  }
  // Splices the function that the address is in. The module stays while this runs.
  void splice(const Module& module, const Cell* address);
  void splice_module(const Module& module);

  // The module is gone: its copies are free.
  void forget(const Module& module);

  size_t functions() const;  // that have been spliced

 private:
  struct Form {
    Op op;
    uint32_t combination;
    const HandlerBody* body = nullptr;  // once it was asked for
  };
  struct Instruction {
    uint32_t cell;
    Form* form;
  };
  // Copies lie in chunks, each of one module; what is larger takes several.
  static constexpr size_t kChunk = size_t{16} << 10;
  static constexpr size_t kMemory = size_t{64} << 20;
  struct Chunks {
    std::vector<uint32_t> all;
    size_t used = kChunk;  // of the last one
  };

  class Copy;
  // That a cell is to get, instead of its handler.
  struct Publication {
    Cell* cell;
    Cell handler;
    uintptr_t copy;
  };

  // kReady: all that follows is made.
  enum class Use : uint8_t { kOff, kAllowed, kReady };

  bool knows_registers() const;
  bool make_ready_locked();

  Cell handler_of(const Form& form) const {
    return handlers_.handlers[static_cast<size_t>(form.op)][form.combination];
  }
  bool is_due(const Cell* entry);
  bool read_function(const Module& module, const FunctionRange& range,
                     std::vector<Instruction>& instructions);
  void splice_locked(const Module& module, const FunctionRange& range);
  void publish_locked();
  const HandlerBody& body_of(Form& form);
  size_t take_room(const Module& module, size_t bytes);
  size_t take_large_room(Chunks& chunks, size_t count);

  const HandlerTable& handlers_;
  std::atomic<Use> use_ = Use::kOff;
  bool splices_all_ = false;
  CodeMemory memory_;

  // Entries of functions that is_hot() was asked about, with kTried when it was true: those that
  // cannot be spliced are not to be tried at every turn. Another one of the same hash takes over.
  static constexpr size_t kSeen = 256;
  static constexpr uintptr_t kTried = 1;
  const std::unique_ptr<std::atomic<uintptr_t>[]> seen_;

  mutable std::mutex mutex_;  // guards all that follows
  std::unordered_map<Cell, Form> forms_;
  std::vector<std::unique_ptr<HandlerBody>> bodies_;
  std::unordered_map<const Module*, Chunks> chunks_;
  std::unordered_map<const Module*, std::unordered_set<uint32_t>> done_;  // by entry
  std::vector<uint32_t> free_chunks_;
  std::vector<Publication> publications_;  // of what has just been copied
  size_t functions_ = 0;
};

}  // namespace joist
