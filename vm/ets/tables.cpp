#include "vm/ets/tables.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "vm/heap/builder.h"
#include "vm/proc/process_table.h"
#include "vm/sched/deliver.h"
#include "vm/sched/schedulers.h"

namespace joist {

namespace {

// Units of a budget that a row takes which is put into a table: it is found nowhere near the
// others.
constexpr int64_t kUnitsPerRow = 4;
// And of a budget that deleting a table takes, without its rows: some microseconds.
constexpr int64_t kUnitsPerTable = 32 * kRowsPerReduction;

StoreGate gate_of(EtsTable& table, uint32_t needed) { return {table.rights, needed}; }

// A table's pending_mutex, which is held for as long as a step of a long operation takes.
class JOIST_SCOPED_CAPABILITY PendingLock {
 public:
  PendingLock(Mutex& mutex, bool may_wait) JOIST_ACQUIRE(mutex) : mutex_(mutex) {
    if (may_wait) {
      mutex.lock();
      is_held_ = true;
    } else {
      is_held_ = mutex.try_lock();
    }
  }
  ~PendingLock() JOIST_RELEASE() {
    if (is_held_) mutex_.unlock();
  }
  PendingLock(const PendingLock&) = delete;
  PendingLock& operator=(const PendingLock&) = delete;
  explicit operator bool() const { return is_held_; }

 private:
  Mutex& mutex_;
  bool is_held_;
};

void erase_one(std::vector<EtsTable*>& tables, EtsTable* table) {
  // Who ends deletes the last one first.
  const auto place = std::find(tables.rbegin(), tables.rend(), table);
  if (place == tables.rend()) return;
  *place = tables.back();
  tables.pop_back();
}

// Calls destroy(object) when no thread can look at it any more.
void retire(Process& process, void* object, void (*destroy)(void*)) {
  Schedulers* schedulers = process.runtime->schedulers;
  if (schedulers == nullptr) return destroy(object);
  schedulers->slot(process.scheduler).reader->retire(object, destroy);
}

}  // namespace

EtsTables::EtsTables(size_t schedulers)
    : readers_(schedulers),
      owners_(std::make_unique<OwnerShard[]>(kShards)),
      names_(std::make_unique<NameShard[]>(kShards)) {}

EtsTables::~EtsTables() {
  for (size_t i = 0; i < kShards; ++i) free(names_[i].names.load());
  for (size_t i = 0; i < kShards; ++i) {
    MutexLock lock(owners_[i].mutex);
    for (auto& [pid, owned] : owners_[i].owners) {
      for (EtsTable* table : owned.tables) {
        // What holds a reference still must not look at our slots.
        table->store().pass_through();
        table->release();
      }
      for (EtsTable* table : owned.fixed) table->release();
    }
  }
}

// --- names and owners ---

EtsTable* EtsTables::create(Process& owner, Term name, const EtsOptions& options) {
  EtsTable* table = EtsTable::create(name, options, owner.pid, owner.runtime->uniques.next_ref());
  if (options.named) {
    NameShard& shard = name_shard(name);
    MutexLock lock(shard.mutex);
    if (find_in(shard, name) != nullptr) {
      table->release();
      return nullptr;
    }
    add_name(owner, shard, *table);
  }
  table_count_.fetch_add(1, std::memory_order_relaxed);
  add_owned(*table, owner.pid);
  return table;
}

EtsTable* EtsTables::find_in(const NameShard& shard, Term name) const {
  const Names* names = shard.names.load(std::memory_order_acquire);
  for (size_t i = 0; names != nullptr && i < names->count; ++i) {
    if (names->tables[i]->name_term() == name) return names->tables[i];
  }
  return nullptr;
}

EtsTable* EtsTables::find(Term name) { return find_in(name_shard(name), name); }

void EtsTables::replace_names(Process& process, NameShard& shard, Names* names) {
  Names* old = shard.names.exchange(names, std::memory_order_acq_rel);
  if (old != nullptr) retire(process, old, free);
}

void EtsTables::add_name(Process& process, NameShard& shard, EtsTable& table) {
  const Names* old = shard.names.load(std::memory_order_acquire);
  const size_t count = old == nullptr ? 0 : old->count;
  auto* names = static_cast<Names*>(malloc(sizeof(Names) + (count + 1) * sizeof(EtsTable*)));
  JOIST_CHECK(names != nullptr);
  names->count = count + 1;
  if (count != 0) std::copy(old->tables, old->tables + count, names->tables);
  names->tables[count] = &table;
  replace_names(process, shard, names);
}

void EtsTables::remove_name(Process& process, NameShard& shard, const EtsTable& table) {
  const Names* old = shard.names.load(std::memory_order_acquire);
  if (old == nullptr || old->count == 1) return replace_names(process, shard, nullptr);
  auto* names = static_cast<Names*>(malloc(sizeof(Names) + old->count * sizeof(EtsTable*)));
  JOIST_CHECK(names != nullptr);
  names->count = 0;
  for (size_t i = 0; i < old->count; ++i) {
    if (old->tables[i] != &table) names->tables[names->count++] = old->tables[i];
  }
  replace_names(process, shard, names);
}

// The two locks are one where the names share a shard, which the analysis cannot see.
bool EtsTables::rename(Process& process, EtsTable& table,
                       Term new_name) JOIST_NO_THREAD_SAFETY_ANALYSIS {
  const PendingLock pending_lock(table.pending_mutex, false);
  const uint32_t rights = table.rights.load(std::memory_order_acquire);
  // What was asked of it by its old name is done, or is not.
  if (!pending_lock || !close(table, false)) return false;
  NameShard& from = name_shard(table.name_term());
  NameShard& to = name_shard(new_name);
  Mutex& low = &from < &to ? from.mutex : to.mutex;
  Mutex& high = &from < &to ? to.mutex : from.mutex;
  low.lock();
  if (&high != &low) high.lock();
  const bool taken = find_in(to, new_name) != nullptr;
  if (!taken) {
    remove_name(process, from, table);
    table.name.store(new_name.bits(), std::memory_order_release);
    add_name(process, to, table);
  }
  if (&high != &low) high.unlock();
  low.unlock();
  table.rights.store(taken ? rights : rights + ets_rights::kRenaming, std::memory_order_release);
  return !taken;
}

void EtsTables::add_owned(EtsTable& table, Term pid) {
  OwnerShard& shard = owner_shard(pid);
  MutexLock lock(shard.mutex);
  shard.owners[pid.bits()].tables.push_back(&table);
}

bool EtsTables::add_owned_alive(Process& giver, EtsTable& table, Term pid) {
  const ProcessTable* processes = giver.runtime->processes;
  if (processes == nullptr) return false;
  OwnerShard& shard = owner_shard(pid);
  MutexLock lock(shard.mutex);
  const Process* owner = processes->find(pid);
  if (owner == nullptr) return false;
  if ((owner->state.load(std::memory_order_acquire) & process_state::kLeftTables) != 0)
    return false;
  shard.owners[pid.bits()].tables.push_back(&table);
  return true;
}

// False: it has been given one in between.
bool EtsTables::leave_for_good(Process& process) {
  OwnerShard& shard = owner_shard(process.pid);
  MutexLock lock(shard.mutex);
  if (shard.owners.contains(process.pid.bits())) return false;
  // For a stand-in (vm/sched/stand_in.h), the process that others find.
  const ProcessTable* processes = process.runtime->processes;
  Process* owner = processes == nullptr ? nullptr : processes->find(process.pid);
  if (owner == nullptr) owner = &process;
  owner->state.fetch_or(process_state::kLeftTables, std::memory_order_acq_rel);
  return true;
}

void EtsTables::remove_owned(EtsTable& table, Term pid) {
  OwnerShard& shard = owner_shard(pid);
  MutexLock lock(shard.mutex);
  const auto owned = shard.owners.find(pid.bits());
  if (owned == shard.owners.end()) return;
  erase_one(owned->second.tables, &table);
  if (owned->second.tables.empty() && owned->second.fixed.empty()) shard.owners.erase(owned);
}

EtsTable* EtsTables::last_owned(Term pid) {
  OwnerShard& shard = owner_shard(pid);
  MutexLock lock(shard.mutex);
  const auto owned = shard.owners.find(pid.bits());
  if (owned == shard.owners.end() || owned->second.tables.empty()) return nullptr;
  return owned->second.tables.back();
}

EtsTable* EtsTables::last_fixed(Term pid) {
  OwnerShard& shard = owner_shard(pid);
  MutexLock lock(shard.mutex);
  const auto owned = shard.owners.find(pid.bits());
  if (owned == shard.owners.end() || owned->second.fixed.empty()) return nullptr;
  return owned->second.fixed.back();
}

Term EtsTables::list(Allocator& heap) {
  Term tables = Term::nil();
  for (size_t i = 0; i < kShards; ++i) {
    MutexLock lock(owners_[i].mutex);
    for (auto& [pid, owned] : owners_[i].owners) {
      for (EtsTable* table : owned.tables) {
        if ((table->rights.load(std::memory_order_acquire) & ets_rights::kDeleted) != 0) continue;
        const Term id = table->options.named ? table->name_term() : table->make_reference(heap);
        tables = make_cons(heap, id, tables);
      }
    }
  }
  return tables;
}

std::vector<EtsTable*> EtsTables::all() {
  std::vector<EtsTable*> tables;
  for (size_t i = 0; i < kShards; ++i) {
    MutexLock lock(owners_[i].mutex);
    for (auto& [pid, owned] : owners_[i].owners) {
      tables.insert(tables.end(), owned.tables.begin(), owned.tables.end());
    }
  }
  return tables;
}

size_t EtsTables::words() {
  size_t words = 0;
  for (size_t i = 0; i < kShards; ++i) {
    MutexLock lock(owners_[i].mutex);
    for (auto& [pid, owned] : owners_[i].owners) {
      for (EtsTable* table : owned.tables) words += table->store().words();
    }
  }
  return words;
}

// --- rights and deletion ---

bool EtsTables::close(EtsTable& table, bool may_wait) {
  const uint32_t rights = table.rights.load(std::memory_order_acquire);
  if ((rights & (ets_rights::kDeleted | ets_rights::kBusy)) != 0) return false;
  table.rights.store(ets_rights::kBusy, std::memory_order_seq_cst);
  // Whoever takes long and comes from now on sees the gate closed.
  if (!may_wait && table.store().has_long_users()) {
    table.rights.store(rights, std::memory_order_release);
    return false;
  }
  table.store().pass_through();
  return true;
}

bool EtsTables::set_rights(EtsTable& table, uint32_t rights) {
  const PendingLock lock(table.pending_mutex, false);
  if (!lock || !close(table, false)) return false;
  table.rights.store(rights, std::memory_order_release);
  return true;
}

bool EtsTables::begin_delete(Process& deleter, EtsTable& table) {
  {
    const PendingLock pending_lock(table.pending_mutex, false);
    if (!pending_lock || !close(table, false)) return false;
    // Whoever sees it deleted sees who will free its rows.
    MutexLock lock(table.mutex);
    table.rights.store(ets_rights::kDeleted, std::memory_order_release);
    if (!table.is_owned_by(deleter.pid)) {
      const Term owner = table.owner_term();
      add_owned(table, deleter.pid);
      table.owner.store(deleter.pid.bits(), std::memory_order_release);
      remove_owned(table, owner);
    }
    table.heir = {};
  }
  if (table.options.named) {
    NameShard& shard = name_shard(table.name_term());
    MutexLock lock(shard.mutex);
    remove_name(deleter, shard, table);
  }
  return true;
}

bool EtsTables::free_rows(Process& process, EtsTable& table, int64_t* budget) {
  if (!table.store().clear(budget)) return false;
  *budget -= kUnitsPerTable;
  remove_owned(table, table.owner_term());
  table_count_.fetch_sub(1, std::memory_order_relaxed);
  // Somebody may have found it by its name just before.
  retire(process, &table, [](void* object) { static_cast<EtsTable*>(object)->release(); });
  return true;
}

// Both that end at the same time agree under the table's mutex on whose it is.
bool EtsTables::give_away(Process& giver, EtsTable& table, Term new_owner) {
  MutexLock lock(table.mutex);
  if ((table.rights.load(std::memory_order_acquire) & ets_rights::kDeleted) != 0) return false;
  const Term old_owner = table.owner_term();
  if (!add_owned_alive(giver, table, new_owner)) return false;
  table.owner.store(new_owner.bits(), std::memory_order_release);
  remove_owned(table, old_owner);
  return true;
}

// --- long operations ---

bool EtsTables::begin_pending(EtsTable& table, const StoreGate& gate,
                              std::unique_ptr<EtsTable::Pending> pending, bool may_wait) {
  const PendingLock lock(table.pending_mutex, may_wait);
  const uint32_t rights = table.rights.load(std::memory_order_acquire);
  // Whoever renames the table or changes its rights has the lock.
  if (!lock || !gate.open() || !close(table, may_wait)) return false;
  pending->rights_afterwards = rights;
  pending->keeps_dead = table.fix_count.load(std::memory_order_acquire) != 0;
  table.pending = std::move(pending);
  return true;
}

namespace {

class RowKiller final : public RowVisitor {
 public:
  explicit RowKiller(int64_t& budget) : budget_(budget) {}
  RowAction visit(EtsObject&, EtsObject**) override {
    --budget_;
    return RowAction::kDelete;
  }
  bool wants_more() override { return --budget_ > 0; }

 private:
  int64_t& budget_;
};

}  // namespace

bool EtsTables::delete_rows(EtsTable& table, EtsTable::Pending& pending, int64_t* budget) {
  HashStore* hash = table.hash();
  if (hash == nullptr || !pending.keeps_dead) return table.store().clear(budget);
  RowKiller killer(*budget);
  return hash->scan(&pending.next, true, gate_of(table, ets_rights::kBusy), killer) !=
         StoreAnswer::kOk;
}

bool EtsTables::help(EtsTable& table, int64_t* budget, bool may_wait) {
  const PendingLock lock(table.pending_mutex, may_wait);
  return lock && do_pending(table, budget);
}

bool EtsTables::do_pending(EtsTable& table, int64_t* budget) {
  EtsTable::Pending* pending = table.pending.get();
  if (pending == nullptr) return true;
  if (pending->rows.empty()) {
    if (!delete_rows(table, *pending, budget)) return false;
  } else {
    constexpr size_t kBatch = 64;
    const std::span<EtsObject* const> rows(pending->rows);
    while (pending->next < rows.size()) {
      if (*budget <= 0) return false;
      const size_t count = std::min(kBatch, rows.size() - pending->next);
      table.store().insert_all(rows.subspan(pending->next, count), false,
                               gate_of(table, ets_rights::kBusy));
      pending->next += count;
      *budget -= static_cast<int64_t>(count) * kUnitsPerRow;
    }
  }
  table.rights.store(pending->rights_afterwards, std::memory_order_release);
  table.pending = nullptr;
  return true;
}

// --- fixing ---

void EtsTables::fix(EtsTable& table, Term pid, int64_t monotonic, int64_t offset) {
  bool first_of_process = true;
  {
    MutexLock lock(table.mutex);
    if (table.fixers.empty()) {
      table.fixed_monotonic = monotonic;
      table.fixed_offset = offset;
    }
    for (EtsTable::Fixer& fixer : table.fixers) {
      if (!(fixer.pid == pid)) continue;
      ++fixer.count;
      first_of_process = false;
    }
    if (first_of_process) table.fixers.push_back({pid, 1});
    table.fix_count.fetch_add(1, std::memory_order_acq_rel);
  }
  if (!first_of_process) return;
  table.retain();
  OwnerShard& shard = owner_shard(pid);
  MutexLock lock(shard.mutex);
  shard.owners[pid.bits()].fixed.push_back(&table);
}

void EtsTables::drop_fixes(EtsTable& table, uint32_t count) {
  const uint32_t before = table.fix_count.fetch_sub(count, std::memory_order_acq_rel);
  if (before == count && table.hash() != nullptr) {
    int64_t all = INT64_MAX;
    table.hash()->sweep(&all);
  }
}

uint32_t EtsTables::take_fixes(EtsTable& table, Term pid, uint32_t most, bool* none_left) {
  MutexLock lock(table.mutex);
  const auto fixer = std::find_if(table.fixers.begin(), table.fixers.end(),
                                  [&](const EtsTable::Fixer& one) { return one.pid == pid; });
  if (fixer == table.fixers.end()) return 0;
  const uint32_t taken = std::min(fixer->count, most);
  fixer->count -= taken;
  *none_left = fixer->count == 0;
  if (*none_left) table.fixers.erase(fixer);
  return taken;
}

void EtsTables::forget_fixed(EtsTable& table, Term pid) {
  {
    OwnerShard& shard = owner_shard(pid);
    MutexLock lock(shard.mutex);
    const auto owned = shard.owners.find(pid.bits());
    if (owned != shard.owners.end()) {
      erase_one(owned->second.fixed, &table);
      if (owned->second.tables.empty() && owned->second.fixed.empty()) shard.owners.erase(owned);
    }
  }
  table.release();
}

void EtsTables::unfix(EtsTable& table, Term pid) {
  bool none_left = false;
  if (take_fixes(table, pid, 1, &none_left) == 0) return;
  drop_fixes(table, 1);
  if (none_left) forget_fixed(table, pid);
}

// --- the end of a process ---

// Gives the table to its heir. False: it has none that lives.
bool EtsTables::bequeath(EtsTable& table, Process& process) {
  // The heir stays what it is; as its own heir it has none.
  Allocator scratch;
  Term pid = atoms::none;
  uint64_t birth = 0;
  Term data = Term::none();
  {
    MutexLock lock(table.mutex);
    pid = table.heir.pid;
    birth = table.heir.birth;
    if (table.heir.data) data = table.heir.data->copy_to(scratch);
  }
  const ProcessTable* processes = process.runtime->processes;
  if (!pid.is_local_pid() || pid == process.pid || processes == nullptr ||
      processes->find(pid) == nullptr || processes->birth(pid) != birth) {
    return false;
  }
  if (!give_away(process, table, pid)) return false;
  if (!data.is_none()) {
    const Term id = table.options.named ? table.name_term() : table.make_reference(scratch);
    send_message(process, pid,
                 joist::make_tuple(scratch, {atoms::ets_transfer, id, process.pid, data}));
  }
  return true;
}

bool EtsTables::process_exited(Process& process, int64_t* budget) {
  if (!leave_owned(process, budget) || !leave_fixed(process.pid, budget)) return false;
  set_super_user(process.pid, false);
  return leave_for_good(process);
}

bool EtsTables::leave_owned(Process& process, int64_t* budget) {
  const Term pid = process.pid;
  while (EtsTable* table = last_owned(pid)) {
    // Somebody may just be taking it over, to delete it, or giving it away to this process.
    {
      MutexLock lock(table->mutex);
      if (!table->is_owned_by(pid)) continue;
    }
    if (!help(*table, budget, false)) return false;
    const uint32_t rights = table->rights.load(std::memory_order_acquire);
    if ((rights & ets_rights::kDeleted) == 0) {
      if (bequeath(*table, process)) continue;
      // Somebody else made it busy in between, or is inside: in a later turn.
      if (!begin_delete(process, *table)) return false;
    }
    if (!free_rows(process, *table, budget)) return false;
    if (*budget <= 0) return false;
  }
  return true;
}

bool EtsTables::leave_fixed(Term pid, int64_t* budget) {
  while (EtsTable* table = last_fixed(pid)) {
    HashStore* rows = table->hash();
    if (rows != nullptr && rows->has_long_users()) return false;
    bool none_left = false;
    table->fix_count.fetch_sub(take_fixes(*table, pid, UINT32_MAX, &none_left),
                               std::memory_order_acq_rel);
    if (rows != nullptr && !rows->sweep(budget)) return false;  // next time there is none to take
    forget_fixed(*table, pid);
    if (--*budget <= 0) return false;
  }
  return true;
}

bool EtsTables::is_super_user(Term pid) {
  if (super_users_.load(std::memory_order_acquire) == 0) return false;
  MutexLock lock(super_user_mutex_);
  return std::find(super_user_pids_.begin(), super_user_pids_.end(), pid) != super_user_pids_.end();
}

void EtsTables::set_super_user(Term pid, bool is) {
  if (!is && super_users_.load(std::memory_order_acquire) == 0) return;
  MutexLock lock(super_user_mutex_);
  const auto place = std::find(super_user_pids_.begin(), super_user_pids_.end(), pid);
  if (is && place == super_user_pids_.end()) super_user_pids_.push_back(pid);
  if (!is && place != super_user_pids_.end()) super_user_pids_.erase(place);
  super_users_.store(super_user_pids_.size(), std::memory_order_release);
}

bool leave_tables(Process& process) {
  if (process.runtime->ets == nullptr) return true;
  const int64_t granted = std::max<int64_t>(process.reductions, 1) * kRowsPerReduction;
  int64_t budget = granted;
  const bool done = process.runtime->ets->process_exited(process, &budget);
  process.charge((granted - budget) / kRowsPerReduction);
  return done;
}

}  // namespace joist
