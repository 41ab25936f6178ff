// From the words that a user gives `erl` to those that the emulator and OTP's init get, as OTP's
// erlexec does it (https://www.erlang.org/doc/man/erl.html).
//
//   erl +S 2 -sname a file  ->  emulator: -S 2
//                               init:     -root R -bindir B -progname erl -- -home H -- -sname a
//                               file
//
// Flags come from ERL_OTP<release>_FLAGS, ERL_AFLAGS, the command line, ERL_FLAGS and ERL_ZFLAGS,
// in that order, each ended by "--"; -args_file F stands for the words of a file.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "vm/base/result.h"
#include "vm/os/environment.h"

namespace joist::erl {

struct Installation {
  std::string root;    // of OTP
  std::string bindir;  // of the programs that belong to the emulator
  std::string progname;
  int release = 25;
};

struct CommandLine {
  std::vector<std::string> emulator;                           // flags, each "+x" as "-x"
  std::vector<std::string> init;                               // what OTP's init is started with
  std::vector<std::pair<std::string, std::string>> variables;  // -env
  std::string epmd;                 // program to start the port mapper with; by default "epmd"
  std::vector<std::string> manual;  // -man: what to run `man` with, instead of anything else
  bool detached = false;
  bool starts_epmd = false;
  bool shows_name = false;       // -emu_name_exit: print the emulator's name, and stop
  bool shows_arguments = false;  // -emu_args_exit: print what the emulator gets, and stop
};

// An error's text is what goes to standard error, with its line ends.
Result<CommandLine> read_command_line(const std::vector<std::string>& words,
                                      const Installation& installation,
                                      const Environment& environment);

}  // namespace joist::erl
