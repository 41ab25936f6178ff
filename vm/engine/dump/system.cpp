// Memory, how full the VM's tables are, code and atoms.
#include <algorithm>
#include <cinttypes>

#include "bif/memory.h"
#include "bif/persistent.h"
#include "vm/code/code_table.h"
#include "vm/codec/etf.h"
#include "vm/engine/dump/heap.h"
#include "vm/engine/dump/sections.h"
#include "vm/io/ports.h"
#include "vm/proc/name_table.h"
#include "vm/proc/process_table.h"
#include "vm/sched/message_timers.h"
#include "vm/term/atom.h"

namespace joist {

namespace {

// How long its chains are is not known.
void dump_hash_table(const Dump& dump, const char* name, size_t entries) {
  dump.out.print("=hash_table:%s\nsize: %zu\nused: %zu\nobjs: %zu\ndepth: 1\n", name, entries,
                 entries, entries);
}

void dump_index_table(const Dump& dump, const char* name, size_t limit, size_t entries) {
  dump.out.print("=index_table:%s\nsize: %zu\nlimit: %zu\nentries: %zu\n", name, entries, limit,
                 entries);
}

size_t code_bytes_of(const Module& module) {
  size_t words = 0;
  for (const LiteralSpace::Area& area : module.literal_areas) words += area.count;
  return module.code_bytes() + words * sizeof(Word);
}

void dump_encoded(const Dump& dump, const char* name, Term term) {
  if (term.is_nil() || term.is_none()) return;
  const EncodeOptions options = EncodeOptions::of_release(dump.runtime.otp_release);
  const std::optional<size_t> size = external_size(term, options);
  if (!size) return;
  std::vector<uint8_t> bytes(*size);
  encode_external(term, options, bytes.data());
  dump.out.print("%s: ", name);
  dump.out.base64(bytes);
  dump.out.byte('\n');
}

}  // namespace

void dump_memory(const Dump& dump) {
  const MemoryFigures figures = memory_figures(dump.runtime);
  const auto line = [&](const char* name, size_t bytes) {
    dump.out.print("%s: %zu\n", name, bytes);
  };
  dump.out.text("=memory\n");
  line("total", figures.total);
  line("processes", figures.processes);
  line("processes_used", figures.processes);
  line("system", figures.total - figures.processes);
  line("atom", figures.atoms);
  line("atom_used", figures.atoms);
  line("binary", figures.binaries);
  line("code", figures.code);
  line("ets", figures.tables);
}

void dump_system(const Dump& dump) {
  dump_memory(dump);
  dump_index_table(dump, "atom_tab", atom_limit(), atom_count());
  const std::vector<Module*> modules = dump.runtime.code->modules();
  dump_hash_table(dump, "module_code", modules.size());
  dump_hash_table(dump, "process_reg", dump.runtime.names->names().size());
  size_t funs = 0;
  for (const Module* module : modules) funs += module->funs.size();
  dump_hash_table(dump, "fun_table", funs);
  const MemoryFigures figures = memory_figures(dump.runtime);
  dump.out.print("=allocated_areas\natom_space: %zu %zu\nloaded_code: %zu\nprocess_table: %zu\n",
                 figures.atoms, figures.atoms, figures.code, figures.process_table);
  dump.out.text("=allocator:sys_alloc\noption e: true\noption m: mimalloc\n");
}

// Old code is not listed: the code table does not tell of it.
void dump_modules(const Dump& dump) {
  std::vector<Module*> modules = dump.runtime.code->modules();
  std::sort(modules.begin(), modules.end(), [](const Module* a, const Module* b) {
    return a->name.atom_index() < b->name.atom_index();
  });
  size_t current = 0;
  bool has_old = false;
  for (const Module* module : modules) {
    current += code_bytes_of(*module);
    has_old = has_old || dump.runtime.code->has_old(module->name);
  }
  if (dump.is_file) dump.out.text("=loaded_modules\n");
  dump.out.print("Current code: %zu\n", current);
  if (!has_old) dump.out.text("Old code: 0\n");
  for (const Module* module : modules) {
    if (dump.is_file) dump.out.text("=mod:");
    dump.out.term(module->name);
    if (dump.is_file) {
      dump.out.print("\nCurrent size: %zu\n", code_bytes_of(*module));
      dump_encoded(dump, "Current attributes", module->attributes);
      dump_encoded(dump, "Current compilation info", module->compile_info);
    } else {
      dump.out.print(" %zu\n", code_bytes_of(*module));
    }
  }
}

void dump_funs(const Dump& dump) {
  for (const Module* module : dump.runtime.code->modules()) {
    for (const FunEntry* fun : module->funs) {
      dump.out.text("=fun\nModule: ");
      dump.out.term(fun->module);
      dump.out.print("\nUniq: %u\nIndex: %u\nAddress: 0x%016" PRIxPTR "\nRefc: 1\n",
                     fun->old_unique, fun->index, reinterpret_cast<uintptr_t>(fun->code.load()));
    }
  }
}

void dump_persistent_terms(const Dump& dump, HeapDump& heap) {
  dump.out.text("=persistent_terms\n");
  for (const Term pair : dump.runtime.persistent->pairs()) {
    const std::span<const Term> both = tuple_elements(pair);
    heap.element(both[0]);
    dump.out.byte('|');
    heap.element(both[1]);
    dump.out.byte('\n');
    heap.literal(both[0]);
    heap.literal(both[1]);
  }
}

// The newest first, as in OTP, whose viewer numbers them from the end.
void dump_atoms(const Dump& dump) {
  dump.out.text("=atoms\n");
  for (size_t i = atom_count(); i-- > 0;) {
    dump.out.term(Term::atom(static_cast<uint32_t>(i)));
    dump.out.byte('\n');
  }
}

}  // namespace joist
