// persistent_term over the table of bif/persistent.h.
#include "bif/large_argument.h"
#include "bif/literal_collection.h"
#include "bif/persistent.h"
#include "bif/registry.h"
#include "vm/heap/builder.h"
#include "vm/heap/map_build.h"
#include "vm/sched/online.h"

namespace joist {

namespace {

void tell_collector(Process& p) {
  OnlineScope online(p);
  tell_literal_collector(p);
}

Term put(Process& p, Term key, Term value, PersistentTerms::PutMode mode) {
  if (is_dirty_call(p, {key, value})) return hand_over(p, {key, value});
  const PersistentTerms::PutResult result = p.runtime->persistent->put(key, value, mode);
  tell_collector(p);
  switch (result) {
    case PersistentTerms::PutResult::kDone:
      return atoms::ok;
    case PersistentTerms::PutResult::kOtherValue:
      return p.badarg();
    case PersistentTerms::PutResult::kNoRoom:
      break;
  }
  return p.system_limit();
}

Term put_2(Process& p, Term key, Term value) {
  return put(p, key, value, PersistentTerms::PutMode::kReplace);
}

Term put_new_2(Process& p, Term key, Term value) {
  return put(p, key, value, PersistentTerms::PutMode::kOnlyNew);
}

Term get_1(Process& p, Term key) {
  if (is_dirty_call(p, {key})) return hand_over(p, {key});
  const Term value = p.runtime->persistent->get(key);
  return value.is_none() ? p.badarg() : value;
}

Term get_2(Process& p, Term key, Term fallback) {
  if (is_dirty_call(p, {key})) return hand_over(p, {key, fallback});
  const Term value = p.runtime->persistent->get(key);
  return value.is_none() ? fallback : value;
}

Term get_0(Process& p) {
  const std::vector<Term> pairs = p.runtime->persistent->pairs();
  p.charge(static_cast<int64_t>(pairs.size()));
  return make_list(p.heap, pairs);
}

Term erase_1(Process& p, Term key) {
  if (is_dirty_call(p, {key})) return hand_over(p, {key});
  const bool erased = p.runtime->persistent->erase(key);
  tell_collector(p);
  return boolean(erased);
}

Term erase_persistent_terms_0(Process& p) {
  p.runtime->persistent->erase_all();
  tell_literal_collector(p);
  return atoms::true_;
}

Term info_0(Process& p) {
  const PersistentTerms& table = *p.runtime->persistent;
  const Term pairs[] = {atoms::count, make_unsigned(p.heap, table.count()), atoms::memory,
                        make_unsigned(p.heap, table.memory_bytes())};
  return make_map(p.heap, pairs);
}

constexpr NativeEntry kPersistentTermNatives[] = {
    {"erts_internal", "erase_persistent_terms", native<erase_persistent_terms_0>},
    {"persistent_term", "erase", native<erase_1>},
    {"persistent_term", "get", native<get_0>},
    {"persistent_term", "get", native<get_1>},
    {"persistent_term", "get", native<get_2>},
    {"persistent_term", "info", native<info_0>},
    {"persistent_term", "put", native<put_2>},
    {"persistent_term", "put_new", native<put_new_2>},
};

}  // namespace

std::span<const NativeEntry> persistent_term_natives() { return kPersistentTermNatives; }

}  // namespace joist
