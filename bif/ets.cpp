// Module ets: tables as such. Making and deleting them, names, owners and heirs, fixing.
#include <algorithm>
#include <bit>

#include "bif/ets_access.h"
#include "bif/magic.h"
#include "bif/registry.h"
#include "vm/heap/builder.h"
#include "vm/proc/process_table.h"
#include "vm/proc/time.h"
#include "vm/sched/deliver.h"
#include "vm/sched/dirty_call.h"
#include "vm/sched/online.h"

namespace joist {

namespace {

// --- new/2 ---

// What ets:new/2 was told, beyond EtsOptions.
struct NewTable {
  EtsOptions options;
  bool decentralized_given = false;
  bool decentralized = false;
  Term heir = atoms::none;
  Term heir_data = Term::none();
};

// Of a number between them as many as the power of two below.
constexpr uint64_t kFewestFixedLocks = 64;
constexpr uint64_t kMostFixedLocks = 65536;

bool read_write_concurrency(NewTable& table, Term value) {
  EtsOptions& options = table.options;
  if (value == atoms::auto_) {
    options.write_concurrency = EtsWriteConcurrency::kAuto;
    options.decentralized_counters = true;
  } else if (value == atoms::true_) {
    options.write_concurrency = EtsWriteConcurrency::kOn;
    if (options.type != EtsType::kOrderedSet) options.decentralized_counters = false;
  } else if (value == atoms::false_) {
    options.write_concurrency = EtsWriteConcurrency::kOff;
  } else {
    if (!is_tuple(value) || tuple_size(value) != 2) return false;
    const std::span<Term> parts = tuple_elements(value);
    if (!(parts[0] == atoms::debug_hash_fixed_number_of_locks) || !parts[1].is_small()) {
      return false;
    }
    const int64_t locks = parts[1].small_value();
    if (locks < 1 || locks > static_cast<int64_t>(kMostFixedLocks)) return false;
    options.write_concurrency = EtsWriteConcurrency::kFixedLocks;
    options.fixed_locks = std::max(kFewestFixedLocks, std::bit_floor(static_cast<uint64_t>(locks)));
    options.decentralized_counters = true;
  }
  return true;
}

bool read_pair(Process& p, NewTable& table, Term name, Term value) {
  if (name == atoms::keypos) {
    if (!value.is_small() || value.small_value() < 1) return false;
    table.options.key_position = static_cast<size_t>(value.small_value());
    return true;
  }
  if (name == atoms::write_concurrency) return read_write_concurrency(table, value);
  const bool is_boolean = value == atoms::true_ || value == atoms::false_;
  if (name == atoms::read_concurrency) {
    table.options.read_concurrency = value == atoms::true_;
    return is_boolean;
  }
  if (name == atoms::decentralized_counters) {
    table.decentralized_given = true;
    table.decentralized = value == atoms::true_;
    return is_boolean;
  }
  if (!(name == atoms::heir)) return false;
  table.heir_data = Term::none();
  table.heir = value;
  // Heirs that get no message came with OTP 29.
  return value == atoms::none || (value.is_local_pid() && p.runtime->otp_release >= 29);
}

bool read_option(Process& p, NewTable& table, Term option) {
  EtsOptions& options = table.options;
  if (is_tuple(option)) {
    const std::span<Term> parts = tuple_elements(option);
    if (parts.size() == 2) return read_pair(p, table, parts[0], parts[1]);
    if (parts.size() != 3 || !(parts[0] == atoms::heir) || !parts[1].is_local_pid()) return false;
    table.heir = parts[1];
    table.heir_data = parts[2];
    return true;
  }
  if (option == atoms::bag) {
    options.type = EtsType::kBag;
  } else if (option == atoms::duplicate_bag) {
    options.type = EtsType::kDuplicateBag;
  } else if (option == atoms::ordered_set) {
    options.type = EtsType::kOrderedSet;
    options.decentralized_counters = true;
  } else if (option == atoms::public_) {
    options.protection = EtsProtection::kPublic;
  } else if (option == atoms::private_) {
    options.protection = EtsProtection::kPrivate;
  } else if (option == atoms::named_table) {
    options.named = true;
  } else if (option == atoms::compressed) {
    options.compressed = true;
  } else {
    // These two do not undo an earlier option of the other kind.
    return option == atoms::set || option == atoms::protected_;
  }
  return true;
}

bool is_alive(Process& p, Term pid) {
  if (pid == p.pid) return true;
  const ProcessTable* processes = p.runtime->processes;
  return processes != nullptr && processes->find(pid) != nullptr;
}

void set_heir(Process& p, EtsTable& table, Term heir, Term data) {
  EtsTable::Heir next;
  if (heir.is_local_pid() && is_alive(p, heir)) {
    next.pid = heir;
    if (p.runtime->processes != nullptr) next.birth = p.runtime->processes->birth(heir);
    if (!data.is_none()) next.data.emplace(data);
  }
  MutexLock lock(table.mutex);
  std::swap(table.heir, next);
}

Term new_2(Process& p, Term name, Term list) {
  if (!name.is_atom() || (!list.is_list() && !list.is_nil())) return p.badarg();
  NewTable table;
  table.options.compressed = p.runtime->ets->compresses_by_default();
  for (; list.is_list(); list = list.tail()) {
    if (!read_option(p, table, list.head())) return p.badarg();
  }
  if (!list.is_nil()) return p.badarg();
  EtsOptions& options = table.options;
  if (table.decentralized_given) options.decentralized_counters = table.decentralized;
  if (options.type == EtsType::kOrderedSet &&
      options.write_concurrency == EtsWriteConcurrency::kFixedLocks) {
    return p.badarg();
  }
  if (options.protection == EtsProtection::kPrivate) {
    options.write_concurrency = EtsWriteConcurrency::kOff;
    options.read_concurrency = false;
  }
  if (options.write_concurrency == EtsWriteConcurrency::kOff) {
    options.decentralized_counters = false;
  }
  EtsTable* made = p.runtime->ets->create(p, name, options);
  if (made == nullptr) return p.badarg(atoms::already_exists);
  if (table.heir.is_local_pid()) set_heir(p, *made, table.heir, table.heir_data);
  return options.named ? name : made->make_reference(p.heap);
}

// --- delete/1 ---

// A table whose rows are being freed, across yields.
struct DeleteState {
  explicit DeleteState(EtsTable* deleted) : table(deleted) { table->retain(); }
  ~DeleteState() { table->release(); }
  EtsTable* table;
};
using DeleteReference = Magic<DeleteState>;

Term free_table(Process& p, EtsTable& table, Term state) {
  int64_t budget = std::max<int64_t>(p.reductions, 1) * kRowsPerReduction;
  const int64_t granted = budget;
  const bool done = p.runtime->ets->free_rows(p, table, &budget);
  p.charge((granted - budget) / kRowsPerReduction);
  if (done) return atoms::true_;
  if (state.is_none()) state = DeleteReference::make(p, 0, &table);
  return p.yield({state});
}

Term delete_1(Process& p, Term id) {
  if (DeleteState* state = DeleteReference::get(id)) return free_table(p, *state->table, id);
  TableUse table(p, id, kEtsWrite);
  if (!table) return table.refuse({id});
  if (!p.runtime->ets->begin_delete(p, *table.get())) return table.refuse({id});
  return free_table(p, *table.get(), Term::none());
}

// Deletes all rows; the number there was. Trapping, it goes on with that number as argument.
Term internal_delete_all_2(Process& p, Term id, Term count) {
  TableUse table(p, id, kEtsWrite);
  if (!table && !(count.is_small() && table.get() != nullptr)) return table.refuse({id, count});
  EtsTables& tables = *p.runtime->ets;
  if (!count.is_small()) {
    if (!tables.begin_pending(*table.get(), table.gate(), std::make_unique<EtsTable::Pending>(),
                              false)) {
      return table.refuse({id, count});
    }
    count = Term::small(static_cast<int64_t>(table.store().size()));
  }
  int64_t budget = std::max<int64_t>(p.reductions, 1) * kRowsPerReduction;
  const int64_t granted = budget;
  const bool done = tables.help(*table.get(), &budget, false);
  p.charge((granted - budget) / kRowsPerReduction);
  // The table may have another name by then.
  return done ? count : p.yield({table->make_reference(p.heap), count});
}

// --- names and owners ---

Term whereis_1(Process& p, Term name) {
  if (!name.is_atom()) return p.badarg();
  TableUse table(p, name, kEtsInfo);
  // One that is being deleted loses its name a moment later.
  const bool is_there = table.get() != nullptr &&
                        (table->rights.load(std::memory_order_acquire) & ets_rights::kDeleted) == 0;
  return is_there ? table->make_reference(p.heap) : Term(atoms::undefined);
}

Term rename_2(Process& p, Term id, Term name) {
  TableUse table(p, id, kEtsWrite);
  if (!table) return table.refuse({id, name});
  if (!name.is_atom()) return p.badarg();
  if (!table->options.named) {
    table->name.store(name.bits(), std::memory_order_release);
    return id;
  }
  if (p.runtime->ets->rename(p, *table.get(), name)) return name;
  const bool is_taken = table.gate().open() && p.runtime->ets->find(name) != nullptr;
  return is_taken ? p.badarg() : table.refuse({id, name});
}

Term give_away_3(Process& p, Term id, Term pid, Term gift) {
  TableUse table(p, id, kEtsWrite);
  if (!table) return table.refuse({id, pid, gift});
  if (!pid.is_local_pid() || !is_alive(p, pid)) return p.badarg();
  if (!table->is_owned_by(p.pid)) return p.badarg(atoms::not_owner);
  if (pid == p.pid) return p.badarg(atoms::owner);
  if (!p.runtime->ets->give_away(p, *table.get(), pid)) return p.badarg();
  const Term shown = table->options.named ? table->name_term() : table->make_reference(p.heap);
  send_message(p, pid, make_tuple(p.heap, {atoms::ets_transfer, shown, p.pid, gift}));
  return atoms::true_;
}

struct NewRights {
  bool heir_given = false;
  Term heir = atoms::none;
  Term heir_data = Term::none();
  bool protection_given = false;
  EtsProtection protection = EtsProtection::kProtected;
};

bool read_new_right(Process& p, NewRights& rights, Term option) {
  if (!is_tuple(option) || tuple_size(option) < 2) return false;
  const std::span<Term> parts = tuple_elements(option);
  if (parts[0] == atoms::heir) {
    if (rights.heir_given) return false;
    rights.heir_given = true;
    rights.heir = parts[1];
    if (parts.size() == 2) {
      return rights.heir == atoms::none ||
             (rights.heir.is_local_pid() && p.runtime->otp_release >= 29);
    }
    if (parts.size() != 3 || !rights.heir.is_local_pid()) return false;
    rights.heir_data = parts[2];
    return true;
  }
  if (!(parts[0] == atoms::protection) || parts.size() != 2 || rights.protection_given) {
    return false;
  }
  rights.protection_given = true;
  if (parts[1] == atoms::private_) {
    rights.protection = EtsProtection::kPrivate;
  } else if (parts[1] == atoms::public_) {
    rights.protection = EtsProtection::kPublic;
  } else if (!(parts[1] == atoms::protected_)) {
    return false;
  }
  return true;
}

Term setopts_2(Process& p, Term id, Term options) {
  TableUse table(p, id, kEtsWrite);
  if (!table) return table.refuse({id, options});
  NewRights rights;
  if (is_tuple(options)) {
    if (!read_new_right(p, rights, options)) return p.badarg();
  } else {
    Term rest = options;
    for (; rest.is_list(); rest = rest.tail()) {
      if (!read_new_right(p, rights, rest.head())) return p.badarg();
    }
    if (!rest.is_nil()) return p.badarg();
  }
  if (!table->is_owned_by(p.pid)) return p.badarg();
  if (rights.protection_given) {
    const uint32_t right = EtsTable::rights_for(rights.protection);
    if (!p.runtime->ets->set_rights(*table.get(), right)) return table.refuse({id, options});
  }
  if (rights.heir_given) set_heir(p, *table.get(), rights.heir, rights.heir_data);
  return atoms::true_;
}

Term safe_fixtable_2(Process& p, Term id, Term on) {
  if (p.suspended != nullptr) return back_from_dirty(p);
  OnlineScope online(p);
  TableUse table(p, id, kEtsRead);
  if (!table) return table.refuse({id, on});
  if (on == atoms::true_) {
    ErlangTime& time = *p.runtime->time;
    const int64_t now = time.monotonic();
    p.runtime->ets->fix(*table.get(), p.pid, now, time.offset());
  } else if (on == atoms::false_) {
    if (on_scheduler(p) && takes_long_to_unfix(*table.get())) return hand_to_dirty(p, {id, on});
    p.runtime->ets->unfix(*table.get(), p.pid);
  } else {
    return p.badarg();
  }
  return atoms::true_;
}

// Answers with {Ref, Tables} from each scheduler: all tables from the first, none from the others.
Term internal_request_all_0(Process& p) {
  const Term ref = make_ref(p.heap, p.runtime->uniques.next_ref());
  Term tables = p.runtime->ets->list(p.heap);
  for (size_t i = 0; i < p.runtime->settings.schedulers; ++i) {
    send_message(p, p.pid, make_tuple(p.heap, {ref, tables}));
    tables = Term::nil();
  }
  return ref;
}

Term ets_super_user_1(Process& p, Term on) {
  if (!(on == atoms::true_) && !(on == atoms::false_)) return p.badarg();
  p.runtime->ets->set_super_user(p.pid, on == atoms::true_);
  return atoms::ok;
}

constexpr NativeEntry kEtsNatives[] = {
    {"ets", "delete", native<delete_1>},
    {"ets", "give_away", native<give_away_3>},
    {"ets", "internal_delete_all", native<internal_delete_all_2>},
    {"ets", "internal_request_all", native<internal_request_all_0>},
    {"ets", "new", native<new_2>},
    {"ets", "rename", native<rename_2>},
    {"ets", "safe_fixtable", native<safe_fixtable_2>},
    {"ets", "setopts", native<setopts_2>},
    {"ets", "whereis", native<whereis_1>},
    {"erts_internal", "ets_super_user", native<ets_super_user_1>},
};

}  // namespace

std::span<const NativeEntry> ets_natives() { return kEtsNatives; }

}  // namespace joist
