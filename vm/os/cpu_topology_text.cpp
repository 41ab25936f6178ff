// Topologies that somebody else has made up: what is sound, and what +sct takes.
#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>
#include <tuple>

#include "vm/os/cpu_topology.h"

namespace joist {

namespace {

// Either nobody is in a node, or everybody is in one: that of the processor, or one within it.
bool has_sound_nodes(const std::vector<LogicalCpu>& cpus) {
  if (cpus.empty()) return true;
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

// A level of an entry: its numbers for the logical processors, or the one for all.
struct Level {
  int LogicalCpu::* part;
  std::vector<int> ids;
};

// From the inner to the outer.
enum Depth { kLogical, kThread, kCore, kProcessorNode, kProcessor, kNode, kDepths };

class TopologyParser {
 public:
  explicit TopologyParser(std::string_view text) : rest_(text) {}

  Result<std::vector<LogicalCpu>> run() {
    if (rest_.empty()) return make_error("missing cpu topology");
    std::vector<LogicalCpu> cpus;
    do {
      JOIST_TRY(entry(&cpus));
    } while (!rest_.empty());
    JOIST_TRY(check_cpu_topology(&cpus));
    return cpus;
  }

 private:
  bool at_end() const { return rest_.empty() || rest_[0] == ':'; }

  Result<void> entry(std::vector<LogicalCpu>* cpus) {
    Level levels[kDepths] = {
        {&LogicalCpu::logical, {}},    {&LogicalCpu::thread, {0}},
        {&LogicalCpu::core, {0}},      {&LogicalCpu::processor_node, {-1}},
        {&LogicalCpu::processor, {0}}, {&LogicalCpu::node, {-1}},
    };
    int reached = -1;
    while (!at_end()) {
      const char letter = rest_[0];
      rest_.remove_prefix(1);
      const int depth = depth_of(letter, reached);
      if (depth < 0) return make_error("invalid identifier type");
      if (depth <= reached) return make_error("invalid hierarchy");
      reached = depth;
      JOIST_TRY(numbers(&levels[depth].ids));
    }
    if (!rest_.empty()) rest_.remove_prefix(1);
    const size_t count = levels[kLogical].ids.size();
    if (count == 0) return make_error("missing logical identifier");
    for (const Level& level : levels) {
      if (level.ids.size() != 1 && level.ids.size() != count) {
        return make_error("invalid identifier range");
      }
    }
    for (size_t i = 0; i < count; ++i) {
      LogicalCpu& cpu = cpus->emplace_back();
      for (const Level& level : levels) {
        cpu.*level.part = level.ids[level.ids.size() == 1 ? 0 : i];
      }
    }
    return {};
  }

  int depth_of(char letter, int reached) const {
    switch (letter) {
      case 'L':
        return kLogical;
      case 't':
      case 'T':
        return kThread;
      case 'c':
      case 'C':
        return kCore;
      case 'p':
      case 'P':
        return kProcessor;
      case 'n':
      case 'N': {
        const std::string_view entry = rest_.substr(0, rest_.find(':'));
        const bool processor_follows = entry.find_first_of("pP") != std::string_view::npos;
        return reached < kProcessor && processor_follows ? kProcessorNode : kNode;
      }
      default:
        return -1;
    }
  }

  Result<void> numbers(std::vector<int>* ids) {
    ids->clear();
    while (true) {
      int first;
      if (!number(&first)) return make_error("invalid identifier");
      int last = first;
      if (skip('-') && !number(&last)) return make_error("invalid identifier range");
      const int step = first <= last ? 1 : -1;
      for (int id = first; id != last + step; id += step) ids->push_back(id);
      if (!skip(',')) return {};
    }
  }

  bool skip(char character) {
    if (rest_.empty() || rest_[0] != character) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool number(int* to) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc() || value > kMostCpuId) return false;
    rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
    *to = static_cast<int>(value);
    return true;
  }

  std::string_view rest_;
};

}  // namespace

Result<void> check_cpu_topology(std::vector<LogicalCpu>* cpus) {
  std::set<int> logical;
  for (const LogicalCpu& cpu : *cpus) {
    if (!logical.insert(cpu.logical).second) return make_error("not unique logical identifiers");
  }
  const auto place = [](const LogicalCpu& cpu) {
    return std::tuple(cpu.processor, cpu.node, cpu.processor_node, cpu.core, cpu.thread);
  };
  std::sort(cpus->begin(), cpus->end(),
            [&](const LogicalCpu& a, const LogicalCpu& b) { return place(a) < place(b); });
  for (size_t i = 1; i < cpus->size(); ++i) {
    if (place((*cpus)[i]) == place((*cpus)[i - 1])) return make_error("not unique entities");
  }
  if (!has_sound_nodes(*cpus)) return make_error("invalid nodes declaration");
  return {};
}

Result<std::vector<LogicalCpu>> parse_cpu_topology(const std::string& text) {
  return TopologyParser(text).run();
}

}  // namespace joist
