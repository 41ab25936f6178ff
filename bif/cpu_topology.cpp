#include "bif/cpu_topology.h"

#include <span>
#include <vector>

#include "vm/heap/builder.h"
#include "vm/sched/system_flags.h"
#include "vm/sched/system_logger.h"
#include "vm/term/atom.h"

namespace joist {

namespace {

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
      if (!part.is_small() || part.small_value() < -1 || part.small_value() > kMostCpuId)
        return false;
      cpu.*kParts[i] = static_cast<int>(part.small_value());
    }
    cpus->push_back(cpu);
  }
  return list.is_nil();
}

}  // namespace

Term internal_cpu_topology(Process& p, Term which) {
  std::vector<LogicalCpu> cpus;
  if (which == atoms::used || which == atoms::defined) cpus = system_flags(p)->topology.get();
  if (which == atoms::detected || (which == atoms::used && cpus.empty())) {
    if (system_flags(p)->reads_topology.load()) cpus = detect_cpu_topology();
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
  if (value != atoms::undefined && !(parse_topology(value, &cpus) && check_cpu_topology(&cpus))) {
    return p.badarg();
  }
  const Term before = internal_cpu_topology(p, atoms::used);
  system_flags(p)->topology.set(std::move(cpus));
  return before;
}

}  // namespace joist
