#include "vm/os/tty.h"

#include <fcntl.h>
#include <langinfo.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <cctype>
#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstring>
#include <cwchar>

namespace joist {

namespace {

void set_flags(tcflag_t* flags, tcflag_t bits, bool on) {
  *flags = on ? *flags | bits : *flags & ~bits;
}

}  // namespace

TerminalCheck check_terminal(int descriptor) {
  if (isatty(descriptor) == 1) return TerminalCheck::kTerminal;
  return errno == EINVAL || errno == ENOTTY ? TerminalCheck::kOther : TerminalCheck::kNotOpen;
}

int type_at_terminal(std::span<const uint8_t> bytes) {
  const int terminal = open("/dev/tty", O_RDONLY | O_CLOEXEC);
  if (terminal < 0) return errno;
  int error = 0;
  for (size_t i = 0; i < bytes.size() && error == 0; ++i) {
    if (ioctl(terminal, TIOCSTI, &bytes[i]) != 0) error = errno;
  }
  close(terminal);
  return error;
}

bool terminal_size(int descriptor, int* columns, int* rows) {
  winsize size;
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0) return false;
  *columns = size.ws_col > 0 ? size.ws_col : -1;
  *rows = size.ws_row > 0 ? size.ws_row : -1;
  return true;
}

// --- modes ---

int TerminalModes::load(int descriptor) {
  termios modes;
  static_assert(sizeof modes <= kBytes);
  if (tcgetattr(descriptor, &modes) < 0) return errno;
  memcpy(bytes_, &modes, sizeof modes);
  return 0;
}

int TerminalModes::apply(int descriptor) const {
  termios modes;
  memcpy(&modes, bytes_, sizeof modes);
  return tcsetattr(descriptor, TCSANOW, &modes) < 0 ? errno : 0;
}

void TerminalModes::change(const Changes& changes) {
  termios modes;
  memcpy(&modes, bytes_, sizeof modes);
  // All bits of characters are wanted in any case.
  set_flags(&modes.c_iflag, ISTRIP, false);
  if (changes.lines) {
    set_flags(&modes.c_iflag, ICRNL, *changes.lines);
    set_flags(&modes.c_lflag, ICANON, *changes.lines);
    set_flags(&modes.c_oflag, OPOST, *changes.lines);
    if (!*changes.lines) {
      modes.c_cc[VMIN] = 1;
      modes.c_cc[VTIME] = 0;
    }
  }
  if (changes.echo) set_flags(&modes.c_lflag, ECHO, *changes.echo);
  if (changes.signals) {
    set_flags(&modes.c_iflag, BRKINT | IGNPAR | ICRNL | IXON | IXANY, *changes.signals);
    set_flags(&modes.c_lflag, ISIG | IEXTEN, *changes.signals);
  }
  memcpy(bytes_, &modes, sizeof modes);
}

bool operator==(const TerminalModes& a, const TerminalModes& b) {
  return memcmp(a.bytes_, b.bytes_, sizeof a.bytes_) == 0;
}

// --- input ---

int check_hang_up(int descriptor, bool* hung_up) {
  pollfd waiting = {descriptor, POLLHUP, 0};
  int count;
  do {
    count = poll(&waiting, 1, 0);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return errno;
  *hung_up = (waiting.revents & POLLHUP) != 0;
  return 0;
}

TerminalTransfer read_terminal(int descriptor, uint8_t* to, size_t count, bool* must_wait) {
  *must_wait = false;
  pollfd input = {descriptor, POLLIN, 0};
  if (poll(&input, 1, 0) == 0) {
    *must_wait = true;
    return {-1, EAGAIN};
  }
  const ssize_t result = read(descriptor, to, count);
  if (result >= 0) return {result, 0};
  *must_wait = errno == EAGAIN || errno == EINTR;
  return {-1, errno};
}

// --- signals ---

namespace {

// Signal handlers know nothing but what is global.
std::atomic<int> news_pipe{-1};
static_assert(std::atomic<int>::is_always_lock_free);

void tell_news(char news) {
  const int saved = errno;
  const int descriptor = news_pipe.load();
  if (descriptor >= 0) {
    while (write(descriptor, &news, 1) < 0 && errno == EINTR) {
    }
  }
  errno = saved;
}
void on_window_change(int) { tell_news('w'); }
void on_continue(int) { tell_news('c'); }

void set_handler(int signal, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(signal, &action, nullptr);
}

}  // namespace

int TerminalSignals::start() {
  stop();
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return errno;
  read_end_ = ends[0];
  write_end_ = ends[1];
  news_pipe.store(write_end_);
  set_handler(SIGWINCH, on_window_change);
  set_handler(SIGCONT, on_continue);
  return 0;
}

void TerminalSignals::stop() {
  if (read_end_ < 0) return;
  int own = write_end_;
  if (news_pipe.compare_exchange_strong(own, -1)) {
    set_handler(SIGWINCH, SIG_DFL);
    set_handler(SIGCONT, SIG_DFL);
  }
  close(read_end_);
  close(write_end_);
  read_end_ = write_end_ = -1;
}

TerminalTransfer TerminalSignals::read(uint8_t* news) {
  bool must_wait;
  const TerminalTransfer transfer = read_terminal(read_end_, news, 1, &must_wait);
  return must_wait ? TerminalTransfer{0, 0} : transfer;
}

// --- characters ---

bool use_locale_of_environment() {
  return setlocale(LC_CTYPE, "") != nullptr && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

int character_width(int32_t character) { return wcwidth(static_cast<wchar_t>(character)); }

int text_width(std::span<const int32_t> text) {
  static_assert(sizeof(wchar_t) == sizeof(int32_t));
  return wcswidth(reinterpret_cast<const wchar_t*>(text.data()), text.size());
}

bool is_printable_byte(int byte) { return isprint(static_cast<unsigned char>(byte)) != 0; }

}  // namespace joist
