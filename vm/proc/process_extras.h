// What few processes need, kept apart so that a process costs little: made when first needed.
#pragma once

#include "vm/proc/owned_resource.h"
#include "vm/proc/process.h"
#include "vm/proc/process_dictionary.h"
#include "vm/proc/receive_markers.h"

namespace joist {

struct Process::Extras {
  ProcessDictionary dictionary;
  ReceiveMarkers receive_markers;
  OwnedResources resources;
};

}  // namespace joist
