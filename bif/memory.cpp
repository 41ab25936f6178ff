#include "bif/memory.h"

#include <algorithm>

#include "bif/registry.h"
#include "vm/code/code_table.h"
#include "vm/ets/tables.h"
#include "vm/heap/builder.h"
#include "vm/heap/literals.h"
#include "vm/os/memory_count.h"
#include "vm/proc/process_table.h"
#include "vm/sched/deliver.h"

namespace joist {

namespace {

struct Area {
  Term name;
  size_t bytes;
};

size_t code_bytes(const Runtime& runtime) {
  size_t bytes = runtime.literals->used_bytes();
  for (const Module* module : runtime.code->modules()) bytes += module->cell_count * sizeof(Cell);
  return bytes;
}

// An entry, its slot of the table that finds it, and about a dozen letters.
constexpr size_t kBytesOfAtom = sizeof(AtomEntry) + 2 * sizeof(uint64_t) + 12;
size_t atom_bytes() { return atom_count() * kBytesOfAtom; }

// Slots that were used once stay touched.
size_t process_table_bytes(const Runtime& runtime) {
  return runtime.processes->count() * 2 * sizeof(uint64_t);
}

size_t process_bytes() { return static_cast<size_t>(counted_memory(MemoryUse::kProcesses)); }
size_t binary_bytes() { return static_cast<size_t>(counted_memory(MemoryUse::kBinaries)); }
size_t table_bytes(const Runtime& runtime) { return runtime.ets->words() * sizeof(Word); }

// So that all parts add up to what is resident.
size_t other_bytes(const Runtime& runtime) {
  const size_t counted = process_bytes() + binary_bytes() + table_bytes(runtime);
  const size_t resident = resident_bytes();
  const size_t least = code_bytes(runtime) + atom_bytes();
  return std::max(resident > counted ? resident - counted : 0, least);
}

// {Allocator, [{size, Bytes}]}
Term blocks_of(Allocator& to, const Area& area) {
  const Term size = make_tuple(to, {atoms::size, make_unsigned(to, area.bytes)});
  return make_tuple(to, {area.name, make_cons(to, size, Term::nil())});
}

Term tagged_list(Allocator& to, Term tag, Term element) {
  return make_tuple(to, {tag, make_cons(to, element, Term::nil())});
}

constexpr Term kAllocators[] = {
    atoms::sys_alloc,     atoms::temp_alloc,   atoms::sl_alloc,     atoms::std_alloc,
    atoms::ll_alloc,      atoms::eheap_alloc,  atoms::ets_alloc,    atoms::fix_alloc,
    atoms::literal_alloc, atoms::driver_alloc, atoms::binary_alloc, atoms::mseg_alloc,
    atoms::test_alloc,
};

// Threads that send memory data, and one more: erlang:memory/0 waits for so many messages less one.
Term no_aux_work_threads_0(Process&) { return Term::small(2); }

constexpr NativeEntry kMemoryNatives[] = {
    {"erts_internal", "no_aux_work_threads", native<no_aux_work_threads_0>},
};

}  // namespace

MemoryFigures memory_figures(const Runtime& runtime) {
  MemoryFigures figures = {};
  figures.processes = process_bytes();
  figures.binaries = binary_bytes();
  figures.tables = table_bytes(runtime);
  figures.code = code_bytes(runtime);
  figures.atoms = atom_bytes();
  figures.process_table = process_table_bytes(runtime);
  figures.total = figures.processes + figures.binaries + figures.tables + other_bytes(runtime);
  return figures;
}

Term send_memory_data(Process& p, Term reference) {
  if (!is_ref(reference)) return p.badarg();
  Allocator scratch;
  ListBuilder blocks(scratch);
  const Area areas[] = {{atoms::eheap_alloc, process_bytes()},
                        {atoms::ets_alloc, table_bytes(*p.runtime)},
                        {atoms::binary_alloc, binary_bytes()},
                        {atoms::driver_alloc, other_bytes(*p.runtime)}};
  for (const Area& area : areas) blocks.add(blocks_of(scratch, area));
  const Term all = make_tuple(scratch, {atoms::blocks, blocks.finish()});
  const Term carriers = tagged_list(scratch, atoms::mbcs, all);
  const Term instance = make_tuple(
      scratch, {atoms::driver_alloc, Term::small(0), make_cons(scratch, carriers, Term::nil())});
  const Term data = make_cons(scratch, instance, Term::nil());
  send_message(p, p.pid, make_tuple(scratch, {reference, Term::small(1), data}));
  return atoms::true_;
}

Term allocated_areas(Process& p) {
  ListBuilder list(p.heap);
  const Term atoms_used = make_unsigned(p.heap, atom_bytes());
  list.add(make_tuple(p.heap, {atoms::atom_space, atoms_used, atoms_used}));
  list.add(make_tuple(
      p.heap, {atoms::process_table, make_unsigned(p.heap, process_table_bytes(*p.runtime))}));
  list.add(make_tuple(p.heap, {atoms::loaded_code, make_unsigned(p.heap, code_bytes(*p.runtime))}));
  return list.finish();
}

Term allocator_of_system(Process& p) {
  return make_tuple(p.heap, {atoms::undefined, Term::nil(), Term::nil(), Term::nil()});
}

bool is_known_allocator(Term name) {
  return std::any_of(std::begin(kAllocators), std::end(kAllocators),
                     [name](Term one) { return one == name; });
}

std::span<const NativeEntry> memory_natives() { return kMemoryNatives; }

}  // namespace joist
