// All tables of a VM: by name, by owner, by who has fixed them.
//
// Safe from any thread that runs a process. Finding a table by name takes no lock: names are in
// small arrays that are replaced, never changed, and what is taken out of them, tables too, is
// freed when every thread has moved on (vm/base/epoch.h). A table by reference needs nothing of
// that, since the caller holds the reference. No lock is held when a process is sent something.
#pragma once

#include <unordered_map>

#include "vm/ets/table.h"
#include "vm/proc/process.h"

namespace joist {

namespace process_state {
// It has ended so far that it can own no tables. Set under the owner shard's mutex.
inline constexpr uint32_t kLeftTables = 4096;
}  // namespace process_state

class EtsTables {
 public:
  explicit EtsTables(size_t schedulers = 1);
  const ReaderSlots& readers() const { return readers_; }
  ~EtsTables();
  EtsTables(const EtsTables&) = delete;
  EtsTables& operator=(const EtsTables&) = delete;

  // A table of the process. null: there is a table of that name already.
  EtsTable* create(Process& owner, Term name, const EtsOptions& options);

  // null: no table of that name. It stays readable until the native returns.
  EtsTable* find(Term name);
  // Gives a named table another name. False: there is a table of that name, or as set_rights.
  bool rename(Process& process, EtsTable& table, Term new_name);

  // Changes what others may do, and returns when nobody acts on the old rights any more. False: the
  // table is busy, deleted, or in use by somebody who takes long (vm/ets/lock.h).
  bool set_rights(EtsTable& table, uint32_t rights);

  // Deletion: from begin_delete on nobody else can use the table; `deleter` becomes its owner.
  // False: as set_rights. Then free_rows until it is true; its last reference goes then.
  bool begin_delete(Process& deleter, EtsTable& table);
  bool free_rows(Process& process, EtsTable& table, int64_t* budget);

  // By its owner, or on its behalf. False: there is no such process any more, or the table is being
  // deleted.
  bool give_away(Process& giver, EtsTable& table, Term new_owner);

  // Whether names are kept next to each other.
  static bool names_collide(Term a, Term b) { return shard_of(a) == shard_of(b); }

  // --- long operations ---
  // Makes the table busy with `pending`. False: `gate` is closed, or as set_rights. `may_wait`: for
  // those who take long.
  bool begin_pending(EtsTable& table, const StoreGate& gate,
                     std::unique_ptr<EtsTable::Pending> pending, bool may_wait);
  // Goes on with whatever is pending, unless others are at it and it may not wait for them. True:
  // nothing is left.
  bool help(EtsTable& table, int64_t* budget, bool may_wait);

  // --- fixing ---
  void fix(EtsTable& table, Term pid, int64_t monotonic, int64_t offset);
  void unfix(EtsTable& table, Term pid);
  // Keeps rows and buckets where they are for a short while, without anybody's name on it.
  void fix_briefly(EtsTable& table) { table.fix_count.fetch_add(1, std::memory_order_acq_rel); }
  void unfix_briefly(EtsTable& table) { drop_fixes(table, 1); }

  // A process is exiting: its tables go to their heirs or are deleted, and what it has fixed is
  // free again. In steps, to be called until it is true.
  bool process_exited(Process& process, int64_t* budget);

  // Whether the process may use tables as if it owned them (erts_internal:ets_super_user/1).
  bool is_super_user(Term pid);
  void set_super_user(Term pid, bool is);

  // References to all tables, as a list.
  Term list(Allocator& heap);
  // Whether tables are compressed that do not say so: +ec. Before the first table.
  void compress_by_default(bool compress) { compresses_by_default_ = compress; }
  bool compresses_by_default() const { return compresses_by_default_; }
  // All of them, when nobody can change that.
  std::vector<EtsTable*> all();
  size_t count() const { return table_count_.load(std::memory_order_relaxed); }
  size_t words();

 private:
  // Closes the table's gate, and returns when nobody is inside. The next rights are to be stored
  // then. False: as set_rights.
  static bool close(EtsTable& table, bool may_wait) JOIST_REQUIRES(table.pending_mutex);
  bool do_pending(EtsTable& table, int64_t* budget) JOIST_REQUIRES(table.pending_mutex);
  // Of a table that is busy. True: none is left.
  bool delete_rows(EtsTable& table, EtsTable::Pending& pending, int64_t* budget);

  struct Owned {
    std::vector<EtsTable*> tables;
    std::vector<EtsTable*> fixed;  // each holds a reference
  };
  struct alignas(kCacheLine) OwnerShard {
    Mutex mutex;
    std::unordered_map<Word, Owned> owners JOIST_GUARDED_BY(mutex);
  };
  struct Names {
    size_t count;
    EtsTable* tables[];
  };
  struct alignas(kCacheLine) NameShard {
    Mutex mutex;                         // of writers
    std::atomic<Names*> names{nullptr};  // null: none
  };
  static constexpr size_t kShards = 64;

  OwnerShard& owner_shard(Term pid) { return owners_[pid.payload() % kShards]; }
  NameShard& name_shard(Term name) { return names_[shard_of(name)]; }
  static size_t shard_of(Term name) { return name.atom_index() % kShards; }
  void add_owned(EtsTable& table, Term pid);
  // The same unless the process has left its tables already.
  bool add_owned_alive(Process& giver, EtsTable& table, Term pid);
  bool leave_for_good(Process& process);
  void remove_owned(EtsTable& table, Term pid);
  // Both with the shard's mutex.
  void add_name(Process& process, NameShard& shard, EtsTable& table);
  void remove_name(Process& process, NameShard& shard, const EtsTable& table);
  EtsTable* find_in(const NameShard& shard, Term name) const;
  void replace_names(Process& process, NameShard& shard, Names* names);
  void drop_fixes(EtsTable& table, uint32_t count);
  // Returns how many fixations the process had, of up to `most`, and has no more.
  static uint32_t take_fixes(EtsTable& table, Term pid, uint32_t most, bool* none_left);
  void forget_fixed(EtsTable& table, Term pid);
  EtsTable* last_owned(Term pid);
  EtsTable* last_fixed(Term pid);
  // Of process_exited().
  bool leave_owned(Process& process, int64_t* budget);
  bool leave_fixed(Term pid, int64_t* budget);
  bool bequeath(EtsTable& table, Process& process);

  const ReaderSlots readers_;
  bool compresses_by_default_ = false;
  std::atomic<size_t> table_count_{0};
  std::atomic<size_t> super_users_{0};
  Mutex super_user_mutex_;
  std::vector<Term> super_user_pids_ JOIST_GUARDED_BY(super_user_mutex_);
  std::unique_ptr<OwnerShard[]> owners_;
  std::unique_ptr<NameShard[]> names_;
};

// The exit stage of processes that sees to their tables.
bool leave_tables(Process& process);

// Steps over rows that are worth one reduction.
inline constexpr int64_t kRowsPerReduction = 8;

}  // namespace joist
