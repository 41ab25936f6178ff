// Module ets: info/1,2, and what erts_internal tells of the binaries in tables.
#include <algorithm>

#include "bif/ets_access.h"
#include "bif/registry.h"
#include "vm/heap/builder.h"
#include "vm/sched/dirty_call.h"
#include "vm/sched/online.h"
#include "vm/term/node.h"

namespace joist {

namespace {

Term type_name(const EtsTable& table) {
  switch (table.options.type) {
    case EtsType::kSet:
      return atoms::set;
    case EtsType::kOrderedSet:
      return atoms::ordered_set;
    case EtsType::kBag:
      return atoms::bag;
    case EtsType::kDuplicateBag:
      break;
  }
  return atoms::duplicate_bag;
}

Term protection_name(const EtsTable& table) {
  const uint32_t rights = table.rights.load(std::memory_order_acquire);
  if ((rights & ets_rights::kOthersWrite) != 0) return atoms::public_;
  return (rights & ets_rights::kOthersRead) != 0 ? atoms::protected_ : atoms::private_;
}

Term write_concurrency(Process& p, const EtsTable& table) {
  switch (table.options.write_concurrency) {
    case EtsWriteConcurrency::kOff:
      return atoms::false_;
    case EtsWriteConcurrency::kOn:
      return atoms::true_;
    case EtsWriteConcurrency::kAuto:
      return atoms::auto_;
    case EtsWriteConcurrency::kFixedLocks:
      break;
  }
  return make_tuple(p.heap, {atoms::debug_hash_fixed_number_of_locks,
                             make_unsigned(p.heap, table.options.fixed_locks)});
}

Term heir(EtsTable& table) {
  MutexLock lock(table.mutex);
  return table.heir.pid;
}

// {Since, [{Pid, Count}]}, or false.
Term safe_fixed(Process& p, EtsTable& table, bool monotonic) {
  MutexLock lock(table.mutex);
  if (table.fixers.empty()) return atoms::false_;
  Term fixers = Term::nil();
  for (const EtsTable::Fixer& fixer : table.fixers) {
    const Term pair = make_tuple(p.heap, {fixer.pid, Term::small(fixer.count)});
    fixers = make_cons(p.heap, pair, fixers);
  }
  Term since = make_integer(p.heap, table.fixed_monotonic);
  if (!monotonic) {
    constexpr int64_t kMillion = 1'000'000;
    const int64_t microseconds = (table.fixed_monotonic + table.fixed_offset) / 1000;
    const int64_t seconds = microseconds / kMillion;
    since = make_tuple(p.heap, {Term::small(seconds / kMillion), Term::small(seconds % kMillion),
                                Term::small(microseconds % kMillion)});
  }
  return make_tuple(p.heap, {since, fixers});
}

Term statistics(Process& p, EtsTable& table) {
  if (table.hash() == nullptr) {
    OrderedStore& ordered = *table.ordered();
    if (!ordered.has_fine_locks()) return atoms::false_;
    // What chooses a leaf, leaves, and the steps from the root to one.
    const auto leaves = static_cast<int64_t>(ordered.leaf_count());
    return make_tuple(
        p.heap, {Term::small(leaves - 1), Term::small(leaves), Term::small(leaves > 1 ? 2 : 0)});
  }
  const HashStore::Statistics all = table.hash()->statistics();
  return make_tuple(
      p.heap, {make_unsigned(p.heap, all.buckets), make_float(p.heap, all.average_chain),
               make_float(p.heap, all.deviation), make_float(p.heap, all.expected_deviation),
               make_unsigned(p.heap, all.shortest_chain), make_unsigned(p.heap, all.longest_chain),
               make_unsigned(p.heap, all.kept_dead), make_unsigned(p.heap, all.locks)});
}

// Whether the statistics are for a dirty thread.
bool takes_long_to_count(EtsTable& table) {
  constexpr size_t kMany = 2000;
  if (table.hash() == nullptr) return false;
  return table.store().size() > kMany || table.store().has_long_users();
}

// none(): there is no such item.
Term item_value(Process& p, EtsTable& table, Term item) {
  if (item == atoms::size) return make_unsigned(p.heap, table.store().size());
  if (item == atoms::memory) return make_unsigned(p.heap, table.store().words());
  if (item == atoms::type) return type_name(table);
  if (item == atoms::owner) return table.owner_term();
  if (item == atoms::heir) return heir(table);
  if (item == atoms::protection) return protection_name(table);
  if (item == atoms::write_concurrency) return write_concurrency(p, table);
  if (item == atoms::read_concurrency) return boolean(table.options.read_concurrency);
  if (item == atoms::name) return table.name_term();
  if (item == atoms::keypos) {
    return Term::small(static_cast<int64_t>(table.options.key_position));
  }
  if (item == atoms::node) return local_node()->name;
  if (item == atoms::named_table) return boolean(table.options.named);
  if (item == atoms::compressed) return boolean(table.options.compressed);
  if (item == atoms::id) return table.make_reference(p.heap);
  if (item == atoms::decentralized_counters) return boolean(table.options.decentralized_counters);
  if (item == atoms::fixed) {
    return boolean(table.fix_count.load(std::memory_order_acquire) != 0);
  }
  if (item == atoms::safe_fixed) return safe_fixed(p, table, false);
  if (item == atoms::safe_fixed_monotonic_time) return safe_fixed(p, table, true);
  if (item == atoms::stats) return statistics(p, table);
  return Term::none();
}

Term info_1(Process& p, Term id) {
  TableUse table(p, id, kEtsInfo);
  if (table.get() == nullptr) return id.is_atom() ? Term(atoms::undefined) : table.refuse({id});
  const uint32_t rights = table->rights.load(std::memory_order_acquire);
  if ((rights & ets_rights::kDeleted) != 0) return atoms::undefined;
  if (!table) return table.refuse({id});
  static constexpr Term kItems[] = {
      atoms::id,
      atoms::decentralized_counters,
      atoms::read_concurrency,
      atoms::write_concurrency,
      atoms::compressed,
      atoms::memory,
      atoms::owner,
      atoms::heir,
      atoms::name,
      atoms::size,
      atoms::node,
      atoms::named_table,
      atoms::type,
      atoms::keypos,
      atoms::protection,
  };
  ListBuilder list(p.heap);
  for (const Term item : kItems) {
    list.add(make_tuple(p.heap, {item, item_value(p, *table.get(), item)}));
  }
  return list.finish();
}

Term info_2(Process& p, Term id, Term item) {
  if (item == atoms::binary) {
    return p.trap(atoms::erts_internal, atoms::ets_info_binary, {id});
  }
  if (p.suspended != nullptr) return back_from_dirty(p);
  OnlineScope online(p);
  TableUse table(p, id, kEtsInfo);
  if (table.get() == nullptr) {
    return id.is_atom() ? Term(atoms::undefined) : table.refuse({id, item});
  }
  const uint32_t rights = table->rights.load(std::memory_order_acquire);
  if ((rights & ets_rights::kDeleted) != 0) return atoms::undefined;
  if (!table) return table.refuse({id, item});
  if (item == atoms::stats && on_scheduler(p) && takes_long_to_count(*table.get())) {
    return hand_to_dirty(p, {id, item});
  }
  const Term value = item_value(p, *table.get(), item);
  return value.is_none() ? p.badarg() : value;
}

// The off-heap binaries of the rows of a key: [{Address, Size, References}].
class BinaryLister final : public RowVisitor {
 public:
  explicit BinaryLister(Allocator& heap) : heap_(heap) {}
  RowAction visit(EtsObject& row, EtsObject**) override {
    for (const OffHeap* object = row.off_heap; object != nullptr; object = object->next) {
      if (header_kind(object->header) != Boxed::kBinRef) continue;
      const Binary& binary = *object->binary;
      const int64_t references = __atomic_load_n(&binary.reference_count, __ATOMIC_RELAXED);
      const Term entry =
          make_tuple(heap_, {make_unsigned(heap_, reinterpret_cast<uint64_t>(&binary)),
                             make_unsigned(heap_, binary.capacity), Term::small(references)});
      list_ = make_cons(heap_, entry, list_);
    }
    return RowAction::kKeep;
  }
  bool wants_more() override { return true; }
  bool sees_dead() const override { return true; }
  Term list() const { return list_; }

 private:
  Allocator& heap_;
  Term list_ = Term::nil();
};

Term ets_lookup_binary_info_2(Process& p, Term id, Term key) {
  TableUse table(p, id, kEtsRead);
  if (!table) return table.refuse({id, key});
  BinaryLister lister(p.heap);
  const StoreAnswer answer = table.store().visit_key(key, false, table.gate(), lister);
  return answer == StoreAnswer::kRefused ? table.refuse({id, key}) : lister.list();
}

constexpr NativeEntry kEtsInfoNatives[] = {
    {"ets", "info", native<info_1>},
    {"ets", "info", native<info_2>},
    {"erts_internal", "ets_lookup_binary_info", native<ets_lookup_binary_info_2>},
};

}  // namespace

std::span<const NativeEntry> ets_info_natives() { return kEtsInfoNatives; }

}  // namespace joist
