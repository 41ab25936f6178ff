// Signals of the OS as something a thread can wait for: their handler writes the number into a
// pipe. Dispositions belong to the whole OS process, so there is one pipe for all.
#pragma once

#include <optional>
#include <string_view>

#include "vm/base/result.h"

namespace joist {

enum class SignalAction { kDefault, kIgnore, kHandle };

// The number of "sigterm" and so on; nullopt: a program has no say in it.
std::optional<int> os_signal_number(std::string_view name);
// Its name; empty: none that os_signal_number() knows.
std::string_view os_signal_name(int number);

// kHandle needs the pipe. False: the OS refuses.
bool set_os_signal(int number, SignalAction action);

// Makes the pipe, if there is none yet. An error: no descriptors left.
Result<void> open_signal_pipe();
// Waits for the next handled signal; nullopt once the pipe is closed.
std::optional<int> next_os_signal();

// Waits for standard input or for that signal, whichever comes first, and takes the first character
// of what has come; nullopt: the signal, or the end of the input. Other signals are kept for
// next_os_signal().
std::optional<char> read_key_unless(int number);

}  // namespace joist
