#include "vm/proc/trap_name.h"

#include <string_view>

#include "vm/proc/suspended.h"
#include "vm/term/atom.h"

namespace joist {

namespace {

constexpr std::string_view kListTrap = "list_to_binary_continue";
constexpr std::string_view kLaterListTrap = "list_to_bitstring_continue";

constexpr struct {
  std::string_view module;
  std::string_view function;
  uint32_t arity;
  std::string_view trap_module;
  std::string_view trap_function;
  uint32_t trap_arity;
  std::string_view later = {};  // its name from OTP 26 on
} kTraps[] = {
    {"erlang", "list_to_binary", 1, "erts_internal", kListTrap, 1, kLaterListTrap},
    {"erlang", "iolist_to_binary", 1, "erts_internal", kListTrap, 1, kLaterListTrap},
    {"erlang", "list_to_bitstring", 1, "erts_internal", kListTrap, 1, kLaterListTrap},
    {"binary", "list_to_bin", 1, "erts_internal", kListTrap, 1, kLaterListTrap},
    {"erlang", "binary_to_term", 1, "erts_internal", "binary_to_term_trap", 1},
    {"erlang", "binary_to_term", 2, "erts_internal", "binary_to_term_trap", 1},
    {"erlang", "term_to_binary", 1, "erts_internal", "term_to_binary_trap", 1},
    {"erlang", "term_to_binary", 2, "erts_internal", "term_to_binary_trap", 1},
    {"erlang", "processes", 0, "erlang", "ptab_list_continue", 2},
    {"re", "run", 2, "erlang", "re_run_trap", 3},
    {"re", "run", 3, "erlang", "re_run_trap", 3},
};

}  // namespace

std::optional<Mfa> trap_name(const Process& p, const Mfa& native) {
  if (p.suspended == nullptr) return native;
  const bool is_later = p.runtime->otp_release >= 26;
  const std::string_view module = atom_text(native.module);
  const std::string_view function = atom_text(native.function);
  if (module == "erlang" && function == "yield") return std::nullopt;
  for (const auto& trap : kTraps) {
    if (trap.module == module && trap.function == function && trap.arity == native.arity) {
      const std::string_view name =
          is_later && !trap.later.empty() ? trap.later : trap.trap_function;
      return Mfa{must_atom(trap.trap_module), must_atom(name), trap.trap_arity};
    }
  }
  return native;
}

}  // namespace joist
