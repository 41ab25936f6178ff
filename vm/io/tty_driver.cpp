// tty_sl: the terminal as the shells of OTP up to 25 use it, {spawn, "tty_sl -c -e"}. Commands are
// operations on the line that is edited (vm/io/tty_line.h); what is typed goes to the owner.
#include <algorithm>

#include "vm/codec/unicode.h"
#include "vm/heap/builder.h"
#include "vm/io/drivers.h"
#include "vm/io/ports.h"
#include "vm/io/tty_line.h"
#include "vm/os/stream.h"
#include "vm/os/terminfo.h"
#include "vm/os/tty.h"

namespace joist {

namespace {

constexpr int kTerminal = 0;
constexpr int kDefaultColumns = 80;
constexpr int kDefaultRows = 24;

// First byte of a command (user_drv.erl).
enum Operation : uint8_t { kPut, kMove, kInsert, kErase, kBeep, kPutSync };
// port_control.
constexpr uint32_t kControlBase = 0x018b0900;
enum Control : uint32_t { kGetWindowSize = 100, kGetUnicode = 101, kSetUnicode = 102 };

// Behind so many bytes of output the answer to kPutSync waits.
constexpr size_t kMuchOutput = 1024;
// Behind so many cells a line is ended.
constexpr size_t kLongestLine = 1 << 16;

class TtyDriver final : public PortDriver {
 public:
  TtyDriver(Port& port, TtyLine line, const TerminalModes& modes)
      : port_(port), line_(std::move(line)), modes_(modes) {
    set_blocking(kTerminal, false);
    port_.watch(kTerminal, readiness::kRead);
    if (signals_.start() == 0) port_.watch(signals_.descriptor(), readiness::kRead);
  }

  void output(OutputData data) override {
    const std::vector<uint8_t> bytes = data.joined();
    if (bytes.empty()) return;
    update_columns();
    if (line_.position() > kLongestLine) line_.put(ByteSpan(kNewLine, 1));
    perform(bytes[0], ByteSpan(bytes).subspan(1));
    const std::string shown = line_.take_output();
    queue_.append({reinterpret_cast<const uint8_t*>(shown.data()), shown.size()});
    const bool waits_already = queue_.size() != shown.size();
    if (!waits_already && !write_queue()) return;
    if (bytes[0] != kPutSync) return;
    owes_answer_ = true;
    answer_if_due();
  }

  bool control(uint32_t operation, ByteSpan data, std::vector<uint8_t>* reply) override {
    switch (operation - kControlBase) {
      case kGetWindowSize:
        reply_window_size(reply);
        return true;
      case kGetUnicode:
        reply->push_back(line_.utf8() ? 1 : 0);
        return true;
      case kSetUnicode:
        if (data.empty()) return true;
        reply->push_back(line_.utf8() ? 1 : 0);
        line_.set_utf8(data[0] != 0);
        return true;
      default:
        return false;
    }
  }

  void ready_input(int descriptor) override {
    if (descriptor != kTerminal) return read_news();
    uint8_t buffer[1024];
    std::copy(incomplete_.begin(), incomplete_.end(), buffer);
    const size_t kept = incomplete_.size();
    const StreamResult result = read_stream(kTerminal, buffer + kept, sizeof buffer - kept);
    if (result.must_wait()) return;
    if (result.bytes < 0) return port_.fail(result.error);
    if (result.bytes == 0) return port_.fail_end_of_file();
    incomplete_.clear();
    deliver_typed({buffer, kept + static_cast<size_t>(result.bytes)});
  }

  void ready_output(int) override { write_queue(); }

  void stop() override {
    if (stopped_) return;
    stopped_ = true;
    queue_.clear();
    port_.forget(kTerminal);
    if (signals_.descriptor() >= 0) port_.forget(signals_.descriptor());
    signals_.stop();
    set_blocking(kTerminal, true);
    port_.ports().release_terminal();
  }

  size_t queued() const override { return queue_.size(); }

 private:
  static constexpr uint8_t kNewLine[] = {'\n'};

  static int read_count(ByteSpan bytes) {
    return bytes.size() < 2 ? 0 : static_cast<int16_t>(bytes[0] << 8 | bytes[1]);
  }

  void perform(uint8_t operation, ByteSpan rest) {
    switch (operation) {
      case kPut:
      case kPutSync:
        return line_.put(rest);
      case kMove:
        return line_.move(read_count(rest));
      case kInsert:
        return line_.insert(rest);
      case kErase:
        return line_.erase(read_count(rest));
      case kBeep:
        return line_.beep();
      default:
        return;
    }
  }

  // False: the port has ended.
  bool write_queue() {
    ByteSpan pieces[kMostPieces];
    while (!queue_.empty()) {
      const size_t count = queue_.peek(pieces);
      const StreamResult result = write_stream(kTerminal, {pieces, count});
      if (result.must_wait()) {
        port_.watch(kTerminal, readiness::kWrite);
        break;
      }
      if (result.bytes < 0) {
        port_.fail(result.error);
        return false;
      }
      queue_.drop(static_cast<size_t>(result.bytes));
    }
    if (queue_.empty()) port_.unwatch(kTerminal, readiness::kWrite);
    answer_if_due();
    return true;
  }

  void answer_if_due() {
    if (!owes_answer_ || queue_.size() > kMuchOutput) return;
    owes_answer_ = false;
    port_.tell_owner(atoms::ok);
  }

  void deliver_typed(ByteSpan bytes) {
    if (line_.utf8()) {
      const Utf8Scan scan = scan_utf8(bytes);
      const ByteSpan rest = bytes.subspan(scan.bytes);
      if (scan.status == Utf8Status::kOk ||
          (scan.status == Utf8Status::kIncomplete && is_utf8_prefix(rest))) {
        incomplete_.assign(rest.begin(), rest.end());
        return port_.deliver_data(bytes.first(scan.bytes));
      }
      line_.set_utf8(false);  // it is no such terminal after all
    }
    std::vector<uint8_t> utf8(latin1_utf8_size(bytes));
    put_latin1_as_utf8(utf8.data(), bytes);
    port_.deliver_data(utf8);
  }

  void update_columns() {
    int columns;
    int rows;
    if (terminal_size(kTerminal, &columns, &rows) && columns > 0) line_.set_columns(columns);
  }

  static void reply_window_size(std::vector<uint8_t>* reply) {
    int size[2];
    if (!terminal_size(kTerminal, &size[0], &size[1])) size[0] = size[1] = 0;
    if (size[0] <= 0) size[0] = kDefaultColumns;
    if (size[1] <= 0) size[1] = kDefaultRows;
    const auto* bytes = reinterpret_cast<const uint8_t*>(size);
    reply->insert(reply->end(), bytes, bytes + sizeof size);
  }

  // After it was stopped, and somebody else had the terminal, its modes are set again.
  void read_news() {
    uint8_t news;
    while (signals_.read(&news).bytes > 0) {
      if (news == 'c') modes_.apply(kTerminal);
    }
  }

  Port& port_;
  TtyLine line_;
  const TerminalModes modes_;
  TerminalSignals signals_;
  OutputData queue_;
  std::vector<uint8_t> incomplete_;  // the beginning of a character
  bool owes_answer_ = false;
  bool stopped_ = false;
};

// "tty_sl -c -e": + and - turn lines (c), echo (e) and signals (s) on and off.
TerminalModes::Changes read_changes(const std::string& command) {
  TerminalModes::Changes changes;
  for (size_t at = command.find(' '); at != std::string::npos; at = command.find(' ', at + 1)) {
    const std::string word = command.substr(at + 1, 2);
    if (word.size() < 2 || (word[0] != '+' && word[0] != '-')) continue;
    const bool on = word[0] == '+';
    if (word[1] == 'c') changes.lines = on;
    if (word[1] == 'e') changes.echo = on;
    if (word[1] == 's') changes.signals = on;
  }
  return changes;
}

std::optional<TtyLine::Terminal> read_terminal() {
  if (terminfo::setup() != 0) return std::nullopt;
  const std::optional<std::string> up = terminfo::string("up");
  const std::optional<std::string> right = terminfo::string("nd");
  if (!up || !right) return std::nullopt;
  TtyLine::Terminal terminal;
  terminal.up = *up;
  terminal.right = *right;
  terminal.down = terminfo::string("do").value_or("\n");
  terminal.left = terminfo::flag("bs") ? "\b" : terminfo::string("bc").value_or("\b");
  terminal.wraps_late = terminfo::flag("xn");
  const int columns = terminfo::number("co");
  terminal.columns = columns > 0 ? columns : kDefaultColumns;
  return terminal;
}

DriverStart start_tty(Port& port, const std::string& command, const PortOptions&) {
  if (check_terminal(0) != TerminalCheck::kTerminal) return {};
  if (check_terminal(1) != TerminalCheck::kTerminal) return {};
  std::optional<TtyLine::Terminal> terminal = read_terminal();
  TerminalModes former;
  if (!terminal || former.load(kTerminal) != 0) return {};
  TerminalModes modes = former;
  modes.change(read_changes(command));
  if (!port.ports().take_terminal(kTerminal, former)) return {};
  if (modes.apply(kTerminal) != 0) {
    port.ports().release_terminal();
    return {};
  }
  TtyLine line(std::move(*terminal), use_locale_of_environment());
  return {std::make_unique<TtyDriver>(port, std::move(line), modes)};
}

}  // namespace

const DriverInfo& tty_driver() {
  static constexpr DriverInfo info{.name = "tty_sl", .start = start_tty};
  return info;
}

}  // namespace joist
