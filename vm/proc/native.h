// How natives (BIFs) are written and listed.
//
//   Term length_1(Process& p, Term list) {
//     ...
//     return p.badarg();                 // or p.error(...), p.trap(...), p.yield(...)
//   }
//
//   const NativeEntry kListNatives[] = {
//       {"erlang", "length", native<length_1>, kGuard},
//       ...
//   };
//
// A native named name_N takes the process and N terms (or the process and a span when it wants
// them as an array). It returns a term, or none() after saying what happened through one of the
// Process functions. It never collects: terms in its locals stay where they are. It allocates
// through p.heap (vm/heap/builder.h). Loops whose length the caller decides charge reductions
// (p.charge) and, when they can take longer than a slice, stop at p.out_of_budget() and trap or
// yield with their progress.
//
// A dirty native (kDirtyCpu, kDirtyIo) runs on a thread of its own and may take as long as it
// likes. It looks at its process' heap and registers and at its arguments, not at the process'
// messages, relations, flags or dictionary, and at tables that others change only within an
// OnlineScope (vm/sched/online.h). That it yields means only that it is called again. One of kind
// kQuickIo runs on the scheduler first, where it must not wait.
//
// Each file of bif/ exports one constant table; bif/registry.cpp concatenates the tables.
#pragma once

#include <span>
#include <utility>

#include "vm/proc/process.h"

namespace joist {

enum NativeKind : uint8_t {
  kNormal,
  kGuard,     // allowed in guards: pure, no trap, no yield (but length/1, in_place)
  kDirtyCpu,  // long, bounded by nothing: runs on a dirty scheduler
  kDirtyIo,
  kQuickIo,     // tries first what need not wait; hands the rest over (vm/sched/dirty_call.h)
  kShadowable,  // a release whose module defines the function in Erlang wins over the native
};

struct NativeEntry {
  const char* module;
  const char* function;
  struct Callable {
    NativeFunction function;
    uint8_t arity;
  } native;
  NativeKind kind = kNormal;
};

namespace detail {
template <auto kFunction, typename... Terms, size_t... kIndex>
Term call_native(Process& p, const Term* arguments, Term (*)(Process&, Terms...),
                 std::index_sequence<kIndex...>) {
  return kFunction(p, arguments[kIndex]...);
}
template <typename... Terms>
constexpr size_t native_arity(Term (*)(Process&, Terms...)) {
  return sizeof...(Terms);
}
template <auto kFunction>
Term adapted_native(Process& p, const Term* arguments) {
  return call_native<kFunction>(p, arguments, kFunction,
                                std::make_index_sequence<native_arity(kFunction)>());
}
}  // namespace detail

template <auto kFunction>
inline constexpr NativeEntry::Callable native = {
    &detail::adapted_native<kFunction>, static_cast<uint8_t>(detail::native_arity(kFunction))};

}  // namespace joist
