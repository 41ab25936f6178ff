// All code by name and by address: modules, export entries, fun entries.
//
// Of a module two instances can be callable: the current one, which names lead to, and the old one,
// in which processes may still be. A third may wait for its on_load function to succeed.
//
//   publish ──> current ──(publish, remove)──> old ──(begin_purge … complete_purge)──> gone
//   hold_for_on_load ──> waiting ──(finish_on_load)──> current
//                           └────(begin_purge_of_waiting … complete_purge)──> gone
//
// Thread safety: everything may be called by any thread (a lock protects the tables; entries
// themselves are read without one). Who changes generations holds the permission() meanwhile, so
// that a check and the change after it are one step. Modules that readers find stay valid until
// their epoch ends (vm/base/epoch.h): who completes a purge retires the instance.
#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "vm/base/hash_figures.h"
#include "vm/code/module.h"
#include "vm/code/splicer.h"
#include "vm/heap/range_space.h"

namespace joist {

struct HandlerTable;  // vm/code/instr.h

struct MfaHash {
  size_t operator()(const Mfa& mfa) const {
    Word hash = mfa.module.bits() * 0x9e3779b97f4a7c15u ^ mfa.function.bits();
    hash = hash * 0xff51afd7ed558ccdu ^ mfa.arity;
    return hash ^ hash >> 29;
  }
};

// Finds a module that code calls and that is not loaded. Set by the engine for a bare VM; an OTP
// boot has error_handler and the code server instead.
class ModuleFinder {
 public:
  virtual ~ModuleFinder() = default;
  // True: the module is loaded, now or already. Any thread.
  virtual bool load(Term module) = 0;
};

class CodeTable {
 public:
  // `handlers` stays with its owner and outlives the table.
  explicit CodeTable(const HandlerTable& handlers);
  ~CodeTable();
  CodeTable(const CodeTable&) = delete;
  CodeTable& operator=(const CodeTable&) = delete;

  const HandlerTable& handlers() const { return handlers_; }
  CodeSplicer& splicer() { return splicer_; }
  // Of the instruction that calls which are traced return to.
  Cell return_trace_handler() const { return return_trace_handler_; }

  // The entry of that name, made (undefined) if there is none. It lives as long as the table, and
  // is found without the lock if it was asked for lately.
  ExportEntry* export_entry(const Mfa& mfa);
  // null: nobody has named it yet.
  const ExportEntry* find_export(const Mfa& mfa) const;
  // Gives the entry a native; it is what calls run even if a loaded module defines the function.
  void add_native(const Mfa& mfa, NativeFunction function, bool guard);
  // Whether any function of the module is a native.
  bool has_natives(Term module) const;

  // The entry of that fun, made (unloaded) if there is none; it lives as long as the table. The
  // name of the function does not count: external forms have none.
  FunEntry* fun_entry(const FunIdentity& identity);

  // --- functions ---

  // All code lies here.
  RangeSpace& code_space() { return code_space_; }
  // Makes stubs of the functions of a module whose `source` and `functions` are there. Functions
  // with a native (by index, else null) are stubs for that. False: the space for code is full.
  bool make_stubs(Module& module, std::span<const ExportEntry* const> natives, size_t code_bytes);
  // Prepares the code of a function that has been a stub until now; its entry. Any thread.
  const Cell* prepare(Module& module, uint32_t function);
  // The same for the function of the stub at that address.
  const Cell* prepare(const Cell* stub);
  void prepare_all(Module& module);

  // --- generations ---

  std::mutex& permission() { return permission_; }
  // Makes the module callable: its exports point to its code. The current instance of the name
  // becomes old code; an old one that was there before is dropped, so nobody may be in it.
  void publish(std::unique_ptr<Module> module);
  // The module's on_load function is to be called; meanwhile its exports are not callable.
  void hold_for_on_load(std::unique_ptr<Module> module);
  const Module* waiting_for_on_load(Term name) const;
  // Publishes the waiting instance.
  void finish_on_load(Term name);
  // Whether there ever was a module of the name, which erlang:delete_module/1 tells.
  bool has_name(Term name) const;
  // Makes the current instance old. False: there is none.
  bool remove(Term name);
  bool has_old(Term name) const;
  // From now on calls of funs of the old instance wait. False: there is no old code.
  bool begin_purge(Term name);
  // The same for an instance whose on_load function has failed.
  bool begin_purge_of_waiting(Term name);
  bool is_purging(Term name) const;
  // The process that calls the fun is to wait until it is known whether the code stays. False: it
  // is known already.
  bool wait_for_purge(const FunEntry& fun, Term pid);
  // Both return those who wait, for the caller to wake.
  std::vector<Term> abort_purge(Term name);
  // Takes the instance out, for the caller to retire; null: nothing is being purged.
  std::vector<Term> complete_purge(Term name, std::unique_ptr<Module>* purged);

  Module* find_module(Term name) const;  // the current instance; null: none
  std::vector<Module*> modules() const;
  // The instances of each name that processes may be in; one of them may be null.
  struct Instances {
    const Module* current;
    const Module* old;
  };
  std::vector<Instances> instances() const;
  // All that there ever were, with code or without.
  std::vector<const FunEntry*> fun_entries() const;
  // The definition that the current instance of the module has; null: none.
  const RecordType* find_record(Term module, Term name) const;

  // The module whose cells hold that address (of whatever generation), or null.
  const Module* find_code(const Cell* address) const;
  bool is_old(const Module* module) const;
  // The instance that processes are asked about: the one that is being purged, else the old one;
  // null: there is neither. What waited for its on_load function can be purged beside old code.
  const Module* leaving_module(Term name) const;

  // The entry that a stub at that address belongs to; null: there is no stub. Any address of code.
  const ExportEntry* find_stub(const Cell* address) const;

  HashFigures module_figures() const;
  HashFigures export_figures() const;
  HashFigures fun_figures() const;

  // Code loaded from now on counts the instructions it executes.
  void count_ops() { counts_ops_ = true; }
  bool counts_ops() const { return counts_ops_; }

  void set_finder(ModuleFinder* finder) { finder_ = finder; }
  bool load_on_demand(Term module) { return finder_ != nullptr && finder_->load(module); }

 private:
  struct Generations {
    std::unique_ptr<Module> current;
    std::unique_ptr<Module> old;
    std::unique_ptr<Module> waiting;  // for its on_load function
    std::unique_ptr<Module> purging;  // old, or was waiting
    std::vector<Term> purge_waiters;  // pids of those who call its funs meanwhile
  };
  struct FunHash {
    size_t operator()(const FunIdentity* fun) const;
  };
  struct SameFun {
    bool operator()(const FunIdentity* a, const FunIdentity* b) const;
  };

  ExportEntry* entry_locked(const Mfa& mfa);
  const Generations* generations_locked(Term name) const;
  Module* code_at(const Cell* address) const;
  void place_locked(Module& module, uint32_t function, const PreparedFunction& code);
  void link_calls_locked(Module& module, uint32_t start, const PreparedFunction& code);
  void link_function_locked(Module& module, uint32_t function, const Cell* entry);
  bool make_room_locked(Module& module, size_t cells);
  void publish_locked(Generations& generations, std::unique_ptr<Module> module);
  void make_old_locked(Generations& generations);
  void index_addresses();

  // Cells of addresses that a module's code lies in.
  struct AddressRange {
    const Cell* begin;
    const Cell* end;
    Module* module;
  };

  const HandlerTable& handlers_;
  RangeSpace code_space_;
  const Cell return_trace_handler_;
  CodeSplicer splicer_;
  std::mutex permission_;
  mutable std::mutex mutex_;
  std::unordered_map<Mfa, std::unique_ptr<ExportEntry>, MfaHash> exports_;
  // The latest entry of each hash that export_entry() was asked for.
  static constexpr size_t kRecentEntries = 1024;
  const std::unique_ptr<std::atomic<ExportEntry*>[]> recent_;
  std::unordered_map<const FunIdentity*, std::unique_ptr<FunEntry>, FunHash, SameFun> funs_;
  std::unordered_map<Word, Generations> modules_;  // by module name
  std::vector<AddressRange> by_address_;           // ascending
  ModuleFinder* finder_ = nullptr;
  bool counts_ops_ = false;
};

}  // namespace joist
