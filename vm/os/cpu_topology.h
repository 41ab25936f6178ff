// How the machine's logical processors are made up: nodes of memory, packages, cores, threads.
#pragma once

#include <string>
#include <vector>

#include "vm/base/result.h"

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

inline constexpr int kMostCpuId = 0xFFFF;

// In order; empty: the system does not tell.
std::vector<LogicalCpu> detect_cpu_topology();

// Brings it into order. The error says what is there twice, or in two nodes.
Result<void> check_cpu_topology(std::vector<LogicalCpu>* cpus);

// What erl's flag +sct takes, checked and in order. Entries are parted by ':'; one is made up of
// levels from the inner to the outer, each with as many numbers as there are logical processors,
// or with one for all of them:
//
//     level  = letter range {"," range}    L(ogical) t(hread) c(ore) n(ode) p(rocessor) n(ode)
//     range  = number ["-" number]         also downwards
//
// A node before the processor is one within it. "L0-3t0-1,0-1c0,0,1,1p0" is of four logical
// processors in two cores.
Result<std::vector<LogicalCpu>> parse_cpu_topology(const std::string& text);

}  // namespace joist
