// erl_nif.h: what terms are, numbers, tuples, lists, exceptions.
#include <cmath>
#include <cstdarg>

#include "vm/codec/etf.h"
#include "vm/heap/builder.h"
#include "vm/heap/copy.h"
#include "vm/heap/map_build.h"
#include "vm/nif/interface.h"
#include "vm/term/compare.h"
#include "vm/term/hash.h"

using namespace joist;

namespace {

// Of unique integers that may be negative, as bif/unique.cpp has it.
constexpr int64_t kFirstInteger = -(int64_t{1} << 59);

// The integer as a word of that signedness, if it fits.
bool signed_value(Word word, int64_t* value) {
  const Term term = term_of(word);
  if (term.is_small()) {
    *value = term.small_value();
    return true;
  }
  if (!is_big(term) || big_limbs(term).size() != 1) return false;
  const Word magnitude = big_limbs(term)[0];
  constexpr Word kSign = Word{1} << 63;
  if (magnitude > kSign || (magnitude == kSign && !big_is_negative(term))) return false;
  *value = static_cast<int64_t>(big_is_negative(term) ? Word{0} - magnitude : magnitude);
  return true;
}

bool unsigned_value(Word word, uint64_t* value) {
  const Term term = term_of(word);
  if (term.is_small()) {
    if (term.small_value() < 0) return false;
    *value = static_cast<uint64_t>(term.small_value());
    return true;
  }
  if (!is_big(term) || big_is_negative(term) || big_limbs(term).size() != 1) return false;
  *value = big_limbs(term)[0];
  return true;
}

const Term* terms_of(const Word* words) { return reinterpret_cast<const Term*>(words); }

std::vector<Term> gather(unsigned count, va_list arguments) {
  std::vector<Term> terms(count);
  for (Term& term : terms) term = term_of(va_arg(arguments, Word));
  return terms;
}

abi::TermType boxed_type(Term term) {
  if (is_tuple(term)) return abi::TermType::kTuple;
  if (is_map(term)) return abi::TermType::kMap;
  if (is_bits(term)) return abi::TermType::kBitstring;
  if (is_big(term)) return abi::TermType::kInteger;
  if (is_float(term)) return abi::TermType::kFloat;
  if (is_fun(term)) return abi::TermType::kFun;
  if (is_pid(term)) return abi::TermType::kPid;
  if (is_port(term)) return abi::TermType::kPort;
  if (is_ref(term)) return abi::TermType::kReference;
  return static_cast<abi::TermType>(-1);
}

}  // namespace

extern "C" {

// --- what it is ---

int enif_is_binary(NifEnv*, Word term) { return is_binary(term_of(term)); }
int enif_is_ref(NifEnv*, Word term) { return is_ref(term_of(term)); }
int enif_is_fun(NifEnv*, Word term) { return is_fun(term_of(term)); }
int enif_is_pid(NifEnv*, Word term) { return is_pid(term_of(term)); }
int enif_is_port(NifEnv*, Word term) { return is_port(term_of(term)); }
int enif_is_number(NifEnv*, Word term) { return is_number(term_of(term)); }
int enif_is_tuple(NifEnv*, Word term) { return is_tuple(term_of(term)); }
int enif_is_map(NifEnv*, Word term) { return is_map(term_of(term)); }
int enif_is_empty_list(NifEnv*, Word term) { return term_of(term).is_nil(); }
int enif_is_list(NifEnv*, Word term) { return term_of(term).is_list() || term_of(term).is_nil(); }

int enif_term_type(NifEnv*, Word word) {
  const Term term = term_of(word);
  if (term.is_small()) return static_cast<int>(abi::TermType::kInteger);
  if (term.is_word_float()) return static_cast<int>(abi::TermType::kFloat);
  if (term.is_atom()) return static_cast<int>(abi::TermType::kAtom);
  if (term.is_list() || term.is_nil()) return static_cast<int>(abi::TermType::kList);
  if (term.is_local_pid()) return static_cast<int>(abi::TermType::kPid);
  if (term.is_local_port()) return static_cast<int>(abi::TermType::kPort);
  return static_cast<int>(boxed_type(term));
}

// The library compares what it gets for identity only here, so that floats need not be one word.
int enif_is_identical(Word a, Word b) { return exact_equal(term_of(a), term_of(b)); }
int enif_compare(Word a, Word b) { return compare(term_of(a), term_of(b)); }

uint64_t enif_hash(int type, Word term, uint64_t salt) {
  if (type == abi::kPhash2) return phash2(term_of(term)) & ((1U << 27) - 1);
  const uint64_t mixed = (internal_hash(term_of(term)) ^ salt) * 0x9e3779b97f4a7c15u;
  return (mixed ^ mixed >> 32) & UINT32_MAX;
}

// --- numbers ---

int enif_get_long(NifEnv*, Word term, long* value) {
  int64_t number;
  if (!signed_value(term, &number)) return 0;
  *value = number;
  return 1;
}
int enif_get_int64(NifEnv* env, Word term, long* value) { return enif_get_long(env, term, value); }
int enif_get_int(NifEnv*, Word term, int* value) {
  int64_t number;
  if (!signed_value(term, &number) || number != static_cast<int>(number)) return 0;
  *value = static_cast<int>(number);
  return 1;
}
int enif_get_ulong(NifEnv*, Word term, unsigned long* value) {
  uint64_t number;
  if (!unsigned_value(term, &number)) return 0;
  *value = number;
  return 1;
}
int enif_get_uint64(NifEnv* env, Word term, unsigned long* value) {
  return enif_get_ulong(env, term, value);
}
int enif_get_uint(NifEnv*, Word term, unsigned* value) {
  uint64_t number;
  if (!unsigned_value(term, &number) || number > UINT32_MAX) return 0;
  *value = static_cast<unsigned>(number);
  return 1;
}
int enif_get_double(NifEnv*, Word term, double* value) {
  if (!is_float(term_of(term))) return 0;
  *value = float_value(term_of(term));
  return 1;
}

Word enif_make_int(NifEnv*, int value) { return Term::small(value).bits(); }
Word enif_make_uint(NifEnv*, unsigned value) { return Term::small(value).bits(); }
Word enif_make_long(NifEnv* env, long value) { return make_integer(*env->heap, value).bits(); }
Word enif_make_ulong(NifEnv* env, unsigned long value) {
  return make_unsigned(*env->heap, value).bits();
}
Word enif_make_int64(NifEnv* env, long value) { return enif_make_long(env, value); }
Word enif_make_uint64(NifEnv* env, unsigned long value) { return enif_make_ulong(env, value); }
Word enif_make_double(NifEnv* env, double value) {
  if (!std::isfinite(value)) return env->raise(atoms::badarg);
  return make_float(*env->heap, value).bits();
}

Word enif_make_ref(NifEnv* env) {
  Runtime& runtime = NativeInterface::current()->runtime();
  return make_ref(*env->heap, runtime.uniques.next_ref()).bits();
}

Word enif_make_unique_integer(NifEnv* env, int properties) {
  Uniques& uniques = NativeInterface::current()->runtime().uniques;
  const int64_t number = (properties & abi::kUniqueMonotonic) != 0
                             ? uniques.next_monotonic_integer()
                             : uniques.next_integer();
  const bool positive = (properties & abi::kUniquePositive) != 0;
  return make_integer(*env->heap, number + (positive ? 1 : kFirstInteger)).bits();
}

// --- tuples ---

int enif_get_tuple(NifEnv*, Word tuple, int* arity, const Word** elements) {
  if (!is_tuple(term_of(tuple))) return 0;
  *arity = static_cast<int>(tuple_size(term_of(tuple)));
  *elements = object_words(term_of(tuple));
  return 1;
}
Word enif_make_tuple_from_array(NifEnv* env, const Word* elements, unsigned count) {
  return make_tuple(*env->heap, {terms_of(elements), count}).bits();
}
Word enif_make_tuple(NifEnv* env, unsigned count, ...) {
  va_list arguments;
  va_start(arguments, count);
  const std::vector<Term> terms = gather(count, arguments);
  va_end(arguments);
  return make_tuple(*env->heap, std::span<const Term>(terms)).bits();
}

// --- lists ---

int enif_get_list_cell(NifEnv*, Word list, Word* head, Word* tail) {
  const Term term = term_of(list);
  if (!term.is_list()) return 0;
  *head = term.head().bits();
  *tail = term.tail().bits();
  return 1;
}
int enif_get_list_length(NifEnv*, Word word, unsigned* length) {
  unsigned count = 0;
  Term list = term_of(word);
  for (; list.is_list(); list = list.tail()) ++count;
  if (!list.is_nil()) return 0;
  *length = count;
  return 1;
}
Word enif_make_list_cell(NifEnv* env, Word head, Word tail) {
  return make_cons(*env->heap, term_of(head), term_of(tail)).bits();
}
Word enif_make_list_from_array(NifEnv* env, const Word* elements, unsigned count) {
  return make_list(*env->heap, {terms_of(elements), count}).bits();
}
Word enif_make_list(NifEnv* env, unsigned count, ...) {
  va_list arguments;
  va_start(arguments, count);
  const std::vector<Term> terms = gather(count, arguments);
  va_end(arguments);
  return make_list(*env->heap, std::span<const Term>(terms)).bits();
}
int enif_make_reverse_list(NifEnv* env, Word word, Word* reversed) {
  Term list = term_of(word);
  Term result = Term::nil();
  for (; list.is_list(); list = list.tail()) result = make_cons(*env->heap, list.head(), result);
  if (!list.is_nil()) return 0;
  *reversed = result.bits();
  return 1;
}

// --- exceptions ---

Word enif_make_badarg(NifEnv* env) { return env->raise(atoms::badarg); }
Word enif_raise_exception(NifEnv* env, Word reason) { return env->raise(term_of(reason)); }
int enif_has_pending_exception(NifEnv* env, Word* reason) {
  if (env->raised && reason != nullptr) *reason = env->reason.bits();
  return env->raised;
}
// What enif_schedule_nif returns looks like an exception and is none.
int enif_is_exception(NifEnv* env, Word term) { return env->raised && term_of(term).is_none(); }

// --- copies ---

// Literals are copied, too: an environment may outlive them.
Word enif_make_copy(NifEnv* env, Word term) {
  return copy_term(*env->heap, term_of(term), nullptr).bits();
}

size_t enif_term_size(Word term) {
  return copy_size(term_of(term), NativeInterface::current()->literals()) * sizeof(Word);
}

}  // extern "C"
