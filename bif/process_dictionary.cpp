// The process dictionary's functions of module erlang.
#include "bif/registry.h"
#include "bif/step_budget.h"
#include "vm/heap/builder.h"
#include "vm/proc/process_extras.h"
#include "vm/term/compare.h"

namespace joist {
namespace {

const ProcessDictionary& dictionary_of(Process& p) {
  static const ProcessDictionary kEmpty;
  return p.extras == nullptr ? kEmpty : p.extras->dictionary;
}

Term or_undefined(Term value) { return value.is_none() ? atoms::undefined : value; }

Term get_0(Process& p) {
  std::span<const Term> pairs = dictionary_of(p).pairs();
  p.charge(static_cast<int64_t>(pairs.size()) / kCellsPerReduction);
  ListBuilder list(p.heap);
  for (size_t i = 0; i < pairs.size(); i += 2) {
    list.add(make_tuple(p.heap, {pairs[i], pairs[i + 1]}));
  }
  return list.finish();
}

Term get_1(Process& p, Term key) { return or_undefined(dictionary_of(p).get(key)); }

Term get_keys_0(Process& p) {
  std::span<const Term> pairs = dictionary_of(p).pairs();
  p.charge(static_cast<int64_t>(pairs.size()) / kCellsPerReduction);
  ListBuilder list(p.heap);
  for (size_t i = 0; i < pairs.size(); i += 2) list.add(pairs[i]);
  return list.finish();
}

// The keys of that value.
Term get_keys_1(Process& p, Term value) {
  std::span<const Term> pairs = dictionary_of(p).pairs();
  p.charge(static_cast<int64_t>(pairs.size()) / kCellsPerReduction);
  ListBuilder list(p.heap);
  for (size_t i = 0; i < pairs.size(); i += 2) {
    if (exact_equal(pairs[i + 1], value)) list.add(pairs[i]);
  }
  return list.finish();
}

Term put_2(Process& p, Term key, Term value) {
  if (p.extras == nullptr) p.extras = new Process::Extras;
  return or_undefined(p.extras->dictionary.put(key, value));
}

Term erase_0(Process& p) {
  Term all = get_0(p);
  if (p.extras != nullptr) p.extras->dictionary.clear();
  return all;
}

Term erase_1(Process& p, Term key) {
  if (p.extras == nullptr) return atoms::undefined;
  return or_undefined(p.extras->dictionary.erase(key));
}

constexpr NativeEntry kProcessDictionaryNatives[] = {
    {"erlang", "erase", native<erase_0>},       {"erlang", "erase", native<erase_1>},
    {"erlang", "get", native<get_0>},           {"erlang", "get", native<get_1>},
    {"erlang", "get_keys", native<get_keys_0>}, {"erlang", "get_keys", native<get_keys_1>},
    {"erlang", "put", native<put_2>},
};

}  // namespace

std::span<const NativeEntry> process_dictionary_natives() { return kProcessDictionaryNatives; }

}  // namespace joist
