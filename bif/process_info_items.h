// What erlang:process_info/1,2 tells of a process, item by item
// (https://www.erlang.org/doc/man/erlang#process_info-2).
#pragma once

#include "vm/proc/process.h"

namespace joist {

// Who is described, and where: the calling process itself on its own heap, or the receiver of a
// request in memory that lives until the answer is copied. Such an answer may hold terms of the
// receiver, its messages among them.
struct Described {
  Process& process;
  Allocator& to;
  bool itself;
  // A dirty native runs: reductions and what lies on the heap since it began are not looked at.
  bool aside;
};

// Whether it is an item that this release has: a name, or {dictionary, Key}.
bool is_process_item(const Process& p, Term item);
// [Name, ...] of all items.
Term process_item_names(const Process& p, Allocator& to);
// Whether it cannot be told while a dirty native runs.
bool needs_heap(Term item);
// {Item, Value}.
Term describe_process(const Described& described, Term item);
// The items of process_info/1.
Term default_process_items(Allocator& to);

}  // namespace joist
