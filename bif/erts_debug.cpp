// Natives of module erts_debug that look at terms.
#include "bif/registry.h"
#include "bif/step_budget.h"
#include "vm/heap/builder.h"
#include "vm/heap/copy.h"

namespace joist {
namespace {

Term charged_size(Process& p, size_t words) {
  p.charge(static_cast<int64_t>(words) / kCellsPerReduction);
  return make_unsigned(p.heap, words);
}

Term flat_size_1(Process& p, Term term) { return charged_size(p, flat_size(term)); }
Term size_shared_1(Process& p, Term term) { return charged_size(p, shared_size(term)); }

// Whether two terms are the same word: one object, or the same immediate.
Term same_2(Process&, Term a, Term b) { return boolean(a == b); }

// A copy, with or without copies of the literals in it.
Term copy_shared_2(Process& p, Term term, Term copy_literals) {
  if (copy_literals != atoms::true_ && copy_literals != atoms::false_) return p.badarg();
  const LiteralSpace* shared = copy_literals == atoms::true_ ? nullptr : p.runtime->literals;
  p.charge(static_cast<int64_t>(copy_size(term, shared)) / kCellsPerReduction);
  return copy_term(p.heap, term, shared);
}

// Lock counting is not built in: OTP's answers in that case.
Term lcnt_clear_0(Process&) { return atoms::error; }
Term lcnt_collect_0(Process&) { return atoms::error; }
Term lcnt_control_1(Process& p, Term) { return p.badarg(); }
Term lcnt_control_2(Process& p, Term, Term) { return p.badarg(); }

constexpr NativeEntry kErtsDebugNatives[] = {
    {"erts_debug", "copy_shared", native<copy_shared_2>},
    {"erts_debug", "flat_size", native<flat_size_1>},
    {"erts_debug", "lcnt_clear", native<lcnt_clear_0>},
    {"erts_debug", "lcnt_collect", native<lcnt_collect_0>},
    {"erts_debug", "lcnt_control", native<lcnt_control_1>},
    {"erts_debug", "lcnt_control", native<lcnt_control_2>},
    {"erts_debug", "same", native<same_2>},
    {"erts_debug", "size_shared", native<size_shared_1>},
};

}  // namespace

std::span<const NativeEntry> erts_debug_natives() { return kErtsDebugNatives; }

}  // namespace joist
