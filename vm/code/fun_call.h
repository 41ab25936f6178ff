// Calling a fun term, for instructions and natives.
#pragma once

#include "vm/code/export.h"

namespace joist {

inline uint32_t fun_arity(Term fun) {
  return is_kind(fun, Boxed::kLocalFun) ? local_fun_identity(fun)->arity
                                        : export_fun_identity(fun)->mfa.arity;
}

// Puts the free variables of a local fun behind its `arity` arguments in `x`.
[[gnu::always_inline]] inline void spread_environment(Term fun, Term* x, size_t arity) {
  const Term* free = term_words(object_words(fun)) + kLocalFunFixedWords;
  const size_t count = local_fun_identity(fun)->free_count;
  for (size_t i = 0; i < count; ++i) x[arity + i] = free[i];
}

inline const Cell* local_fun_code(Term fun) {
  return fun_entry_of(local_fun_identity(fun))->code.load(std::memory_order_acquire);
}

}  // namespace joist
