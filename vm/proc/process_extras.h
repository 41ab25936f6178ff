// What few processes need, kept apart so that a process costs little: made when first needed.
#pragma once

#include "vm/proc/process.h"
#include "vm/proc/process_dictionary.h"

namespace joist {

struct Process::Extras {
  ProcessDictionary dictionary;
};

}  // namespace joist
