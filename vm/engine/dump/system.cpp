// Memory, how full the VM's tables are, code and atoms.
#include <algorithm>
#include <cinttypes>

#include "bif/fun_count.h"
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

void dump_hash_table(const Dump& dump, const char* name, const HashFigures& figures) {
  dump.out.print("=hash_table:%s\nsize: %zu\nused: %zu\nobjs: %zu\ndepth: %zu\n", name,
                 figures.buckets, figures.used, figures.entries, figures.longest);
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

namespace {

// Each name has its own place, by the number of its atom.
HashFigures name_figures(size_t names) {
  return {atom_limit(), names, names, names == 0 ? size_t{0} : 1};
}

// In the form of ERTS, of which only sums are known here.
void dump_allocators(const Dump& dump) {
  dump.out.text("=allocator:sys_alloc\noption e: true\noption m: mimalloc\n");
  for (const AllocatorFigures& each : allocator_figures(dump.runtime)) {
    const std::string name(atom_text(each.name));
    dump.out.print("=allocator:%s\noption e: %s\n", name.c_str(), each.counted ? "true" : "false");
    if (!each.counted) continue;
    dump.out.print("mbcs blocks[%s] size: %zu\nmbcs carriers size: %zu\n", name.c_str(), each.bytes,
                   each.bytes);
  }
}

}  // namespace

void dump_system(const Dump& dump) {
  dump_memory(dump);
  dump_index_table(dump, "atom_tab", atom_limit(), atom_count());
  const CodeTable& code = *dump.runtime.code;
  dump_hash_table(dump, "module_code", code.module_figures());
  dump_hash_table(dump, "export_list", code.export_figures());
  dump_hash_table(dump, "process_reg", name_figures(dump.runtime.names->names().size()));
  dump_hash_table(dump, "fun_table", code.fun_figures());
  const MemoryFigures figures = memory_figures(dump.runtime);
  dump.out.print("=allocated_areas\natom_space: %zu %zu\nloaded_code: %zu\nprocess_table: %zu\n",
                 figures.atoms, figures.atoms, figures.code, figures.process_table);
  dump_allocators(dump);
}

namespace {

size_t size_of(const Module* module) { return module == nullptr ? 0 : code_bytes_of(*module); }

Term name_of(const CodeTable::Instances& each) {
  return each.current != nullptr ? each.current->name : each.old->name;
}

void dump_attributes(const Dump& dump, const std::string& which, const Module& module) {
  dump_encoded(dump, (which + " attributes").c_str(), module.attributes);
  dump_encoded(dump, (which + " compilation info").c_str(), module.compile_info);
}

void dump_module(const Dump& dump, const CodeTable::Instances& each) {
  dump.out.text("=mod:");
  dump.out.term(name_of(each));
  dump.out.print("\nCurrent size: %zu\n", size_of(each.current));
  if (each.current != nullptr) dump_attributes(dump, "Current", *each.current);
  if (each.old == nullptr) return;
  dump.out.print("Old size: %zu\n", size_of(each.old));
  dump_attributes(dump, "Old", *each.old);
}

void show_module(const Dump& dump, const CodeTable::Instances& each) {
  dump.out.term(name_of(each));
  dump.out.print(" %zu", size_of(each.current));
  if (each.old != nullptr) dump.out.print(" (%zu old)", size_of(each.old));
  dump.out.byte('\n');
}

}  // namespace

void dump_modules(const Dump& dump) {
  std::vector<CodeTable::Instances> modules = dump.runtime.code->instances();
  std::sort(modules.begin(), modules.end(), [](const auto& a, const auto& b) {
    return name_of(a).atom_index() < name_of(b).atom_index();
  });
  size_t current = 0;
  size_t old = 0;
  for (const CodeTable::Instances& each : modules) {
    current += size_of(each.current);
    old += size_of(each.old);
  }
  if (dump.is_file) dump.out.text("=loaded_modules\n");
  dump.out.print("Current code: %zu\nOld code: %zu\n", current, old);
  for (const CodeTable::Instances& each : modules) {
    dump.is_file ? dump_module(dump, each) : show_module(dump, each);
  }
}

// Funs in tables are not counted here: a lock of theirs may be what somebody stopped with.
void dump_funs(const Dump& dump) {
  const std::vector<const FunEntry*> entries = dump.runtime.code->fun_entries();
  FunCount count;
  for (const FunEntry* fun : entries) count.add(*fun);
  for (const Process* process : all_processes(dump.runtime)) {
    if (!is_out_of_hand(dump, *process)) count.look_at(*process);
  }
  count.look_at_literals(dump.runtime);
  for (const FunEntry* fun : entries) {
    dump.out.text("=fun\nModule: ");
    dump.out.term(fun->module);
    dump.out.print("\nUniq: %d\nIndex: %u\nAddress: 0x%016" PRIxPTR "\nRefc: %zu\n",
                   static_cast<int>(fun->old_unique), fun->index,
                   reinterpret_cast<uintptr_t>(fun->code.load()), count.references(*fun));
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
