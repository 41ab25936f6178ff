#include "tools/erl/emulator_flags.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "tools/erl/allocator_flags.h"
#include "tools/erl/emulator_flag_table.h"

namespace joist::erl {

namespace {

// Parts of what +S says, wherever that stands.
void apply_scheduler_share(const Parsing& parsing) {
  const Pair percent = parsing.scheduler_percent;
  if (percent.total == 100 && percent.online == 100) return;
  VmOptions& options = parsing.options;
  const auto part = [](size_t count, int64_t percent) {
    return std::max<size_t>(1, count * static_cast<size_t>(percent) / 100);
  };
  const size_t online = options.schedulers_online != 0
                            ? options.schedulers_online
                            : std::min(options.schedulers, static_cast<size_t>(processors()));
  options.schedulers = part(options.schedulers, percent.total);
  options.schedulers_online = std::min(part(online, percent.online), options.schedulers);
}

// As many as processors if nothing else is said, and never more than there are schedulers.
void set_dirty_cpu_counts(const Parsing& parsing) {
  VmOptions& options = parsing.options;
  const auto part = [](int64_t count, int64_t percent, size_t most) {
    return std::clamp<size_t>(static_cast<size_t>(count * percent / 100), 1, most);
  };
  const size_t online =
      options.schedulers_online != 0 ? options.schedulers_online : options.schedulers;
  options.dirty_cpu_schedulers =
      part(parsing.dirty_cpu.total, parsing.dirty_cpu_percent.total, options.schedulers);
  options.dirty_cpu_schedulers_online =
      std::min(part(parsing.dirty_cpu.online, parsing.dirty_cpu_percent.online, online),
               options.dirty_cpu_schedulers);
}

Error bad_value(const Flag& flag, const std::string& value, const std::string& fault) {
  if (!fault.empty()) return make_error("%s", fault.c_str());
  std::string text = flag.wrong;
  const size_t place = text.find("%s");
  text.replace(std::min(place, text.size()), place == std::string::npos ? 0 : 2, value);
  return make_error("%s", text.c_str());
}

const Flag* find_flag(std::string_view word) {
  for (const Flag& flag : emulator_flag_table()) {
    if (word.starts_with(flag.name)) return &flag;
  }
  return nullptr;
}

Error unknown_flag(const std::string& emulator, const std::string& word) {
  if (word.starts_with("-s")) return make_error("bad scheduling option %s", word.c_str());
  if (word.starts_with("-z")) return make_error("bad -z option %s", word.c_str());
  return make_error("%s unknown flag %s", emulator.c_str(), word.c_str());
}

// Each set of descriptors has a thread at least.
Result<void> check_poll_counts(const Parsing& parsing) {
  const auto count = [](int given, int percent, size_t of) {
    if (given > 0) return given;
    return std::max(1, static_cast<int>(of) * percent / 100);
  };
  const int threads =
      count(parsing.poll_threads, parsing.poll_thread_percent, parsing.options.schedulers);
  const int sets = count(parsing.poll_sets, parsing.poll_set_percent, static_cast<size_t>(threads));
  if (sets <= threads) return {};
  return make_error(
      "number of IO poll threads has to be greater or equal to the number of \r\n"
      "IO pollsets. Current values are set to: \r\n  -IOt %d -IOp %d",
      threads, sets);
}

}  // namespace

void read_emulator_variables(const Environment& environment, const CommandLine& line,
                             VmOptions& options) {
  const auto number_in = [&](const char* variable) -> std::optional<int> {
    std::optional<std::string> text = environment.get(variable);
    for (const auto& [name, value] : line.variables) {
      if (name == variable) text = value;
    }
    return text ? std::optional(leading_number(*text)) : std::nullopt;
  };
  if (const auto tables = number_in("ERL_MAX_ETS_TABLES")) {
    options.table_limit = std::max(kLeastTableLimit, static_cast<size_t>(std::max(0, *tables)));
  }
  if (const auto ports = number_in("ERL_MAX_PORTS")) options.port_limit = rounded_limit(*ports);
  if (const auto minors = number_in("ERL_FULLSWEEP_AFTER")) {
    options.heap.fullsweep_after = static_cast<uint16_t>(*minors);
  }
}

Result<EmulatorFlags> read_emulator_flags(const std::string& emulator,
                                          const std::vector<std::string>& words,
                                          VmOptions& options) {
  EmulatorFlags result;
  Parsing parsing = {options, result, {processors(), processors()}};
  for (size_t i = 0; i < words.size(); ++i) {
    const Flag* flag =
        words[i].size() < 2 ? nullptr : find_flag(std::string_view(words[i]).substr(1));
    if (flag == nullptr) {
      return unknown_flag(emulator, words[i]);
    }
    const std::string_view word = std::string_view(words[i]).substr(1);
    const bool is_allocator = word[0] == 'M';
    size_t length = std::string_view(flag->name).size();
    if (is_allocator) length = JOIST_TRY(allocator_option_length(word));
    std::string value(word.substr(length));
    // +JPperf: the subject is part of the word, the value follows.
    const bool takes_next = flag->has_value && (value.empty() || word[0] == 'J');
    const bool may_take_next = flag->name[0] == 'B' || flag->name[0] == 'c';
    if (takes_next ||
        (may_take_next && value.empty() && i + 1 < words.size() && words[i + 1][0] != '-')) {
      if (i + 1 == words.size()) return make_error("missing value for %s", words[i].c_str());
      value = words[++i];
    }
    if (is_allocator) {
      JOIST_TRY(check_allocator_value(word, value));
    } else if (flag->set != nullptr && !flag->set(parsing, value)) {
      return bad_value(*flag, value, parsing.fault);
    }
  }
  JOIST_TRY(check_poll_counts(parsing));
  apply_scheduler_share(parsing);
  set_dirty_cpu_counts(parsing);
  return result;
}

std::string emulator_flags_help() {
  std::string text;
  for (const Flag& flag : emulator_flag_table()) {
    if (flag.help == nullptr) continue;
    const std::string_view help = flag.help;
    const size_t tab = help.find('\t');
    std::string left = "  " + std::string(help.substr(0, tab));
    left.resize(std::max<size_t>(left.size() + 1, 26), ' ');
    text += left + std::string(help.substr(tab + 2)) + "\n";
  }
  return text;
}

}  // namespace joist::erl
