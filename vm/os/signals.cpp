#include "vm/os/signals.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace joist {

namespace {

struct Name {
  std::string_view text;
  int number;
};
constexpr Name kNames[] = {{"sighup", SIGHUP},    {"sigint", SIGINT},   {"sigquit", SIGQUIT},
                           {"sigabrt", SIGABRT},  {"sigalrm", SIGALRM}, {"sigterm", SIGTERM},
                           {"sigusr1", SIGUSR1},  {"sigusr2", SIGUSR2}, {"sigchld", SIGCHLD},
                           {"sigstop", SIGSTOP},  {"sigtstp", SIGTSTP}, {"sigcont", SIGCONT},
                           {"sigwinch", SIGWINCH}};

// The ends of the pipe; a handler may look at nothing else.
std::atomic<int> write_end{-1};
std::atomic<int> read_end{-1};

void write_number(int number) {
  const int saved = errno;
  const auto byte = static_cast<unsigned char>(number);
  // A full pipe has lost signals before: they are not counted.
  [[maybe_unused]] const ssize_t written = write(write_end.load(), &byte, 1);
  errno = saved;
}

}  // namespace

std::optional<int> os_signal_number(std::string_view name) {
  for (const Name& each : kNames) {
    if (each.text == name) return each.number;
  }
  return std::nullopt;
}

std::string_view os_signal_name(int number) {
  for (const Name& each : kNames) {
    if (each.number == number) return each.text;
  }
  return {};
}

bool set_os_signal(int number, SignalAction action) {
  struct sigaction disposition = {};
  sigemptyset(&disposition.sa_mask);
  disposition.sa_flags = SA_RESTART;
  switch (action) {
    case SignalAction::kDefault:
      disposition.sa_handler = SIG_DFL;
      break;
    case SignalAction::kIgnore:
      disposition.sa_handler = SIG_IGN;
      break;
    case SignalAction::kHandle:
      disposition.sa_handler = write_number;
      break;
  }
  return sigaction(number, &disposition, nullptr) == 0;
}

Result<void> open_signal_pipe() {
  if (read_end.load() >= 0) return {};
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return make_error("no pipe: %s", std::strerror(errno));
  fcntl(ends[1], F_SETFL, O_NONBLOCK);
  read_end.store(ends[0]);
  write_end.store(ends[1]);
  return {};
}

std::optional<int> next_os_signal() {
  while (true) {
    unsigned char byte;
    const ssize_t count = read(read_end.load(), &byte, 1);
    if (count == 1) return byte;
    if (count == 0 || errno != EINTR) return std::nullopt;
  }
}

}  // namespace joist
