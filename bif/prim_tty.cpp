// Natives of prim_tty that use the terminal, for OTP 27 and for OTP 29, where some of them take
// other arguments. lib/kernel/src/prim_tty.erl shows their callers.
#include <cerrno>

#include "bif/integer_argument.h"
#include "bif/magic.h"
#include "bif/posix_result.h"
#include "bif/registry.h"
#include "vm/base/sync.h"
#include "vm/codec/iolist.h"
#include "vm/heap/io_queue.h"
#include "vm/io/read_watch.h"
#include "vm/os/file_descriptor.h"
#include "vm/os/tty.h"
#include "vm/proc/process_extras.h"
#include "vm/term/map.h"

namespace joist {

namespace {

constexpr int kInput = 0;
constexpr int kOutput = 1;
constexpr size_t kReadBytes = 1024;
constexpr size_t kBinariesPerWrite = 1024;

class Tty {
 public:
  // What a process does for the terminal; when it ends, the terminal is left as it was found, and
  // nobody waits for input any more.
  class Role final : public OwnedResource {
   public:
    Role(Process& p, Binary* tty) : OwnedResource(end), runtime_(*p.runtime), tty_(tty) {
      tty_->retain();
      p.make_extras().resources.add(*this);
    }

   private:
    static void end(OwnedResource* resource) {
      auto* role = static_cast<Role*>(resource);
      reinterpret_cast<Tty*>(role->tty_->bytes)->role_ended(role, role->runtime_.read_watch);
      role->tty_->release();
      delete role;
    }
    Runtime& runtime_;
    Binary* const tty_;
  };

  explicit Tty(int output) : output(output) {}

  // The process is the one that has set the terminal's modes, or that reads, from now on.
  void set_controller(Process& p, Term reference) { take_role(p, reference, &controller_); }
  void set_reader(Process& p, Term reference) { take_role(p, reference, &reader_); }

  const int output;
  bool has_terminal = false;
  TerminalModes found;   // what it was before
  TerminalModes wanted;  // what tty_init made of it
  TerminalSignals signals;

 private:
  struct Holder {
    Term pid = Term::none();
    Role* role = nullptr;
  };
  void take_role(Process& p, Term reference, Holder* holder) {
    MutexLock lock(mutex_);
    if (holder->role != nullptr && holder->pid == p.pid) return;
    *holder = {p.pid, new Role(p, Magic<Tty>::binary(reference))};
  }
  // `read_watch` is null when the VM ends.
  void role_ended(const Role* role, ReadWatch* read_watch) {
    MutexLock lock(mutex_);
    if (controller_.role == role) {
      controller_ = {};
      if (has_terminal) found.apply(kInput);
    }
    if (reader_.role == role) {
      reader_ = {};
      if (read_watch != nullptr) {
        read_watch->forget(kInput);
        if (signals.descriptor() >= 0) read_watch->forget(signals.descriptor());
      }
      signals.stop();
    }
  }

  Mutex mutex_;
  Holder controller_;
  Holder reader_;
};

// {error, {Function, Reason}}.
Term call_failed(Process& p, const char* function, int error) {
  const Term reason = must_atom(posix_error_name(error));
  return make_tuple(p.heap, {atoms::error, make_tuple(p.heap, {must_atom(function), reason})});
}
Term error_tuple(Process& p, const char* reason) {
  return make_tuple(p.heap, {atoms::error, must_atom(reason)});
}
Term ok_tuple(Process& p, Term value) { return make_tuple(p.heap, {atoms::ok, value}); }

bool to_descriptor(Term name, int* descriptor) {
  constexpr Term kNames[] = {atoms::stdin_, atoms::stdout_, atoms::stderr_};
  for (size_t i = 0; i < std::size(kNames); ++i) {
    *descriptor = static_cast<int>(i);
    if (name == kNames[i]) return true;
  }
  return false;
}

Term isatty_1(Process& p, Term name) {
  int descriptor;
  if (!to_descriptor(name, &descriptor)) return p.badarg();
  switch (check_terminal(descriptor)) {
    case TerminalCheck::kTerminal:
      return atoms::true_;
    case TerminalCheck::kOther:
      return atoms::false_;
    default:
      return must_atom("ebadf");
  }
}

Term create(Process& p, int output, bool find_modes) {
  const Term reference = Magic<Tty>::make(p, 0, output);
  Tty* tty = Magic<Tty>::get(reference);
  if (find_modes) {
    tty->has_terminal = tty->found.load(output) == 0;
    tty->wanted = tty->found;
  }
  return ok_tuple(p, reference);
}

// OTP 27: the modes are found by tty_init/3.
Term tty_create_0(Process& p) { return create(p, kOutput, false); }

Term tty_create_1(Process& p, Term name) {
  int output;
  if (!to_descriptor(name, &output) || output == kInput) return p.badarg();
  return create(p, output, true);
}

// The value of an option that is true, false, or not there.
std::optional<bool> switch_of(Term options, const char* name) {
  const Term* value = map_find(options, must_atom(name));
  if (value == nullptr) return std::nullopt;
  if (*value == atoms::true_) return true;
  if (*value == atoms::false_) return false;
  return std::nullopt;
}

// OTP 27: only remembers the modes; tty_set/1 makes them so.
Term tty_init_3(Process& p, Term reference, Term name, Term options) {
  int descriptor;
  Tty* tty = Magic<Tty>::get(reference);
  if (!to_descriptor(name, &descriptor) || !is_map(options) || tty == nullptr) return p.badarg();
  const int error = tty->found.load(descriptor);
  if (error != 0) return call_failed(p, "tcgetattr", error);
  tty->wanted = tty->found;
  tty->wanted.change(
      {switch_of(options, "canon"), switch_of(options, "echo"), switch_of(options, "sig")});
  tty->has_terminal = true;
  return atoms::ok;
}

Term tty_set_1(Process& p, Term reference) {
  Tty* tty = Magic<Tty>::get(reference);
  if (tty == nullptr) return p.badarg();
  if (tty->has_terminal) {
    const int error = tty->wanted.apply(kInput);
    if (error != 0) return call_failed(p, "tcsetattr", error);
  }
  tty->set_controller(p, reference);
  return atoms::ok;
}

// OTP 29: input => raw, or the modes that were found.
Term tty_init_2(Process& p, Term reference, Term options) {
  Tty* tty = Magic<Tty>::get(reference);
  if (tty == nullptr || !is_map(options)) return p.badarg();
  const Term* input = map_find(options, must_atom("input"));
  if (input == nullptr) return p.badarg();
  const bool raw = *input == must_atom("raw");
  if (!tty->has_terminal) return raw ? error_tuple(p, "enotsup") : atoms::ok;
  if (raw || !(tty->wanted == tty->found)) {
    tty->wanted = tty->found;
    if (raw) tty->wanted.change({.lines = false, .echo = false, .signals = std::nullopt});
    const int error = tty->wanted.apply(tty->output);
    if (error != 0) return call_failed(p, "tcsetattr", error);
  }
  tty->set_controller(p, reference);
  return atoms::ok;
}

Term tty_window_size_1(Process& p, Term reference) {
  const Tty* tty = Magic<Tty>::get(reference);
  if (tty == nullptr) return p.badarg();
  int columns = -1;
  int rows = -1;
  if (!terminal_size(kInput, &columns, &rows)) terminal_size(tty->output, &columns, &rows);
  if (columns < 0 && rows < 0) return error_tuple(p, "enotsup");
  return ok_tuple(p, make_tuple(p.heap, {Term::small(columns), Term::small(rows)}));
}

Term tty_encoding_1(Process&, Term) { return atoms::utf8; }

Term tty_is_open_2(Process& p, Term, Term name) {
  int descriptor;
  if (!to_descriptor(name, &descriptor)) return p.badarg();
  bool hung_up;
  const int error = check_hang_up(descriptor, &hung_up);
  return error != 0 ? call_failed(p, "tty_is_open", error) : boolean(!hung_up);
}

// --- reading and writing ---

// {select, Tty, Ref, ready_input} for the caller, once.
int watch(Process& p, Term tty, int descriptor, Term tag) {
  const Term message =
      make_tuple(p.heap, {must_atom("select"), tty, tag, must_atom("ready_input")});
  return p.runtime->read_watch->watch(descriptor, p.pid, message);
}

Term tty_select_2(Process& p, Term reference, Term tag) {
  Tty* tty = Magic<Tty>::get(reference);
  if (tty == nullptr) return p.badarg();
  watch(p, reference, kInput, tag);
  tty->set_reader(p, reference);
  return atoms::ok;
}

Term tty_select_3(Process& p, Term reference, Term signal_tag, Term input_tag) {
  Tty* tty = Magic<Tty>::get(reference);
  if (tty == nullptr) return p.badarg();
  const int error = tty->signals.start();
  if (error != 0) return call_failed(p, "pipe", error);
  watch(p, reference, tty->signals.descriptor(), signal_tag);
  return tty_select_2(p, reference, input_tag);
}

Term tty_read_signal_2(Process& p, Term reference, Term tag) {
  Tty* tty = Magic<Tty>::get(reference);
  if (tty == nullptr) return p.badarg();
  uint8_t news;
  const TerminalTransfer transfer = tty->signals.read(&news);
  if (transfer.bytes < 0) return call_failed(p, "read", transfer.error);
  if (transfer.bytes == 0) return error_tuple(p, "empty");
  watch(p, reference, tty->signals.descriptor(), tag);
  return ok_tuple(p, must_atom(news == 'w' ? "winch" : "cont"));
}

Term read_input(Process& p, Term reference, Term tag, size_t limit) {
  if (Magic<Tty>::get(reference) == nullptr) return p.badarg();
  uint8_t bytes[kReadBytes];
  bool must_wait;
  TerminalTransfer transfer = read_terminal(kInput, bytes, limit, &must_wait);
  if (transfer.bytes == 0) return error_tuple(p, "closed");
  if (transfer.bytes < 0 && !must_wait) return call_failed(p, "read", transfer.error);
  if (must_wait) transfer.bytes = 0;
  watch(p, reference, kInput, tag);
  return ok_tuple(p, make_binary(p.heap, ByteSpan(bytes, static_cast<size_t>(transfer.bytes))));
}

Term read_nif_2(Process& p, Term reference, Term tag) {
  return read_input(p, reference, tag, kReadBytes);
}

Term read_nif_3(Process& p, Term reference, Term tag, Term limit_term) {
  uint64_t limit;
  if (Magic<Tty>::get(reference) == nullptr || !to_uint64(limit_term, &limit)) return p.badarg();
  return read_input(p, reference, tag, limit < kReadBytes ? limit : kReadBytes);
}

Term write_nif_2(Process& p, Term reference, Term iovec) {
  const Tty* tty = Magic<Tty>::get(reference);
  if (tty == nullptr) return p.badarg();
  while (!iovec.is_nil()) {
    const std::optional<IovecPart> part = take_iovec(iovec, kBinariesPerWrite);
    if (!part || iovec.bits() == part->rest.bits()) return p.badarg();
    std::vector<ByteSpan> pieces;
    std::unique_ptr<ByteScratch[]> scratches(new ByteScratch[part->binaries.size()]);
    for (size_t i = 0; i < part->binaries.size(); ++i) {
      pieces.push_back(binary_bytes(part->binaries[i], scratches[i]));
    }
    const Transfer transfer = write_pieces_waiting(tty->output, pieces);
    if (transfer.bytes < 0) return posix_error_tuple(p, transfer.error);
    iovec = part->rest;
  }
  return atoms::ok;
}

// --- characters ---

Term setlocale_1(Process&, Term) { return boolean(use_locale_of_environment()); }

Term isprint_1(Process& p, Term character) {
  int32_t value;
  return to_narrow(character, &value) ? boolean(is_printable_byte(value)) : p.badarg();
}

Term wcwidth_1(Process& p, Term character) {
  int32_t value;
  if (!to_narrow(character, &value)) return p.badarg();
  const int width = character_width(value);
  return width < 0 ? error_tuple(p, "not_printable") : Term::small(width);
}

// Characters as the system's wide ones, 32 bits each.
Term wcswidth_1(Process& p, Term text) {
  IolistBytes bytes;
  if (!bytes.load(text)) return p.badarg();
  std::vector<int32_t> characters(bytes.bytes().size() / sizeof(int32_t));
  if (!characters.empty()) {
    memcpy(characters.data(), bytes.bytes().data(), characters.size() * sizeof(int32_t));
  }
  const int width = text_width(characters);
  return width < 0 ? error_tuple(p, "not_printable") : ok_tuple(p, Term::small(width));
}

Term sizeof_wchar_0(Process&) { return Term::small(sizeof(int32_t)); }

constexpr NativeEntry kPrimTtyNatives[] = {
    {"prim_tty", "isatty", native<isatty_1>},
    {"prim_tty", "isprint", native<isprint_1>},
    {"prim_tty", "read_nif", native<read_nif_2>, kDirtyIo},
    {"prim_tty", "read_nif", native<read_nif_3>, kDirtyIo},
    {"prim_tty", "setlocale", native<setlocale_1>},
    {"prim_tty", "sizeof_wchar", native<sizeof_wchar_0>},
    {"prim_tty", "tty_create", native<tty_create_0>},
    {"prim_tty", "tty_create", native<tty_create_1>},
    {"prim_tty", "tty_encoding", native<tty_encoding_1>},
    {"prim_tty", "tty_init", native<tty_init_2>},
    {"prim_tty", "tty_init", native<tty_init_3>},
    {"prim_tty", "tty_is_open", native<tty_is_open_2>},
    {"prim_tty", "tty_read_signal", native<tty_read_signal_2>},
    {"prim_tty", "tty_select", native<tty_select_2>},
    {"prim_tty", "tty_select", native<tty_select_3>},
    {"prim_tty", "tty_set", native<tty_set_1>},
    {"prim_tty", "tty_window_size", native<tty_window_size_1>},
    {"prim_tty", "wcswidth", native<wcswidth_1>},
    {"prim_tty", "wcwidth", native<wcwidth_1>},
    {"prim_tty", "write_nif", native<write_nif_2>, kDirtyIo},
};

}  // namespace

std::span<const NativeEntry> prim_tty_natives() { return kPrimTtyNatives; }

}  // namespace joist
