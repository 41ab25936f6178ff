#include "vm/os/tty.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdlib>

#include "vm/os/terminfo.h"

using namespace joist;

namespace {

// A terminal whose other end is ours.
class Terminal {
 public:
  Terminal() {
    master = posix_openpt(O_RDWR | O_NOCTTY);
    REQUIRE(master >= 0);
    REQUIRE(grantpt(master) == 0);
    REQUIRE(unlockpt(master) == 0);
    slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    REQUIRE(slave >= 0);
  }
  ~Terminal() {
    if (slave >= 0) close(slave);
    close(master);
  }
  termios modes() const {
    termios result;
    REQUIRE(tcgetattr(slave, &result) == 0);
    return result;
  }

  int master;
  int slave;
};

}  // namespace

TEST_CASE("Terminals are told from other files") {
  const Terminal terminal;
  CHECK(check_terminal(terminal.slave) == TerminalCheck::kTerminal);
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  CHECK(check_terminal(ends[0]) == TerminalCheck::kOther);
  close(ends[0]);
  CHECK(check_terminal(ends[0]) == TerminalCheck::kNotOpen);
  bool hung_up = true;
  CHECK(check_hang_up(terminal.slave, &hung_up) == 0);
  CHECK_FALSE(hung_up);
  close(ends[1]);
}

TEST_CASE("Modes are changed one by one, and put back") {
  const Terminal terminal;
  TerminalModes found;
  REQUIRE(found.load(terminal.slave) == 0);
  TerminalModes wanted = found;
  CHECK(wanted == found);
  wanted.change({.lines = false, .echo = false, .signals = std::nullopt});
  CHECK_FALSE(wanted == found);
  REQUIRE(wanted.apply(terminal.slave) == 0);
  const termios raw = terminal.modes();
  CHECK((raw.c_lflag & (ICANON | ECHO)) == 0);
  CHECK((raw.c_lflag & ISIG) != 0);
  CHECK((raw.c_oflag & OPOST) == 0);
  CHECK(raw.c_cc[VMIN] == 1);
  wanted.change({.lines = std::nullopt, .echo = true, .signals = false});
  REQUIRE(wanted.apply(terminal.slave) == 0);
  CHECK((terminal.modes().c_lflag & (ICANON | ECHO | ISIG)) == ECHO);
  REQUIRE(found.apply(terminal.slave) == 0);
  CHECK((terminal.modes().c_lflag & (ICANON | ECHO | ISIG)) == (ICANON | ECHO | ISIG));
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  CHECK(TerminalModes().load(ends[0]) == ENOTTY);
  close(ends[0]);
  close(ends[1]);
}

TEST_CASE("A terminal has a size when somebody gave it one") {
  const Terminal terminal;
  int columns = 0;
  int rows = 0;
  CHECK(terminal_size(terminal.slave, &columns, &rows));
  CHECK(columns == -1);
  const winsize size = {24, 80, 0, 0};
  REQUIRE(ioctl(terminal.master, TIOCSWINSZ, &size) == 0);
  CHECK(terminal_size(terminal.slave, &columns, &rows));
  CHECK(columns == 80);
  CHECK(rows == 24);
}

TEST_CASE("News of the terminal come in order, to who asked last") {
  TerminalSignals first;
  REQUIRE(first.start() == 0);
  TerminalSignals second;
  REQUIRE(second.start() == 0);
  raise(SIGWINCH);
  raise(SIGCONT);
  uint8_t news = 0;
  CHECK(first.read(&news).bytes == 0);
  CHECK(second.read(&news).bytes == 1);
  CHECK(news == 'w');
  CHECK(second.read(&news).bytes == 1);
  CHECK(news == 'c');
  CHECK(second.read(&news).bytes == 0);
  first.stop();
  raise(SIGWINCH);
  CHECK(second.read(&news).bytes == 1);
}

TEST_CASE("Capabilities come from the data base of terminals") {
  REQUIRE(terminfo::load("xterm") == 0);
  CHECK(terminfo::number("co") == 80);
  CHECK(terminfo::flag("am"));
  CHECK_FALSE(terminfo::flag("no such flag"));
  CHECK(terminfo::string("ce") == "\x1b[K");
  CHECK_FALSE(terminfo::string("zz"));
  CHECK(terminfo::with_position("\x1b[%p1%dD", 0, 5) == "\x1b[5D");
  const long five = 5;
  CHECK(terminfo::with_parameters("\x1b[%p1%dD", {&five, 1}) == "\x1b[5D");
  CHECK(terminfo::with_parameters("plain", {}) == "plain");
  std::optional<std::string> value;
  CHECK(terminfo::string_of_name("el", &value) == terminfo::Known::kYes);
  CHECK(value == "\x1b[K");
  CHECK(terminfo::load("no such terminal") != 0);
}
