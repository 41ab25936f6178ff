// Module os: environment variables and the identity of the OS process. Its times are in
// bif/erlang_time.cpp.
#include "bif/native_name.h"
#include "bif/registry.h"
#include "vm/heap/builder.h"
#include "vm/os/environment.h"
#include "vm/os/signals.h"
#include "vm/term/atom.h"

namespace joist {

namespace {

// A variable's name: '=' ends it for the OS.
std::optional<std::string> variable_name(Process& p, Term characters) {
  std::optional<std::string> name = native_name(p, characters);
  if (name && name->find('=') != std::string::npos) return std::nullopt;
  return name;
}

Term env_0(Process& p) {
  ListBuilder variables(p.heap);
  for (const std::string& variable : p.runtime->environment->all()) {
    std::string_view text = variable;
    size_t equals = text.find('=');
    Term name = characters_of_native(p, text.substr(0, equals));
    Term value = characters_of_native(p, text.substr(equals + 1));
    variables.add(make_tuple(p.heap, {name, value}));
  }
  return variables.finish();
}

Term getenv_1(Process& p, Term characters) {
  std::optional<std::string> name = variable_name(p, characters);
  if (!name) return p.badarg();
  std::optional<std::string> value = p.runtime->environment->get(*name);
  return value ? characters_of_native(p, *value) : atoms::false_;
}

Term putenv_2(Process& p, Term characters, Term value_characters) {
  std::optional<std::string> name = variable_name(p, characters);
  std::optional<std::string> value = native_name(p, value_characters);
  if (!name || !value) return p.badarg();
  p.runtime->environment->set(*name, *value);
  return atoms::true_;
}

Term unsetenv_1(Process& p, Term characters) {
  std::optional<std::string> name = variable_name(p, characters);
  if (!name) return p.badarg();
  p.runtime->environment->unset(*name);
  return atoms::true_;
}

Term getpid_0(Process& p) { return make_string(p.heap, std::to_string(os_process_id())); }

// Signals that a program may handle itself. SIGINT is the emulator's own; the terminal's came with
// OTP 28 (facts/releases.md).
bool may_be_set(std::string_view name, int otp_release) {
  if (name == "sigint") return false;
  return otp_release >= 28 || (name != "sigwinch" && name != "sigcont");
}

std::optional<SignalAction> signal_action(Term option) {
  const std::string_view name = option.is_atom() ? atom_text(option) : std::string_view();
  if (name == "default") return SignalAction::kDefault;
  if (name == "ignore") return SignalAction::kIgnore;
  if (name == "handle") return SignalAction::kHandle;
  return std::nullopt;
}

Term set_signal_2(Process& p, Term signal, Term option) {
  const std::optional<SignalAction> action = signal_action(option);
  if (!action) return p.badarg(atoms::badopt);
  if (!signal.is_atom()) return p.badarg();
  const std::string_view name = atom_text(signal);
  const std::optional<int> number = os_signal_number(name);
  if (!number || !may_be_set(name, p.runtime->otp_release)) return p.badarg();
  // No program has a say in SIGSTOP, and OTP does not mind.
  const bool done = name == "sigstop" || set_os_signal(*number, *action);
  return done ? Term(atoms::ok) : p.badarg();
}

constexpr NativeEntry kOsNatives[] = {
    {"os", "env", native<env_0>},
    {"os", "getenv", native<getenv_1>},
    {"os", "getpid", native<getpid_0>},
    {"os", "putenv", native<putenv_2>},
    {"os", "set_signal", native<set_signal_2>},
    {"os", "unsetenv", native<unsetenv_1>},
};

}  // namespace

std::span<const NativeEntry> os_natives() { return kOsNatives; }

}  // namespace joist
