// Export and fun entries: how code is called by name or by fun, whatever module instance holds
// it now. Entries are never freed; their `code` pointer is what changes.
//
//   ExportEntry: identity (module, function, arity) | code -> cells to run | native | stub cells
//
// `code` always points to runnable cells: a function's entry, or the entry's own `stub`, which
// calls the native, or the error handler for a function that is not there (yet).
#pragma once

#include <atomic>

#include "vm/code/cell.h"
#include "vm/term/boxed.h"

namespace joist {

class Process;
using NativeFunction = Term (*)(Process&, const Term* arguments);

struct ExportEntry : ExportIdentity {
  std::atomic<const Cell*> code{nullptr};
  NativeFunction native = nullptr;       // the native of that name, if there is one
  bool guard_native = false;             // pure, callable from guards
  Cell stub[2] = {};                     // handler; spare
  const Cell* undefined_code = nullptr;  // cells that raise undef through error_handler

  bool is_undefined() const { return code.load(std::memory_order_acquire) == undefined_code; }
};

struct FunEntry : FunIdentity {
  std::atomic<const Cell*> code{nullptr};
};

inline ExportEntry* export_of(const ExportIdentity* identity) {
  return const_cast<ExportEntry*>(static_cast<const ExportEntry*>(identity));
}
inline FunEntry* fun_entry_of(const FunIdentity* identity) {
  return const_cast<FunEntry*>(static_cast<const FunEntry*>(identity));
}

}  // namespace joist
