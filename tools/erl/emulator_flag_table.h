// The emulator's flags, and what each of them sets; emulator_flags.h reads them.
#pragma once

#include <span>
#include <string>

#include "tools/erl/emulator_flags.h"

namespace joist::erl {

// How many schedulers there are and how many of them are online.
struct Pair {
  int64_t total;
  int64_t online;
};

struct Parsing {
  VmOptions& options;
  EmulatorFlags& flags;
  Pair dirty_cpu;
  Pair dirty_cpu_percent = {100, 100};
  Pair scheduler_percent = {100, 100};
  // +IO: how many, or 0; as a percentage of the schedulers and of the poll threads.
  int poll_threads = 0;
  int poll_sets = 0;
  int poll_thread_percent = 0;
  int poll_set_percent = 0;
  std::string fault = {};  // of a bad value, where it is not the flag's message with the value
};

// False: the value is not one.
using Setter = bool (*)(Parsing& to, const std::string& value);

struct Flag {
  const char* name;  // without its '-'
  bool has_value;
  Setter set;         // null: accepted, and changes nothing
  const char* wrong;  // the message for a bad value is this and the value
  const char* help;   // null: shares the next one's
};

// Longer names before those they begin with.
std::span<const Flag> emulator_flag_table();

// The number that a text begins with, as OTP often reads them: 0 if there is none.
int leading_number(const std::string& text);

int64_t processors();

// The limits of OTP's tables of processes and ports are powers of two, but for the greatest.
size_t rounded_limit(int64_t limit);

inline constexpr size_t kLeastTableLimit = 8192;

}  // namespace joist::erl
