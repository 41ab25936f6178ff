#include "bif/memory.h"

#include <algorithm>

#include "bif/registry.h"
#include "vm/code/code_table.h"
#include "vm/ets/tables.h"
#include "vm/heap/builder.h"
#include "vm/heap/literals.h"
#include "vm/os/memory_count.h"
#include "vm/os/watched_blocks.h"
#include "vm/proc/process_table.h"
#include "vm/sched/deliver.h"
#include "vm/term/atom_memory.h"

namespace joist {

namespace {

struct Area {
  Term name;
  size_t bytes;
};

size_t code_bytes(const Runtime& runtime) {
  size_t bytes = runtime.literals->used_bytes();
  for (const Module* module : runtime.code->modules()) bytes += module->code_bytes();
  return bytes;
}

// Slots that were used once stay touched.
size_t process_table_bytes(const Runtime& runtime) {
  return runtime.processes->count() * 2 * sizeof(uint64_t);
}

size_t table_bytes(const Runtime& runtime) {
  return static_cast<size_t>(usual_bytes(runtime.ets->words() * sizeof(Word)));
}

// All parts add up to what is resident: what nobody has counted is of the system. Where they are
// more, that is heaps of a few pages that are not touched to their end.
void make_parts_fit(MemoryFigures& figures) {
  const auto sum = [&figures] {
    return figures.processes + figures.binaries + figures.tables + figures.code + figures.atoms;
  };
  figures.total = resident_bytes();
  if (figures.total == 0) figures.total = sum();
  if (figures.total < sum()) figures.total += swapped_bytes();
  if (figures.total < sum()) {
    figures.processes -= std::min(figures.processes, sum() - figures.total);
    figures.total = sum();
  }
}

// The allocators of ERTS whose users are counted here.
constexpr Term kCounted[] = {atoms::eheap_alloc, atoms::ets_alloc, atoms::binary_alloc,
                             atoms::driver_alloc};

bool is_counted(Term name) {
  return std::find(std::begin(kCounted), std::end(kCounted), name) != std::end(kCounted);
}

size_t counted_bytes(const MemoryFigures& figures, Term name) {
  if (name == atoms::eheap_alloc) return figures.processes;
  if (name == atoms::ets_alloc) return figures.tables;
  if (name == atoms::binary_alloc) return figures.binaries;
  return figures.total - figures.processes - figures.binaries - figures.tables;
}

// {Allocator, [{size, Bytes}]}
Term blocks_of(Allocator& to, const Area& area) {
  const Term size = make_tuple(to, {atoms::size, make_unsigned(to, area.bytes)});
  return make_tuple(to, {area.name, make_cons(to, size, Term::nil())});
}

Term list_of(Allocator& to, std::initializer_list<Term> terms) {
  return make_list(to, std::span<const Term>(terms.begin(), terms.size()));
}

// {mbcs | sbcs, [{blocks, Blocks}, {carriers_size, Now, MostSinceAsked, Most}]}. What was the most
// is not kept: it is not less than now.
Term carriers_of(Allocator& to, const char* kind, Term blocks, size_t bytes) {
  const Term size = make_unsigned(to, bytes);
  return make_tuple(
      to, {must_atom(kind),
           list_of(to, {make_tuple(to, {atoms::blocks, blocks}),
                        make_tuple(to, {must_atom("carriers_size"), size, size, size})})});
}

// [{instance, 0, Carriers}], all in one; false: it is switched off, none(): there is none.
Term allocator_size(Process& p, Term name) {
  if (!is_counted(name)) return is_known_allocator(name) ? Term(atoms::false_) : Term::none();
  Allocator& to = p.heap;
  const size_t used = counted_bytes(memory_figures(*p.runtime), name);
  const Term bytes = make_unsigned(to, used);
  const Term size = list_of(to, {make_tuple(to, {atoms::size, bytes, bytes, bytes})});
  const Term blocks = list_of(to, {make_tuple(to, {name, size})});
  const Term all =
      list_of(to, {carriers_of(to, "mbcs", blocks, used), carriers_of(to, "sbcs", Term::nil(), 0)});
  return list_of(to, {make_tuple(to, {must_atom("instance"), Term::small(0), all})});
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
  figures.processes = touched_memory(MemoryUse::kProcesses);
  figures.binaries = touched_memory(MemoryUse::kBinaries);
  figures.tables = table_bytes(runtime);
  figures.code = code_bytes(runtime);
  figures.atoms = atom_memory().allocated;
  figures.process_table = process_table_bytes(runtime);
  make_parts_fit(figures);
  return figures;
}

std::vector<AllocatorFigures> allocator_figures(const Runtime& runtime) {
  const MemoryFigures figures = memory_figures(runtime);
  std::vector<AllocatorFigures> all;
  for (const Term name : kAllocators) {
    if (name == atoms::sys_alloc) continue;
    const bool counted = is_counted(name);
    all.push_back({name, counted, counted ? counted_bytes(figures, name) : 0});
  }
  return all;
}

Term send_memory_data(Process& p, Term reference, Term names) {
  if (!is_ref(reference) || !names.is_list()) return p.badarg();
  Allocator scratch;
  ListBuilder data(scratch);
  bool asks_for_counted = false;
  for (; names.is_list(); names = names.tail()) {
    const Term name = names.head();
    if (is_counted(name)) {
      asks_for_counted = true;
    } else if (is_known_allocator(name)) {
      data.add(make_tuple(scratch, {name, atoms::false_}));
    } else {
      return p.badarg();
    }
  }
  if (!names.is_nil()) return p.badarg();
  if (asks_for_counted) {
    const MemoryFigures figures = memory_figures(*p.runtime);
    ListBuilder blocks(scratch);
    for (const Term name : kCounted) {
      blocks.add(blocks_of(scratch, {name, counted_bytes(figures, name)}));
    }
    const Term all = make_tuple(scratch, {atoms::blocks, blocks.finish()});
    const Term carriers = tagged_list(scratch, atoms::mbcs, all);
    data.add(make_tuple(
        scratch, {atoms::driver_alloc, Term::small(0), make_cons(scratch, carriers, Term::nil())}));
  }
  send_message(p, p.pid, make_tuple(scratch, {reference, Term::small(1), data.finish()}));
  return atoms::true_;
}

Term counted_allocators(Process& p) { return make_list(p.heap, kCounted); }

Term allocator_sizes(Process& p, Term which) {
  if (!which.is_list()) {
    const Term size = allocator_size(p, which);
    return size.is_none() ? p.badarg() : size;
  }
  ListBuilder sizes(p.heap);
  for (; which.is_list(); which = which.tail()) {
    const Term size = allocator_size(p, which.head());
    if (size.is_none()) return p.badarg();
    sizes.add(make_tuple(p.heap, {which.head(), size}));
  }
  return which.is_nil() ? sizes.finish() : p.badarg();
}

Term allocated_areas(Process& p) {
  ListBuilder list(p.heap);
  const AtomMemory table = atom_memory();
  list.add(make_tuple(p.heap, {atoms::atom_space, make_unsigned(p.heap, table.allocated),
                               make_unsigned(p.heap, table.used)}));
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
