#include "bif/cpu_topology.h"

#include <algorithm>
#include <set>
#include <span>
#include <tuple>
#include <vector>

#include "vm/heap/builder.h"
#include "vm/sched/system_flags.h"
#include "vm/sched/system_logger.h"
#include "vm/term/atom.h"

namespace joist {

namespace {

constexpr int64_t kMostId = 0xFFFF;
constexpr int LogicalCpu::* kParts[] = {&LogicalCpu::node,           &LogicalCpu::processor,
                                        &LogicalCpu::processor_node, &LogicalCpu::core,
                                        &LogicalCpu::thread,         &LogicalCpu::logical};

Term topology_term(Process& p, const std::vector<LogicalCpu>& cpus) {
  if (cpus.empty()) return atoms::undefined;
  ListBuilder list(p.heap);
  for (const LogicalCpu& cpu : cpus) {
    Term parts[1 + std::size(kParts)] = {must_atom("cpu")};
    for (size_t i = 0; i < std::size(kParts); ++i) parts[i + 1] = Term::small(cpu.*kParts[i]);
    list.add(joist::make_tuple(p.heap, std::span<const Term>(parts)));
  }
  return list.finish();
}

bool parse_topology(Term list, std::vector<LogicalCpu>* cpus) {
  if (!list.is_list()) return false;
  for (; list.is_list(); list = list.tail()) {
    const Term entry = list.head();
    if (!is_tuple(entry) || tuple_size(entry) != 1 + std::size(kParts)) return false;
    const std::span<const Term> parts = tuple_elements(entry);
    if (parts[0] != must_atom("cpu")) return false;
    LogicalCpu cpu;
    for (size_t i = 0; i < std::size(kParts); ++i) {
      const Term part = parts[i + 1];
      if (!part.is_small() || part.small_value() < -1 || part.small_value() > kMostId) return false;
      cpu.*kParts[i] = static_cast<int>(part.small_value());
    }
    cpus->push_back(cpu);
  }
  return list.is_nil();
}

// Either nobody is in a node, or everybody is in one: that of the processor, or one within it.
bool has_sound_nodes(const std::vector<LogicalCpu>& cpus) {
  const LogicalCpu& first = cpus.front();
  const bool no_nodes = first.node < 0 && first.processor_node < 0;
  for (size_t i = 1; i < cpus.size(); ++i) {
    const LogicalCpu& cpu = cpus[i];
    if (no_nodes) {
      if (cpu.node >= 0 || cpu.processor_node >= 0) return false;
      continue;
    }
    const LogicalCpu& before = cpus[i - 1];
    if (cpu.processor == before.processor && cpu.node != before.node) return false;
    if ((cpu.node >= 0) == (cpu.processor_node >= 0)) return false;
  }
  return true;
}

// Brings it into order. False: something is there twice, or in two nodes.
bool check_topology(std::vector<LogicalCpu>* cpus) {
  std::set<int> logical;
  for (const LogicalCpu& cpu : *cpus) {
    if (!logical.insert(cpu.logical).second) return false;
  }
  const auto place = [](const LogicalCpu& cpu) {
    return std::tuple(cpu.processor, cpu.node, cpu.processor_node, cpu.core, cpu.thread);
  };
  std::sort(cpus->begin(), cpus->end(),
            [&](const LogicalCpu& a, const LogicalCpu& b) { return place(a) < place(b); });
  for (size_t i = 1; i < cpus->size(); ++i) {
    if (place((*cpus)[i]) == place((*cpus)[i - 1])) return false;
  }
  return has_sound_nodes(*cpus);
}

}  // namespace

Term internal_cpu_topology(Process& p, Term which) {
  std::vector<LogicalCpu> cpus;
  if (which == atoms::used || which == atoms::defined) cpus = system_flags(p)->topology.get();
  if (which == atoms::detected || (which == atoms::used && cpus.empty())) {
    cpus = detect_cpu_topology();
  } else if (which != atoms::used && which != atoms::defined) {
    return p.badarg();
  }
  return topology_term(p, cpus);
}

Term cpu_topology(Process& p, Term which) {
  const Term topology = internal_cpu_topology(p, which);
  if (topology.is_none()) return topology;
  return p.trap(atoms::erlang, must_atom("format_cpu_topology"), {topology});
}

Term set_cpu_topology(Process& p, Term value) {
  if (p.runtime->logger != nullptr) {
    const Term text = make_string(p.heap,
                                  "A call to erlang:system_flag(cpu_topology, _) was made.\n"
                                  "The cpu_topology argument is deprecated and scheduled\n"
                                  "for removal in Erlang/OTP 18. For more information\n"
                                  "see the erlang:system_flag/2 documentation.\n");
    const Term arguments = make_cons(p.heap, text, Term::nil());
    p.runtime->logger->report(p, atoms::warning, "~s~n", arguments);
  }
  return p.trap(atoms::erlang, must_atom("set_cpu_topology"), {value});
}

Term set_internal_cpu_topology(Process& p, Term value) {
  std::vector<LogicalCpu> cpus;
  if (value != atoms::undefined && !(parse_topology(value, &cpus) && check_topology(&cpus))) {
    return p.badarg();
  }
  const Term before = internal_cpu_topology(p, atoms::used);
  system_flags(p)->topology.set(std::move(cpus));
  return before;
}

}  // namespace joist
