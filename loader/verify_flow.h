// The second half of verification: follows the control flow of one function and checks what
// operands alone do not show. Registers are written before they are read and survive a collection
// only below the live count; y registers lie within the frame and are initialised wherever the
// stack may be scanned; allocate, trim, deallocate, return and catches match on every path; terms
// are built only in heap that was reserved; no path leaves the function except by a call, a return
// or an exception.
//
// Where an instruction can both fail to a label and collect, x registers above the live count are
// still valid at the label for all but gc_bif and bs_create_bin: such instructions must not
// collect before they fail. The same holds for the code the compiler writes.
#pragma once

#include "loader/beam_file.h"
#include "loader/control_flow.h"
#include "loader/flow_state.h"

namespace joist {

struct FlowFault {
  uint32_t instruction = kNoIndex;  // kNoIndex: no fault
  const char* what = nullptr;

  bool found() const { return what != nullptr; }
};

struct FlowResult {
  FlowFault fault;
  bool clear_frames;                  // see GenericFunction
  std::vector<ClearX> clear_x;        // see GenericCode; in the order of the code
  std::vector<uint32_t> dead_labels;  // likewise
};

// A call of a function of the module, which may be read later.
struct LocalCall {
  uint32_t instruction;
  uint32_t label;
  uint32_t arity;
};

// A function with that number in `labels`, where its labels are. Needs operands that passed
// find_operand_fault(). Adds the calls that it may do to `calls`, if that is not null; they remain
// to be checked.
FlowResult follow_flow(const BeamFile& file, const GenericCode& code, const LabelTable& labels,
                       const GenericFunction& function, uint32_t number,
                       std::vector<LocalCall>* calls, FlowScratch& scratch);

}  // namespace joist
