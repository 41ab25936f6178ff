// All code by name and by address: modules, export entries, fun entries.
//
// Thread safety: export_entry(), find_export() and find_code() may be called by any thread
// (a lock protects the tables; entries themselves are read without one). publish() is called
// under the code-modification permission, of which there is one.
#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "vm/code/module.h"

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

  // The entry of that name, made (undefined) if there is none.
  ExportEntry* export_entry(const Mfa& mfa);
  // null: nobody has named it yet.
  const ExportEntry* find_export(const Mfa& mfa) const;
  // Gives the entry a native; it is what calls run unless a loaded module defines the function.
  void add_native(const Mfa& mfa, NativeFunction function, bool guard);

  // A fun entry of a new module instance; lives as long as the table.
  FunEntry* new_fun_entry();
  // The fun that an external form names; null: not loaded.
  const FunEntry* find_fun(Term module, uint32_t index, uint32_t old_unique,
                           const uint8_t (&unique)[16]) const;

  // Makes the module callable: its exports point to its code. An instance of the same name
  // becomes old code (and an older one is dropped).
  void publish(std::unique_ptr<Module> module, const std::vector<uint32_t>& export_cells);
  Module* find_module(Term name) const;
  std::vector<Module*> modules() const;
  // The definition that the current instance of the module has; null: none.
  const RecordType* find_record(Term module, Term name) const;

  // The module whose cells hold that address (current or old), or null.
  const Module* find_code(const Cell* address) const;

  // The entry that a stub at that address belongs to; null: there is no stub. Any address of code.
  const ExportEntry* find_stub(const Cell* address) const;

  // Code loaded from now on counts the instructions it executes.
  void count_ops() { counts_ops_ = true; }
  bool counts_ops() const { return counts_ops_; }

  void set_finder(ModuleFinder* finder) { finder_ = finder; }
  bool load_on_demand(Term module) { return finder_ != nullptr && finder_->load(module); }

 private:
  const HandlerTable& handlers_;
  mutable std::mutex mutex_;
  std::unordered_map<Mfa, std::unique_ptr<ExportEntry>, MfaHash> exports_;
  std::vector<std::unique_ptr<FunEntry>> fun_entries_;
  std::unordered_map<Word, std::unique_ptr<Module>> current_;  // by module name
  std::unordered_map<Word, std::unique_ptr<Module>> old_;
  std::vector<const Module*> by_address_;  // ascending first cell
  ModuleFinder* finder_ = nullptr;
  bool counts_ops_ = false;

  void index_addresses();
};

}  // namespace joist
