// What few processes need, kept apart so that a process costs little: made when first needed.
#pragma once

#include <map>

#include "vm/proc/owned_resource.h"
#include "vm/proc/process.h"
#include "vm/proc/process_dictionary.h"
#include "vm/proc/receive_markers.h"

namespace joist {

struct Process::Extras {
  ProcessDictionary dictionary;
  ReceiveMarkers receive_markers;
  OwnedResources resources;
  // How often it has asked to be told of nodes that come and go, by what it wants to know.
  std::map<uint32_t, uint32_t> node_monitors;
};

}  // namespace joist
