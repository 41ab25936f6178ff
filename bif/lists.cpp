// The natives of module lists. Each takes up where it stopped by being called with the rest of
// its list.
#include "bif/registry.h"
#include "bif/step_budget.h"
#include "vm/heap/builder.h"
#include "vm/term/compare.h"

namespace joist {
namespace {

Term member_2(Process& p, Term element, Term list) {
  StepBudget budget(p, kCellsPerReduction);
  // Immediates other than floats are equal to nothing else.
  bool by_word = !element.is_pointer() && !element.is_word_float();
  for (; list.is_list(); list = list.tail()) {
    if (!budget.spend()) return p.yield({element, list});
    Term head = list.head();
    if (head == element || (!by_word && exact_equal(head, element))) return atoms::true_;
  }
  return list.is_nil() ? atoms::false_ : p.badarg();
}

Term reverse_2(Process& p, Term list, Term tail) {
  StepBudget budget(p, kCellsPerReduction);
  for (; list.is_list(); list = list.tail()) {
    if (!budget.spend()) return p.yield({list, tail});
    tail = make_cons(p.heap, list.head(), tail);
  }
  return list.is_nil() ? tail : p.badarg();
}

// The first tuple whose element at `position` equals `key`; `found` says what to make of it.
template <typename Found>
Term key_search(Process& p, Term key, Term position, Term list, Found found) {
  if (!position.is_small() || position.small_value() < 1) return p.badarg();
  size_t index = static_cast<size_t>(position.small_value()) - 1;
  StepBudget budget(p, kCellsPerReduction);
  for (; list.is_list(); list = list.tail()) {
    if (!budget.spend()) return p.yield({key, position, list});
    Term tuple = list.head();
    if (!is_tuple(tuple) || index >= tuple_size(tuple)) continue;
    if (equal(tuple_elements(tuple)[index], key)) return found(tuple);
  }
  return list.is_nil() ? atoms::false_ : p.badarg();
}

Term keyfind_3(Process& p, Term key, Term position, Term list) {
  return key_search(p, key, position, list, [](Term tuple) { return tuple; });
}
Term keymember_3(Process& p, Term key, Term position, Term list) {
  return key_search(p, key, position, list, [](Term) { return atoms::true_; });
}
Term keysearch_3(Process& p, Term key, Term position, Term list) {
  return key_search(p, key, position, list,
                    [&p](Term tuple) { return make_tuple(p.heap, {atoms::value, tuple}); });
}

constexpr NativeEntry kListsNatives[] = {
    {"lists", "keyfind", native<keyfind_3>},     {"lists", "keymember", native<keymember_3>},
    {"lists", "keysearch", native<keysearch_3>}, {"lists", "member", native<member_2>},
    {"lists", "reverse", native<reverse_2>},
};

}  // namespace

std::span<const NativeEntry> lists_natives() { return kListsNatives; }

}  // namespace joist
