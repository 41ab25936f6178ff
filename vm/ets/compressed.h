// Rows of tables with the option `compressed`: what is no immediate and not the key lies in the row
// as bytes, in the external format.
//
//   | tuple header | element | key | element | ...   what key and plain elements lead to ... |
//                      |               '-> | filler header | bytes | byte... |
//                      '-> as in any row: an immediate, or what has an identity outside of the row
//
// The bytes hide in an object that no term has, so that everything else (packing, sizes, copying of
// the row as such) goes on as with other rows. Plain stay elements that hold binaries off-heap,
// references, pids, ports or functions, and those whose bytes would take no less room.
#pragma once

#include "vm/heap/allocator.h"

namespace joist {

// The tuple as a compressed row has it, in `scratch`; shares with `tuple` what is the same.
Term compressed_tuple(Term tuple, size_t key_position, Allocator& scratch);

// An element of such a tuple as a term of its own: copied, or made of its bytes.
Term expanded_element(Term element, Allocator& to);
// The whole tuple.
Term expanded_tuple(Term compressed, Allocator& to);

}  // namespace joist
