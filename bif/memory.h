// What erlang:memory/0,1 is made of. They are Erlang code that asks the allocators of ERTS for
// blocks in use; Joist has none of these and answers with its own sums, in the same form.
#pragma once

#include <vector>

#include "vm/proc/process.h"

namespace joist {

// Bytes.
struct MemoryFigures {
  size_t total;
  size_t processes;
  size_t binaries;
  size_t tables;
  size_t code;
  size_t atoms;
  size_t process_table;
};
MemoryFigures memory_figures(const Runtime& runtime);

// The allocators of ERTS: of those whose users are counted here, what these have.
struct AllocatorFigures {
  Term name;
  bool counted;
  size_t bytes;
};
std::vector<AllocatorFigures> allocator_figures(const Runtime& runtime);

// {memory_internal, Ref, Allocators}: a message {Ref, Thread, Data} with what heaps, tables,
// binaries and the rest take, if that is asked for, and {Allocator, false} for each other one.
Term send_memory_data(Process& p, Term reference, Term names);
// system_info(alloc_util_allocators): those whose users are counted.
Term counted_allocators(Process& p);
// system_info({allocator_sizes, Name or Names}).
Term allocator_sizes(Process& p, Term which);
// system_info(allocated_areas): the parts of it that are not by allocator.
Term allocated_areas(Process& p);
// system_info(allocator): none of OTP's.
Term allocator_of_system(Process& p);
// One of OTP's, all of which count as switched off.
bool is_known_allocator(Term name);

}  // namespace joist
