#include "bif/ets_access.h"

#include <algorithm>

#include "vm/sched/dirty_call.h"

namespace joist {

TableUse::TableUse(Process& p, Term id, uint32_t needed) : process_(p), needed_(needed) {
  EtsTables& tables = *p.runtime->ets;
  if (id.is_atom()) {
    is_identifier_ = true;
    find_by_name(id);
  } else {
    table_ = EtsTable::of_reference(id);
    is_identifier_ = table_ != nullptr;
  }
  if (table_ == nullptr) return;
  if (needed == kEtsInfo) {
    needed_ = ~(ets_rights::kDeleted | ets_rights::kBusy);
  } else if (table_->is_owned_by(p.pid) || tables.is_super_user(p.pid)) {
    needed_ |= ets_rights::kOwner;
  }
  allowed_ = gate().open();
}

void TableUse::find_by_name(Term name) {
  is_by_name_ = true;
  do {
    table_ = process_.runtime->ets->find(name);
    if (table_ == nullptr) return;
    renamings_ = table_->rights.load(std::memory_order_acquire) & ets_rights::kRenamings;
    // A name is changed before the number.
  } while (!(table_->name_term() == name));
}

bool takes_long_to_unfix(EtsTable& table) {
  constexpr size_t kMany = 2000;
  if (table.hash() == nullptr) return false;
  return table.hash()->dead_rows() > kMany || table.store().has_long_users();
}

void restore_arguments(Process& p, std::initializer_list<Term> original) {
  std::copy(original.begin(), original.end(), p.registers->x);
}

Term TableUse::refuse(std::initializer_list<Term> arguments) {
  return refuse(arguments, arguments);
}

Term TableUse::refuse(std::initializer_list<Term> arguments, std::initializer_list<Term> original) {
  Process& p = process_;
  if (table_ == nullptr) {
    restore_arguments(p, original);
    return p.badarg(is_identifier_ ? atoms::id : atoms::type);
  }
  const uint32_t rights = table_->rights.load(std::memory_order_acquire);
  if ((rights & ets_rights::kDeleted) != 0) {
    restore_arguments(p, original);
    return p.badarg(atoms::id);
  }
  if ((rights & ets_rights::kBusy) != 0) {
    int64_t budget = std::max<int64_t>(p.reductions, 1) * kRowsPerReduction;
    const int64_t granted = budget;
    p.runtime->ets->help(*table_, &budget, !on_scheduler(p));
    p.charge((granted - budget) / kRowsPerReduction + 1);
    return p.yield(arguments);
  }
  // Rights that were given while we asked: ask again.
  if ((rights & needed_) != 0) return p.yield(arguments);
  restore_arguments(p, original);
  return p.badarg(atoms::access);
}

}  // namespace joist
