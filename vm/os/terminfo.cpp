#include "vm/os/terminfo.h"

#include <curses.h>
// After curses.h, whose names it needs.
#include <term.h>
// Its macros are names here.
#undef lines

#include <cerrno>
#include <cstdio>

#include "vm/base/sync.h"

namespace joist::terminfo {

namespace {

// The library's own state is global, and tputs() hands out bytes through a function without a
// context; so are these.
Mutex library_mutex;
std::string* output JOIST_GUARDED_BY(library_mutex) = nullptr;
TERMINAL* terminal_of_setup JOIST_GUARDED_BY(library_mutex) = nullptr;

int put_byte(int byte) JOIST_NO_THREAD_SAFETY_ANALYSIS {
  output->push_back(static_cast<char>(byte));
  return 0;
}

std::string padded(const char* text) JOIST_REQUIRES(library_mutex) {
  std::string result;
  output = &result;
  tputs(text, 1, put_byte);
  output = nullptr;
  return result;
}

std::vector<Name> names_of(NCURSES_CONST char* const* names, NCURSES_CONST char* const* codes,
                           NCURSES_CONST char* const* full_names) {
  std::vector<Name> result;
  for (size_t i = 0; names[i] != nullptr && codes[i] != nullptr && full_names[i] != nullptr; ++i) {
    result.push_back({names[i], codes[i], full_names[i]});
  }
  return result;
}

}  // namespace

int setup() {
  MutexLock lock(library_mutex);
  int unused;
  if (setupterm(nullptr, -1, &unused) < 0) return errno;
  if (terminal_of_setup != nullptr) del_curterm(terminal_of_setup);
  terminal_of_setup = cur_term;
  return 0;
}

int load(const std::string& terminal) {
  MutexLock lock(library_mutex);
  if (tgetent(nullptr, terminal.c_str()) > 0) return 0;
  return errno != 0 ? errno : ENOENT;
}

int number(const std::string& capability) {
  MutexLock lock(library_mutex);
  return tgetnum(capability.c_str());
}

bool flag(const std::string& capability) {
  MutexLock lock(library_mutex);
  return tgetflag(capability.c_str()) != 0;
}

std::optional<std::string> string(const std::string& capability) {
  MutexLock lock(library_mutex);
  char room[BUFSIZ];
  char* next = room;
  const char* value = tgetstr(capability.c_str(), &next);
  if (value == nullptr) return std::nullopt;
  return value;
}

Known string_of_name(const std::string& capability, std::optional<std::string>* value) {
  MutexLock lock(library_mutex);
  const char* text = tigetstr(capability.c_str());
  if (reinterpret_cast<intptr_t>(text) == -1) return Known::kNo;
  if (text != nullptr) *value = text;
  return Known::kYes;
}

std::optional<std::string> with_position(const std::string& capability, int column, int row) {
  MutexLock lock(library_mutex);
  const char* text = tgoto(capability.c_str(), column, row);
  if (text == nullptr) return std::nullopt;
  return padded(text);
}

std::optional<std::string> with_parameters(const std::string& capability,
                                           std::span<const long> parameters) {
  MutexLock lock(library_mutex);
  const char* text = capability.c_str();
  if (!parameters.empty()) {
    long p[9] = {};
    for (size_t i = 0; i < parameters.size() && i < std::size(p); ++i) p[i] = parameters[i];
    text = tparm(text, p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8]);
    if (text == nullptr) return std::nullopt;
  }
  return padded(text);
}

std::vector<Name> flag_names() { return names_of(boolnames, boolcodes, boolfnames); }
std::vector<Name> number_names() { return names_of(numnames, numcodes, numfnames); }
std::vector<Name> string_names() { return names_of(strnames, strcodes, strfnames); }

}  // namespace joist::terminfo
