// What erlang:process_flag/2 sets and nothing needs quickly; the flags of the heap are in its
// HeapOptions, trap_exit is in the process.
#pragma once

#include "vm/term/atom.h"

namespace joist {

struct ProcessFlags {
  Term error_handler = atoms::error_handler;  // module that is called for undefined functions
  Term message_queue_data = atoms::on_heap;   // on_heap, off_heap
  bool sensitive = false;
  bool async_dist = false;
};

}  // namespace joist
