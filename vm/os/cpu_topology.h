// How the machine's logical processors are made up: nodes of memory, packages, cores, threads.
#pragma once

#include <vector>

namespace joist {

// Each number is of what contains it; -1: there is no such level.
struct LogicalCpu {
  int node;
  int processor;
  int processor_node;  // a processor of several nodes has them within it instead
  int core;
  int thread;
  int logical;  // the system's number

  auto operator<=>(const LogicalCpu&) const = default;
};

// In order; empty: the system does not tell.
std::vector<LogicalCpu> detect_cpu_topology();

}  // namespace joist
