// The heap's settings as process_flag/2, spawn options and process_info/2 show them.
#pragma once

#include "vm/proc/process.h"

namespace joist {

// What max_heap_size takes: words, or a map with size and perhaps kill, error_logger, and (from
// OTP 27) include_shared_binaries. False: something else. Keys that are missing keep what
// `options` says.
bool parse_max_heap_size(Term value, int otp_release, HeapOptions* options);
// Whether the greatest heap is none or at least the smallest.
bool max_holds_min_heap(const HeapOptions& options);
// The map that describes it.
Term max_heap_size_map(Allocator& heap, const HeapOptions& options, int otp_release);

// Each false: out of range.
bool set_min_heap_size(HeapOptions& options, Term words);
bool set_min_bin_vheap_size(HeapOptions& options, Term words);
bool set_fullsweep_after(HeapOptions& options, Term collections);

}  // namespace joist
