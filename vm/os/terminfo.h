// What the terminal can do, from the terminfo data base. The library keeps one terminal for the
// whole OS process; calls from several threads wait for each other.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace joist::terminfo {

// Begins with the terminal that TERM names (setup), or with one of that name. 0, or the error
// number.
int setup();
int load(const std::string& terminal);

// Capabilities by their short termcap names, or (`string_of_name`) by their terminfo names.
int number(const std::string& capability);  // -1: not there
bool flag(const std::string& capability);
std::optional<std::string> string(const std::string& capability);
enum class Known : bool { kNo, kYes };
// kNo: there is no such capability.
Known string_of_name(const std::string& capability, std::optional<std::string>* value);

// Both put parameters into a capability's string, and padding; nothing: the library refuses.
std::optional<std::string> with_position(const std::string& capability, int column, int row);
std::optional<std::string> with_parameters(const std::string& capability,
                                           std::span<const long> parameters);

// All names there are.
struct Name {
  const char* name;
  const char* code;  // of termcap
  const char* full_name;
};
std::vector<Name> flag_names();
std::vector<Name> number_names();
std::vector<Name> string_names();

}  // namespace joist::terminfo
