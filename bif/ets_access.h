// How natives get at tables.
//
//   TableUse table(p, id, kEtsRead);
//   if (!table) return table.refuse({id, key});
//   ... table.store().lookup(key, table.gate(), ...) ...
//   if (answer == StoreAnswer::kRefused) return table.refuse({id, key});
//
// The first question is only to raise what OTP raises first; the one that counts is asked by the
// store, under its lock.
#pragma once

#include <initializer_list>

#include "vm/ets/tables.h"
#include "vm/proc/process.h"

namespace joist {

inline constexpr uint32_t kEtsRead = ets_rights::kOthersRead;
inline constexpr uint32_t kEtsWrite = ets_rights::kOthersWrite;
inline constexpr uint32_t kEtsInfo = 0;  // anyone may ask, while it is there

class TableUse {
 public:
  TableUse(Process& p, Term id, uint32_t needed);
  TableUse(const TableUse&) = delete;
  TableUse& operator=(const TableUse&) = delete;

  // Whether there is such a table that the process may use.
  explicit operator bool() const { return allowed_; }
  // null: there is none.
  EtsTable* get() const { return table_; }
  EtsTable* operator->() const { return table_; }
  EtsStore& store() const { return table_->store(); }
  StoreGate gate() const {
    StoreGate gate(table_->rights, needed_, user());
    if (is_by_name_) gate.close_when_renamed(renamings_);
    return gate;
  }

  // Raises why the table cannot be used. While it is busy, helps, and calls the native again with
  // these arguments.
  Term refuse(std::initializer_list<Term> arguments);
  // The same where an exception shows other arguments than the call that goes on: a native that
  // was called with `original` and has yielded since.
  Term refuse(std::initializer_list<Term> arguments, std::initializer_list<Term> original);

 private:
  void find_by_name(Term name);
  LockUser user() const {
    const ReaderSlots& readers = process_.runtime->ets->readers();
    ReaderSlot* slot = readers.of(process_.registers->scheduler);
    return {slot != nullptr ? LockUser::Kind::kGivesUp : LockUser::Kind::kTakesLong, slot};
  }

  Process& process_;
  EtsTable* table_ = nullptr;
  uint32_t needed_ = 0;
  bool allowed_ = false;
  bool is_identifier_ = false;
  bool is_by_name_ = false;
  uint32_t renamings_ = 0;
};

// Whether so many rows have died while it was fixed that a dirty thread is to unfix it.
bool takes_long_to_unfix(EtsTable& table);

// What an exception shows as the arguments of a native that has yielded.
void restore_arguments(Process& p, std::initializer_list<Term> original);

}  // namespace joist
