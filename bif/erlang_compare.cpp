// Comparison and boolean operators as functions, type tests, and the hashes of terms.
#include "bif/large_argument.h"
#include "bif/registry.h"
#include "vm/code/fun_call.h"
#include "vm/heap/builder.h"
#include "vm/heap/copy.h"
#include "vm/sched/suspended_comparison.h"
#include "vm/term/compare.h"
#include "vm/term/hash.h"
#include "vm/term/rules.h"

namespace joist {
namespace {

// --- comparison ---
// What `value` makes of the order, once it is known. The arguments are where they were, as these
// may be instructions, too.
template <typename Value>
Term compared(Process& p, Comparison what, Term a, Term b, Value value) {
  int order = 0;
  if ((a != b || p.suspended != nullptr) &&
      !compare_in_slice(p, what, a, b, &order, &p.reductions)) {
    return p.suspend_in_place(std::move(p.suspended), 2);
  }
  return value(order);
}

template <Comparison kWhat, bool (*kHolds)(int)>
Term comparison_2(Process& p, Term a, Term b) {
  return compared(p, kWhat, a, b, [](int order) { return boolean(kHolds(order)); });
}
bool is_zero(int order) { return order == 0; }
bool is_not_zero(int order) { return order != 0; }
bool is_negative(int order) { return order < 0; }
bool is_positive(int order) { return order > 0; }
bool is_not_negative(int order) { return order >= 0; }
bool is_not_positive(int order) { return order <= 0; }

// Of equal terms the first.
Term max_2(Process& p, Term a, Term b) {
  return compared(p, Comparison::kOrder, a, b, [=](int order) { return order >= 0 ? a : b; });
}
Term min_2(Process& p, Term a, Term b) {
  return compared(p, Comparison::kOrder, a, b, [=](int order) { return order <= 0 ? a : b; });
}

Term cmp_term_2(Process& p, Term a, Term b) {
  return compared(p, Comparison::kExactOrder, a, b, [](int order) {
    return Term::small(order < 0 ? -1 : order > 0 ? 1 : 0);
  });
}

// --- booleans ---
bool is_boolean(Term term) { return term == atoms::true_ || term == atoms::false_; }

Term and_2(Process& p, Term a, Term b) {
  if (!is_boolean(a) || !is_boolean(b)) return p.badarg();
  return boolean(a == atoms::true_ && b == atoms::true_);
}
Term or_2(Process& p, Term a, Term b) {
  if (!is_boolean(a) || !is_boolean(b)) return p.badarg();
  return boolean(a == atoms::true_ || b == atoms::true_);
}
Term xor_2(Process& p, Term a, Term b) {
  if (!is_boolean(a) || !is_boolean(b)) return p.badarg();
  return boolean(a != b);
}
Term not_1(Process& p, Term a) {
  if (!is_boolean(a)) return p.badarg();
  return boolean(a == atoms::false_);
}

// --- type tests ---
Term is_atom_1(Process&, Term t) { return boolean(t.is_atom()); }
Term is_binary_1(Process&, Term t) { return boolean(is_binary(t)); }
Term is_bitstring_1(Process&, Term t) { return boolean(is_bits(t)); }
Term is_boolean_1(Process&, Term t) { return boolean(is_boolean(t)); }
Term is_float_1(Process&, Term t) { return boolean(is_float(t)); }
Term is_function_1(Process&, Term t) { return boolean(is_fun(t)); }
Term is_integer_1(Process&, Term t) { return boolean(is_integer(t)); }
Term is_list_1(Process&, Term t) { return boolean(t.is_list() || t.is_nil()); }
Term is_number_1(Process&, Term t) { return boolean(is_number(t)); }
Term is_pid_1(Process&, Term t) { return boolean(is_pid(t)); }
Term is_port_1(Process&, Term t) { return boolean(is_port(t)); }
Term is_reference_1(Process&, Term t) { return boolean(is_ref(t)); }
Term is_tuple_1(Process&, Term t) { return boolean(is_tuple(t)); }
Term is_native_record_1(Process&, Term t) { return boolean(is_kind(t, Boxed::kRecord)); }

// From OTP 29 on: an integer within bounds, which must be integers if the first is one.
Term is_integer_3(Process& p, Term t, Term low, Term high) {
  if (!is_integer(low) || !is_integer(high)) return p.badarg();
  return boolean(is_integer(t) && compare(low, t) <= 0 && compare(t, high) <= 0);
}

Term is_function_2(Process& p, Term t, Term arity) {
  bool negative =
      arity.is_small() ? arity.small_value() < 0 : is_big(arity) && big_is_negative(arity);
  if (!is_integer(arity) || negative) return p.badarg();
  return boolean(is_fun(t) && arity == Term::small(fun_arity(t)));
}

bool is_tagged(Term t, Term tag) {
  return is_tuple(t) && tuple_size(t) > 0 && tuple_elements(t)[0] == tag;
}

Term is_record_2(Process& p, Term t, Term tag) {
  if (!tag.is_atom()) return p.badarg();
  if (is_kind(t, Boxed::kRecord)) return boolean(record_definition(t)->name == tag);
  return boolean(is_tagged(t, tag));
}

// is_record(Tuple, Tag, Size), or from OTP 29 on is_record(Record, Module, Name).
Term is_record_3(Process& p, Term t, Term tag, Term last) {
  if (!tag.is_atom()) return p.badarg();
  if (last.is_atom() && term_rules().otp_release >= 29) {
    if (!is_kind(t, Boxed::kRecord)) return atoms::false_;
    const RecordDefinition& definition = *record_definition(t);
    return boolean(definition.module == tag && definition.name == last);
  }
  if (!last.is_small()) return p.badarg();
  return boolean(is_tagged(t, tag) && last == Term::small(static_cast<int64_t>(tuple_size(t))));
}

// Whether a bitstring is all of an off-heap buffer.
bool is_whole_binary(Term t) {
  auto* bits = reinterpret_cast<const SubBits*>(t.object());
  auto* holder = reinterpret_cast<const OffHeap*>(bits->holder.object());
  return bits->bit_offset == 0 && bits->bit_size == holder->binary->capacity * 8;
}

// erts_internal:term_type/1: how a term is represented, in OTP's words.
Term term_type_1(Process&, Term t) {
  if (t.is_small()) return atoms::fixnum;
  if (t.is_word_float()) return atoms::hfloat;
  if (t.is_list()) return atoms::list;
  if (t.is_atom()) return atoms::atom;
  if (t.is_nil()) return atoms::nil;
  if (t.is_local_pid()) return atoms::pid;
  if (t.is_local_port()) return atoms::port;
  switch (header_kind(t.header())) {
    case Boxed::kTuple:
      return atoms::tuple;
    case Boxed::kFlatMap:
      return atoms::flatmap;
    case Boxed::kHashMap:
      return atoms::hashmap;
    case Boxed::kLocalFun:
      return atoms::fun;
    case Boxed::kExportFun:
      return atoms::export_;
    case Boxed::kPositiveBig:
    case Boxed::kNegativeBig:
      return atoms::bignum;
    case Boxed::kFloat:
      return atoms::hfloat;
    case Boxed::kHeapBits:
      return atoms::heap_binary;
    case Boxed::kSubBits:
      return is_whole_binary(t) ? atoms::refc_binary : atoms::sub_binary;
    case Boxed::kRef:
    case Boxed::kMagicRef:
      return atoms::reference;
    case Boxed::kExternalPid:
      return atoms::external_pid;
    case Boxed::kExternalPort:
      return atoms::external_port;
    case Boxed::kExternalRef:
      return atoms::external_reference;
    default:
      return atoms::record;
  }
}

// --- hashes ---
// The number of values in a range 1..2^32; 0: not such a range.
uint64_t hash_range(Term range) {
  if (!range.is_small() || range.small_value() < 1) return 0;
  uint64_t count = static_cast<uint64_t>(range.small_value());
  return count <= uint64_t{1} << 32 ? count : 0;
}

Term phash_2(Process& p, Term term, Term range) {
  uint64_t count = hash_range(range);
  if (count == 0) return p.badarg();
  if (is_dirty_call(p, {term})) return hand_over(p, {term, range});
  return Term::small(static_cast<int64_t>(1 + phash(term) % count));
}
Term phash2_1(Process& p, Term term) {
  if (is_dirty_call(p, {term})) return hand_over(p, {term});
  return Term::small(phash2(term) & ((1u << 27) - 1));
}
Term phash2_2(Process& p, Term term, Term range) {
  uint64_t count = hash_range(range);
  if (count == 0) return p.badarg();
  if (is_dirty_call(p, {term})) return hand_over(p, {term, range});
  return Term::small(static_cast<int64_t>(phash2(term) % count));
}

constexpr NativeEntry kErlangCompareNatives[] = {
    {"erlang", "/=", native<comparison_2<Comparison::kEqual, is_not_zero>>, kGuard},
    {"erlang", "<", native<comparison_2<Comparison::kOrder, is_negative>>, kGuard},
    {"erlang", "=/=", native<comparison_2<Comparison::kExactlyEqual, is_not_zero>>, kGuard},
    {"erlang", "=:=", native<comparison_2<Comparison::kExactlyEqual, is_zero>>, kGuard},
    {"erlang", "=<", native<comparison_2<Comparison::kOrder, is_not_positive>>, kGuard},
    {"erlang", "==", native<comparison_2<Comparison::kEqual, is_zero>>, kGuard},
    {"erlang", ">", native<comparison_2<Comparison::kOrder, is_positive>>, kGuard},
    {"erlang", ">=", native<comparison_2<Comparison::kOrder, is_not_negative>>, kGuard},
    {"erlang", "and", native<and_2>, kGuard},
    {"erlang", "is_atom", native<is_atom_1>, kGuard},
    {"erlang", "is_binary", native<is_binary_1>, kGuard},
    {"erlang", "is_bitstring", native<is_bitstring_1>, kGuard},
    {"erlang", "is_boolean", native<is_boolean_1>, kGuard},
    {"erlang", "is_float", native<is_float_1>, kGuard},
    {"erlang", "is_function", native<is_function_1>, kGuard},
    {"erlang", "is_function", native<is_function_2>, kGuard},
    {"erlang", "is_integer", native<is_integer_1>, kGuard},
    {"erlang", "is_integer", native<is_integer_3>, kGuard},
    {"erlang", "is_list", native<is_list_1>, kGuard},
    {"erlang", "is_number", native<is_number_1>, kGuard},
    {"erlang", "is_pid", native<is_pid_1>, kGuard},
    {"erlang", "is_port", native<is_port_1>, kGuard},
    {"erlang", "is_record", native<is_native_record_1>, kGuard},
    {"erlang", "is_record", native<is_record_2>, kGuard},
    {"erlang", "is_record", native<is_record_3>, kGuard},
    {"erlang", "is_reference", native<is_reference_1>, kGuard},
    {"erlang", "is_tuple", native<is_tuple_1>, kGuard},
    {"erlang", "max", native<max_2>, kGuard},
    {"erlang", "min", native<min_2>, kGuard},
    {"erlang", "not", native<not_1>, kGuard},
    {"erlang", "or", native<or_2>, kGuard},
    {"erlang", "phash", native<phash_2>},
    {"erlang", "phash2", native<phash2_1>},
    {"erlang", "phash2", native<phash2_2>},
    {"erlang", "xor", native<xor_2>, kGuard},
    {"erts_internal", "cmp_term", native<cmp_term_2>},
    {"erts_internal", "term_type", native<term_type_1>},
};

}  // namespace

std::span<const NativeEntry> erlang_compare_natives() { return kErlangCompareNatives; }

}  // namespace joist
