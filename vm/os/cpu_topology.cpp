#include "vm/os/cpu_topology.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>

#include "vm/os/file.h"
#include "vm/os/thread.h"

namespace joist {

namespace {

std::optional<int> number_in(std::string_view text) {
  int value;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return value;
}

// Of a name like cpu12.
std::optional<int> number_after(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  const std::optional<int> value = number_in(name);
  return value && std::to_string(*value) == name ? value : std::nullopt;
}

std::optional<int> number_of_file(const std::string& path) {
  const Result<std::vector<uint8_t>> bytes = read_file(path);
  if (!bytes) return std::nullopt;
  return number_in({reinterpret_cast<const char*>(bytes.value().data()), bytes.value().size()});
}

void add_cpus(const std::string& folder, int node, std::vector<LogicalCpu>* cpus) {
  const Result<std::vector<std::string>> names = list_directory(folder);
  if (!names) return;
  for (const std::string& name : names.value()) {
    const std::optional<int> logical = number_after(name, "cpu");
    if (!logical) continue;
    // One that is off has none.
    const std::string topology = folder + "/" + name + "/topology/";
    const std::optional<int> package = number_of_file(topology + "physical_package_id");
    const std::optional<int> core = number_of_file(topology + "core_id");
    if (package && core) cpus->push_back({node, *package, -1, *core, 0, *logical});
  }
}

void move_nodes_into_processors(std::vector<LogicalCpu>* cpus) {
  std::map<int, std::set<int>> nodes;
  for (const LogicalCpu& cpu : *cpus) nodes[cpu.processor].insert(cpu.node);
  for (LogicalCpu& cpu : *cpus) {
    if (nodes[cpu.processor].size() > 1) cpu.processor_node = std::exchange(cpu.node, -1);
  }
}

}  // namespace

std::vector<LogicalCpu> detect_cpu_topology() {
  const std::string nodes = "/sys/devices/system/node";
  std::vector<LogicalCpu> cpus;
  const Result<std::vector<std::string>> names = list_directory(nodes);
  if (!names) {
    add_cpus("/sys/devices/system/cpu", -1, &cpus);
  } else {
    for (const std::string& name : names.value()) {
      const std::optional<int> node = number_after(name, "node");
      if (node) add_cpus(nodes + "/" + name, *node, &cpus);
    }
    move_nodes_into_processors(&cpus);
  }
  if (cpus.size() < static_cast<size_t>(std::max(cpu_count().online, 1))) return {};
  std::sort(cpus.begin(), cpus.end());
  const auto core_of = [](const LogicalCpu& cpu) {
    return std::tuple(cpu.node, cpu.processor, cpu.processor_node, cpu.core);
  };
  for (size_t i = 1; i < cpus.size(); ++i) {
    const bool is_same_core = core_of(cpus[i]) == core_of(cpus[i - 1]);
    cpus[i].thread = is_same_core ? cpus[i - 1].thread + 1 : 0;
  }
  return cpus;
}

}  // namespace joist
