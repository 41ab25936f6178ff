// Calling a fun term, for instructions and natives.
#pragma once

#include "vm/code/export.h"

namespace joist {

// What erlang:apply/2,3 take: no function has more than 255 arguments, but a call with more is
// undef or badarity like any other, as long as all of them fit into the X registers.
inline constexpr size_t kMaxAppliedArguments = 1023;
inline constexpr size_t kMaxFunArguments = 1022;

enum class ArgumentList : uint8_t { kProper, kImproper, kTooLong };

// Puts the elements of a list of at most `limit` elements into x. Elements of other lists may be
// there, too, then.
[[gnu::always_inline]] inline ArgumentList spread_arguments(Term list, size_t limit, Term* x,
                                                            uint32_t* arity) {
  uint32_t length = 0;
  for (; list.is_list(); list = list.tail()) {
    if (length == limit) return ArgumentList::kTooLong;
    x[length++] = list.head();
  }
  *arity = length;
  return list.is_nil() ? ArgumentList::kProper : ArgumentList::kImproper;
}

inline uint32_t fun_arity(Term fun) {
  return is_kind(fun, Boxed::kLocalFun) ? local_fun_identity(fun)->arity
                                        : export_fun_identity(fun)->mfa.arity;
}

// Puts the free variables of a local fun behind its `arity` arguments in `x`.
[[gnu::always_inline]] inline void spread_environment(Term fun, Term* x, size_t arity) {
  const Term* free = term_words(object_words(fun)) + kLocalFunFixedWords;
  const size_t count = local_fun_identity(fun)->free_count;
  // Few: a short loop is copied with the handler that it is part of.
#pragma clang loop vectorize(disable) unroll(disable)
  for (size_t i = 0; i < count; ++i) x[arity + i] = free[i];
}

inline const Cell* local_fun_code(Term fun) {
  return fun_entry_of(local_fun_identity(fun))->code.load(std::memory_order_acquire);
}

}  // namespace joist
