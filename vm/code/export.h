// Export and fun entries: how code is called by name or by fun, whatever module instance holds
// it now. Entries are never freed; their `code` pointer is what changes.
//
//   ExportEntry: identity (module, function, arity) | code -> cells to run | native | stubs
//
// `code` always points to runnable cells: a function's entry, or one of the entry's own stubs,
// which call the native, or the error handler for a function that is not there (yet). A stub is
// the instruction native_stub or undefined_stub with the entry as operand. Fun entries have
// unloaded_fun_stub for the time when no instance of their module is loaded, or one is purged.
#pragma once

#include <atomic>

#include "vm/code/cell.h"
#include "vm/term/boxed.h"

namespace joist {

class Process;
using NativeFunction = Term (*)(Process&, const Term* arguments);

struct ExportEntry : ExportIdentity {
  std::atomic<const Cell*> code{nullptr};
  NativeFunction native = nullptr;  // the native of that name, if there is one
  // What calls of the native run; instructions that are natives (guards) run `native` itself.
  NativeFunction entered = nullptr;
  NativeFunction dirty_native = nullptr;  // what a dirty thread runs when `native` says so
  bool dirty_io = false;                  // which kind of dirty thread
  bool guard_native = false;              // pure, callable from guards
  Cell native_stub[2] = {};
  Cell undefined_stub[2] = {};
  Cell trace_stub[2] = {};  // traces calls from outside the module, then goes to `traced_code`
  std::atomic<const Cell*> traced_code{nullptr};

  // Where a call goes now.
  const Cell* target() const { return code.load(std::memory_order_acquire); }
  bool is_undefined() const { return target() == undefined_stub; }
  bool is_native() const { return target() == native_stub; }
  // Where a call goes when it is not traced.
  const Cell* untraced_target() const {
    const Cell* now = target();
    return now == trace_stub ? traced_code.load(std::memory_order_acquire) : now;
  }
};

struct FunEntry : FunIdentity {
  std::atomic<const Cell*> code{nullptr};
  std::atomic<bool> purging{false};  // calls wait until it is known whether the code stays
  Cell unloaded_stub[2] = {};

  bool is_unloaded() const { return code.load(std::memory_order_acquire) == unloaded_stub; }
};

inline ExportEntry* export_of(const ExportIdentity* identity) {
  return const_cast<ExportEntry*>(static_cast<const ExportEntry*>(identity));
}
inline FunEntry* fun_entry_of(const FunIdentity* identity) {
  return const_cast<FunEntry*>(static_cast<const FunEntry*>(identity));
}

}  // namespace joist
