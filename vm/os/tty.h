// The terminal: its modes and size, what the locale says about characters, and news of it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace joist {

enum class TerminalCheck : uint8_t { kTerminal, kOther, kNotOpen };
TerminalCheck check_terminal(int descriptor);

// -1: unknown. False: it has no size.
bool terminal_size(int descriptor, int* columns, int* rows);

// What a terminal does with characters before programs see them.
class TerminalModes {
 public:
  struct Changes {
    std::optional<bool> lines;    // input comes line by line, output with carriage returns
    std::optional<bool> echo;     // what is typed is shown
    std::optional<bool> signals;  // some characters are signals
  };
  // Both: 0, or the error number.
  int load(int descriptor);
  int apply(int descriptor) const;
  void change(const Changes& changes);
  friend bool operator==(const TerminalModes& a, const TerminalModes& b);

 private:
  static constexpr size_t kBytes = 64;
  alignas(8) unsigned char bytes_[kBytes] = {};  // struct termios
};

// 0 or the error number; *hung_up: nobody will write to (read from) the other end any more.
int check_hang_up(int descriptor, bool* hung_up);

struct TerminalTransfer {
  int64_t bytes;  // -1: error
  int error;
};
// At most `count` bytes; 0 bytes: closed. must_wait: there are none now. Never waits, though the
// descriptor would: what was seen to be there may have been taken by the break menu since.
TerminalTransfer read_terminal(int descriptor, uint8_t* to, size_t count, bool* must_wait);

// As if the bytes were typed at the terminal of the OS process, which the system must allow
// (dev.tty.legacy_tiocsti). 0 or the error number.
int type_at_terminal(std::span<const uint8_t> bytes);

// News of the terminal by a pipe: 'w' for a new size, 'c' when the OS process goes on after it was
// stopped. There is one such pipe in the OS process; the latest one gets the news.
class TerminalSignals {
 public:
  TerminalSignals() = default;
  ~TerminalSignals() { stop(); }
  TerminalSignals(const TerminalSignals&) = delete;
  TerminalSignals& operator=(const TerminalSignals&) = delete;

  // 0, or the error number.
  int start();
  void stop();
  int descriptor() const { return read_end_; }
  // 0 bytes: no news.
  TerminalTransfer read(uint8_t* news);

 private:
  int read_end_ = -1;
  int write_end_ = -1;
};

// Takes the characters of the environment's locale. Whether they are UTF-8.
bool use_locale_of_environment();
// Columns that it takes; -1: it is not printable. Both as the locale has it.
int character_width(int32_t character);
int text_width(std::span<const int32_t> text);
bool is_printable_byte(int byte);

}  // namespace joist
