#include "tools/erl/emulator_flag_table.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdlib>
#include <map>
#include <optional>
#include <string_view>

#include "vm/heap/sizes.h"
#include "vm/os/cpu_topology.h"
#include "vm/os/thread.h"

namespace joist::erl {

namespace {

constexpr int64_t kLeastLimit = 1024;
constexpr int64_t kGreatestLimit = 134'217'727;

std::optional<int64_t> number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool in_range(const std::string& text, int64_t low, int64_t high, size_t* to) {
  const std::optional<int64_t> value = number(text);
  if (!value || *value < low || *value > high) return false;
  *to = static_cast<size_t>(*value);
  return true;
}

// "Total:Online", either of which may be left out; not positive: that many less than processors.
bool read_pair(const std::string& text, int64_t all, int64_t* total, int64_t* online) {
  const size_t colon = text.find(':');
  const std::string first = text.substr(0, colon);
  const std::optional<int64_t> given = first.empty() ? all : number(first);
  if (!given) return false;
  *total = *given > 0 ? *given : all + *given;
  *online = std::min(*total, all);
  if (colon != std::string::npos) {
    const std::optional<int64_t> second = number(text.substr(colon + 1));
    if (!second) return false;
    *online = *second > 0 ? *second : all + *second;
  }
  return *total >= 1 && *total <= 1024 && *online >= 1 && *online <= *total;
}

bool set_schedulers(Parsing& to, const std::string& value) {
  int64_t total;
  int64_t online;
  if (!read_pair(value, processors(), &total, &online)) return false;
  to.options.schedulers = static_cast<size_t>(total);
  to.options.schedulers_online = static_cast<size_t>(online);
  return true;
}

bool set_scheduler_share(Parsing& to, const std::string& value) {
  return read_pair(value, 100, &to.scheduler_percent.total, &to.scheduler_percent.online);
}

bool set_table_limit(const std::string& value, size_t* to) {
  if (value == "legacy") return true;
  if (!in_range(value, kLeastLimit, kGreatestLimit, to)) return false;
  *to = rounded_limit(static_cast<int64_t>(*to));
  return true;
}
bool set_processes(Parsing& to, const std::string& value) {
  return set_table_limit(value, &to.options.process_limit);
}
bool set_ports(Parsing& to, const std::string& value) {
  return set_table_limit(value, &to.options.port_limit);
}

bool set_tables(Parsing& to, const std::string& value) {
  if (!in_range(value, 0, INT32_MAX, &to.options.table_limit)) return false;
  to.options.table_limit = std::max(kLeastTableLimit, to.options.table_limit);
  return true;
}

bool set_dirty_cpu(Parsing& to, const std::string& value) {
  return read_pair(value, processors(), &to.dirty_cpu.total, &to.dirty_cpu.online);
}

bool set_dirty_cpu_share(Parsing& to, const std::string& value) {
  const size_t colon = value.find(':');
  const std::string first = value.substr(0, colon);
  const std::optional<int64_t> total = first.empty() ? 100 : number(first);
  if (value.empty() || !total || *total < 0) return false;
  std::optional<int64_t> online = std::min<int64_t>(*total, 100);
  if (colon != std::string::npos) online = number(value.substr(colon + 1));
  if (!online || *online < 0) return false;
  to.dirty_cpu_percent = {*total, *online};
  return true;
}

bool set_dirty_io(Parsing& to, const std::string& value) {
  return in_range(value, 1, 1024, &to.options.dirty_io_schedulers);
}

bool set_busy_limit(Parsing& to, const std::string& value) {
  size_t kilobytes;
  if (!in_range(value, 1, INT32_MAX / 1024, &kilobytes)) return false;
  to.options.distribution_busy_limit = kilobytes * 1024;
  return true;
}
bool set_halt_flush_timeout(Parsing& to, const std::string& value) {
  const bool is_endless = value == "infinity";
  size_t milliseconds = 0;
  if (!is_endless && !in_range(value, 0, INT32_MAX, &milliseconds)) return false;
  to.options.halt_flush_timeout_ms = is_endless ? -1 : static_cast<int64_t>(milliseconds);
  return true;
}
bool set_atoms(Parsing& to, const std::string& value) {
  return in_range(value, 8192, INT32_MAX, &to.options.atom_limit);
}

bool set_async_threads(Parsing& to, const std::string& value) {
  size_t threads;
  if (!in_range(value, 0, 1024, &threads)) return false;
  to.options.async_threads = std::max<size_t>(1, threads);
  return true;
}

bool set_init(Parsing& to, const std::string& value) {
  to.flags.init = value;
  return true;
}

bool set_printable(Parsing& to, const std::string& value) {
  to.options.printable_unicode = value == "unicode";
  return value == "unicode" || value == "latin1";
}

bool set_file_names(Parsing& to, const std::string& value) {
  if (value.empty() || value.size() > 2) return false;
  if (value.size() == 2 && std::string_view("wie").find(value[1]) == std::string_view::npos) {
    return false;
  }
  if (value[0] == 'u') to.options.utf8_file_names = true;
  if (value[0] == 'l') to.options.utf8_file_names = false;
  return std::string_view("ula").find(value[0]) != std::string_view::npos;
}

bool set_break(Parsing& to, const std::string& value) {
  to.options.break_mode = value.empty() ? 'd' : value[0];
  return std::string_view("dic").find(to.options.break_mode) != std::string_view::npos;
}

bool set_warp(Parsing& to, const std::string& value) {
  static const std::map<std::string, TimeWarp> kModes = {{"no_time_warp", TimeWarp::kNone},
                                                         {"single_time_warp", TimeWarp::kSingle},
                                                         {"multi_time_warp", TimeWarp::kMulti}};
  const auto mode = kModes.find(value);
  if (mode == kModes.end()) return false;
  to.options.time_warp = mode->second;
  return true;
}

bool read_boolean(const std::string& value, bool* to) {
  *to = value == "true";
  return value == "true" || value == "false";
}

bool set_time_correction(Parsing& to, const std::string& value) {
  return read_boolean(value.empty() ? "true" : value, &to.options.time_correction);
}
bool set_port_parallelism(Parsing& to, const std::string& value) {
  return read_boolean(value, &to.options.port_parallelism);
}
bool set_compressed_tables(Parsing& to, const std::string&) {
  return to.options.tables_are_compressed = true;
}
bool set_no_dumps(Parsing& to, const std::string&) {
  to.options.dumps_after_own_errors = false;
  return true;
}
// --- heaps ---

bool set_least_heap(Parsing& to, const std::string& value) {
  size_t words;
  if (!in_range(value, 1, INT32_MAX, &words)) return false;
  to.options.heap.min_heap_words = next_heap_size(words);
  return true;
}
bool set_least_binary_heap(Parsing& to, const std::string& value) {
  size_t words;
  if (!in_range(value, 1, INT32_MAX, &words)) return false;
  to.options.heap.min_off_heap_bytes = next_heap_size(words) * sizeof(Word);
  return true;
}
bool set_greatest_heap(Parsing& to, const std::string& value) {
  return in_range(value, 0, Term::kMaxSmall, &to.options.heap.max_heap_words);
}
bool set_kill_at_greatest(Parsing& to, const std::string& value) {
  return read_boolean(value, &to.options.heap.kill_at_max_heap);
}
bool set_log_at_greatest(Parsing& to, const std::string& value) {
  return read_boolean(value, &to.options.heap.log_at_max_heap);
}
bool set_shared_in_greatest(Parsing& to, const std::string& value) {
  return read_boolean(value, &to.options.heap.max_includes_shared_binaries);
}
bool set_message_queues(Parsing& to, const std::string& value) {
  to.options.messages_off_heap = value == "off_heap";
  return value == "off_heap" || value == "on_heap";
}

bool is_positive(Parsing&, const std::string& value) {
  const std::optional<int64_t> given = number(value);
  return given && *given > 0;
}
bool is_timing_level(Parsing&, const std::string& value) {
  constexpr int64_t kMost = 9;
  const std::optional<int64_t> given = number(value);
  return given && *given >= 0 && *given <= kMost;
}
bool is_time(Parsing& to, const std::string& value) {
  return value == "infinity" || is_positive(to, value) || value == "0";
}
// As OTP reads it: this release or one of the two before it.
bool is_release(Parsing& to, const std::string& value) {
  const int release = leading_number(value);
  return release >= to.options.otp_release - 2 && release <= to.options.otp_release;
}
bool is_poll_thread_count(Parsing& to, const std::string& value) {
  constexpr int kMost = 1024;
  to.poll_threads = leading_number(value);
  return to.poll_threads >= 1 && to.poll_threads <= kMost;
}
bool is_poll_set_count(Parsing& to, const std::string& value) {
  to.poll_sets = leading_number(value);
  return to.poll_sets >= 1;
}
bool read_percentage(const std::string& value, int* to) {
  *to = leading_number(value);
  return *to >= 0 && *to <= 100 && value.find_first_of("0123456789") < 2;
}
bool is_poll_thread_share(Parsing& to, const std::string& value) {
  return read_percentage(value, &to.poll_thread_percent);
}
bool is_poll_set_share(Parsing& to, const std::string& value) {
  return read_percentage(value, &to.poll_set_percent);
}
bool set_topology(Parsing& to, const std::string& value) {
  Result<std::vector<LogicalCpu>> topology = parse_cpu_topology(value);
  if (!topology) {
    to.fault = "bad cpu topology '" + value + "': " + topology.error().text;
    return false;
  }
  to.options.topology = std::move(topology.value());
  to.options.reads_topology = false;
  return true;
}
bool skip_topology(Parsing& to, const std::string&) {
  to.options.reads_topology = false;
  return true;
}
bool is_port_signalling(Parsing&, const std::string& value) {
  return value == "s" || value == "a" || value == "d";
}

bool set_warnings(Parsing& to, const std::string& value) {
  if (value.empty() || std::string_view("iew").find(value[0]) == std::string_view::npos) {
    return false;
  }
  to.options.warnings_as = value[0];
  return true;
}

bool set_version(Parsing& to, const std::string&) {
  to.flags.shows_version = true;
  return true;
}

bool is_boolean(Parsing&, const std::string& value) { return value == "true" || value == "false"; }

bool is_one_of(std::string_view value, std::initializer_list<std::string_view> all) {
  return std::find(all.begin(), all.end(), value) != all.end();
}
bool is_busy_wait(Parsing&, const std::string& value) {
  return is_one_of(value, {"none", "very_short", "short", "medium", "long", "very_long"});
}
bool is_threshold(Parsing&, const std::string& value) {
  return is_one_of(value, {"very_low", "low", "medium", "high", "very_high"});
}
bool is_clean_up_threshold(Parsing&, const std::string& value) {
  return is_one_of(value, {"very_lazy", "lazy", "medium", "eager", "very_eager"});
}
bool is_wakeup_strategy(Parsing&, const std::string& value) {
  return is_one_of(value, {"default", "legacy"});
}
bool is_async_stack(Parsing&, const std::string& value) {
  size_t kilowords;
  return in_range(value, 16, 8192, &kilowords);
}
bool is_bind_type(Parsing&, const std::string& value) {
  return is_one_of(value, {"u", "ns", "ts", "ps", "s", "nnts", "nnps", "tnnps", "db"});
}
bool is_count(Parsing&, const std::string& value) {
  const std::optional<int64_t> given = number(value);
  return given && *given >= 0;
}

// Longer names before those they begin with.
constexpr Flag kFlags[] = {
    {"A", true, set_async_threads, "bad number of async threads ",
     "+A N\t threads of the async pool"},
    {"a", true, is_async_stack, "bad stack size for async threads ",
     "+a KILOWORDS\t their stacks: no effect, they are as large as all others"},
    {"B", false, set_break, "bad break option ",
     "+B[c|d|i]\t what Ctrl-C does: shell, nothing, ignored"},
    {"C", true, set_warp,
     "Invalid time warp mode: ", "+C MODE\t no_time_warp, single_time_warp or multi_time_warp"},
    {"c", false, set_time_correction,
     "Invalid time correnction value: ", "+c [BOOL]\t time correction: told, not followed"},
    {"dcg", true, is_count,
     "bad decentralized counter groups limit: ", "+dcg N\t groups of spread counters: no effect"},
    {"d", false, set_no_dumps, nullptr,
     "+d\t no erl_crash.dump after an error of the emulator itself"},
    {"ec", false, set_compressed_tables, nullptr, "+ec\t ETS tables are compressed by default"},
    {"e", true, set_tables, "bad maximum number of ets tables ", "+e N\t the most ETS tables"},
    {"fn", true, set_file_names, "bad filename encoding ",
     "+fn{u|l|a}[w|i|e]\t encoding of file names"},
    {"hmbs", true, set_least_binary_heap, "bad heap size ",
     "+hmbs WORDS\t least virtual heap for binaries of a process"},
    {"hms", true, set_least_heap, "bad heap size ", "+hms WORDS\t least heap of a process"},
    {"hpds", true, is_positive, "bad initial process dictionary size ",
     "+hpds N\t process dictionaries, at first: no effect, they grow as needed"},
    {"hmqd", true, set_message_queues, "Invalid message_queue_data flag: ",
     "+hmqd on_heap|off_heap\t message_queue_data of processes"},
    {"hmaxk", true, set_kill_at_greatest, "bad max heap kill ", nullptr},
    {"hmaxel", true, set_log_at_greatest, "bad max heap error logger ", nullptr},
    {"hmaxib", true, set_shared_in_greatest, "bad max heap include shared binaries ", nullptr},
    {"hmax", true, set_greatest_heap, "bad max heap size ",
     "+hmax[k|el|ib] X\t max_heap_size of processes"},
    {"h", true, set_least_heap, "bad heap size ", nullptr},
    {"i", true, set_init, nullptr, "+i MODULE\t boot with this module instead of init"},
    {"IOt", true, is_poll_thread_count, "bad I/O poll threads number: ", nullptr},
    {"IOp", true, is_poll_set_count, "bad I/O pollset number: ", nullptr},
    {"IOPt", true, is_poll_thread_share, "bad I/O poll thread percentage number: ", nullptr},
    {"IOPp", true, is_poll_set_share, "bad I/O pollset percentage number: ", nullptr},
    {"IOs", true, is_boolean,
     "bad +IOs boolean argument: ", "+IO{p|t|Pp|Pt|s} N\t poll threads: no effect, there is one"},
    {"J", true, nullptr, nullptr, "+J... X\t options of a JIT: no effect, there is none"},
    {"K", true, nullptr, nullptr, "+K BOOL\t polling by the kernel: no effect, it always does"},
    {"L", false, nullptr, nullptr, "+L\t no line numbers: no effect, they are loaded"},
    {"M", true, nullptr, nullptr,
     "+M... X\t options of OTP's allocators: no effect, there is another one"},
    {"n", true, is_port_signalling, "bad -n option ",
     "+n{s|a|d}\t signals to ports: no effect, they are as OTP has them"},
    {"pc", true, set_printable,
     "bad range of printable characters: ", "+pc {latin1|unicode}\t printable characters"},
    {"P", true, set_processes, "bad number of processes ", "+P N\t the most processes"},
    {"Q", true, set_ports, "bad number of ports ", "+Q N\t the most ports"},
    {"R", true, is_release, "bad compatibility release number ",
     "+R N\t compatibility with release N: no effect"},
    {"rg", true, is_count, "bad reader groups limit: ", "+rg N\t groups of readers: no effect"},
    {"r", false, nullptr, nullptr, "+r\t blocks always move: no effect"},
    {"SDPcpu", true, set_dirty_cpu_share, "bad dirty CPU schedulers percentage specifier ",
     "+SDPcpu T:O\t dirty CPU schedulers, in percent"},
    {"SDcpu", true, set_dirty_cpu, "bad amount of dirty CPU schedulers ",
     "+SDcpu N\t dirty CPU schedulers"},
    {"SDio", true, set_dirty_io, "bad number of dirty I/O schedulers ",
     "+SDio N\t dirty I/O schedulers"},
    {"SP", true, set_scheduler_share, "bad schedulers percentage specifier ",
     "+SP T:O\t schedulers, in percent of processors"},
    {"S", true, set_schedulers, "bad amount of schedulers ",
     "+S T:O\t schedulers, and how many of them are online"},
    {"sbtp", true, nullptr, nullptr, nullptr},
    {"sbt", true, is_bind_type, "setting scheduler bind type '%s' failed: invalid type",
     "+sbt TYPE\t binds schedulers to processors: no effect, they stay unbound"},
    {"sbwtdcpu", true, is_busy_wait, "bad dirty CPU scheduler busy wait threshold: ", nullptr},
    {"sbwtdio", true, is_busy_wait, "bad dirty IO scheduler busy wait threshold: ", nullptr},
    {"sbwt", true, is_busy_wait, "bad scheduler busy wait threshold: ",
     "+sbwt[dcpu|dio] X\t busy waiting of schedulers: no effect, it is short"},
    {"scl", true, is_boolean, "bad scheduler compact load value '%s'",
     "+scl BOOL\t compacts load: no effect, idle schedulers take from busy ones"},
    {"sct", true, set_topology, nullptr,
     "+sct TOPOLOGY\t what processors there are, as erlang:system_info(cpu_topology) tells"},
    {"secio", true, is_boolean, "bad schedule eager check I/O value ",
     "+secio BOOL\t eager checks of I/O: no effect, a thread of its own polls"},
    {"sfwi", true, is_count, "bad scheduler forced wakeup interval ",
     "+sfwi MS\t forced waking of schedulers: no effect, none is left asleep"},
    {"spp", true, set_port_parallelism, "bad port parallelism scheduling hint ",
     "+spp BOOL\t parallelism of ports that do not say"},
    {"ssrct", false, skip_topology, nullptr, "+ssrct\t the system is not asked for the topology"},
    {"sssdcpu", true, is_count, "bad stack size for dirty CPU scheduler threads ", nullptr},
    {"sssdio", true, is_count, "bad stack size for dirty IO scheduler threads ", nullptr},
    {"sss", true, is_count, "bad stack size for scheduler threads ",
     "+sss[dcpu|dio] N\t their stacks in kilowords: no effect, they have 2 MB"},
    {"stbt", true, is_bind_type, "setting scheduler bind type '%s' failed: invalid type",
     "+stbt TYPE\t as +sbt"},
    {"sub", true, is_boolean, "bad scheduler utilization balancing  value '%s'",
     "+sub BOOL\t balances use: no effect, idle schedulers take from busy ones"},
    {"swct", true, is_clean_up_threshold, "scheduler wake cleanup threshold: ", nullptr},
    {"swtdcpu", true, is_threshold, "bad dirty CPU scheduler wakeup threshold: ", nullptr},
    {"swtdio", true, is_threshold, "bad dirty IO scheduler wakeup threshold: ", nullptr},
    {"swt", true, is_threshold, "scheduler wakeup threshold: ", nullptr},
    {"sws", true, is_wakeup_strategy, "scheduler wakeup strategy: ",
     "+sw{ct|t|tdcpu|tdio|s} X\t when schedulers wake: no effect, as soon as there is work"},
    {"t", true, set_atoms, "bad atom table size ", "+t N\t the most atoms"},
    {"T", true, is_timing_level, "bad modified timing level ",
     "+T LEVEL\t other timing, for tests of OTP's emulator: no effect"},
    {"V", false, set_version, nullptr, "+V\t print the version and exit"},
    {"v", false, nullptr, nullptr, nullptr},
    {"W", true, set_warnings, "unrecognized warning_map option ",
     "+W{i|e|w}\t what warnings are logged as"},
    {"zdbbl", true, set_busy_limit,
     "Invalid dbbl limit: ", "+zdbbl KB\t more output to a node than this stops its senders"},
    {"zdntgc", true, is_time, "Invalid delayed node table gc: ",
     "+zdntgc S\t when nodes are forgotten: no effect, they never are"},
    {"zebwt", true, nullptr, nullptr, "+zebwt X\t busy waiting, internal: no effect"},
    {"zhft", true, set_halt_flush_timeout, "Invalid halt flush timeout ",
     "+zhft MS\t the longest flush of a halt"},
    {"zosrl", true, is_count, "Invalid outstanding requests limit ",
     "+zosrl N\t outstanding system requests, internal: no effect"},
};

}  // namespace

int leading_number(const std::string& text) {
  return static_cast<int>(strtol(text.c_str(), nullptr, 10));
}

int64_t processors() { return std::max(1, cpu_count().available); }

size_t rounded_limit(int64_t limit) {
  const auto given = static_cast<size_t>(std::clamp(limit, kLeastLimit, kGreatestLimit));
  return std::min(std::bit_ceil(given), static_cast<size_t>(kGreatestLimit));
}

std::span<const Flag> emulator_flag_table() { return kFlags; }

}  // namespace joist::erl
