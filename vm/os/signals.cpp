#include "vm/os/signals.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>

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

std::optional<char> read_key_unless(int number) {
  std::string kept;
  std::optional<char> key;
  while (true) {
    pollfd ends[2] = {{0, POLLIN, 0}, {read_end.load(), POLLIN, 0}};
    if (poll(ends, 2, -1) < 0) {
      if (errno == EINTR) continue;
      break;
    }
    if (ends[1].revents != 0) {
      char byte;
      if (read(read_end.load(), &byte, 1) != 1 || byte == static_cast<char>(number)) break;
      kept += byte;
    } else if (ends[0].revents != 0) {
      // The rest of a line is not an answer.
      char line[64];
      if (read(0, line, sizeof line) > 0) key = line[0];
      break;
    }
  }
  [[maybe_unused]] const ssize_t written = write(write_end.load(), kept.data(), kept.size());
  return key;
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
