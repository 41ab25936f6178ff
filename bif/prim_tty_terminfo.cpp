// Natives of prim_tty that ask what the terminal can do: those of OTP 27 by the names of termcap,
// those of OTP 29 by the names of terminfo.
#include <algorithm>

#include "bif/integer_argument.h"
#include "bif/posix_result.h"
#include "bif/registry.h"
#include "vm/codec/iolist.h"
#include "vm/heap/map_build.h"
#include "vm/os/terminfo.h"

namespace joist {

namespace {

// What callers give is iodata that ends in a zero byte.
std::optional<std::string> name_of(Term iodata) {
  IolistBytes bytes;
  if (!bytes.load(iodata)) return std::nullopt;
  const ByteSpan span = bytes.bytes();
  return std::string(span.begin(), std::find(span.begin(), span.end(), 0));
}

Term call_failed(Process& p, const char* function, const char* reason) {
  return make_tuple(p.heap,
                    {atoms::error, make_tuple(p.heap, {must_atom(function), must_atom(reason)})});
}
Term ok_string(Process& p, const std::string& text) {
  return make_tuple(p.heap, {atoms::ok, make_binary(p.heap, text)});
}

// --- OTP 27 ---

Term tgetent_nif_1(Process& p, Term terminal) {
  const std::optional<std::string> name = name_of(terminal);
  if (!name) return p.badarg();
  const int error = terminfo::load(*name);
  return error == 0 ? atoms::ok : call_failed(p, "tgetent", posix_error_name(error));
}

Term tgetstr_nif_1(Process& p, Term capability) {
  const std::optional<std::string> name = name_of(capability);
  if (!name) return p.badarg();
  const std::optional<std::string> value = terminfo::string(*name);
  return value ? ok_string(p, *value) : atoms::false_;
}

Term go_to(Process& p, Term capability, Term column_term, Term row_term) {
  const std::optional<std::string> name = name_of(capability);
  int32_t column;
  int32_t row;
  if (!name || !to_narrow(column_term, &column) || !to_narrow(row_term, &row)) return p.badarg();
  const std::optional<std::string> text = terminfo::with_position(*name, column, row);
  return text ? ok_string(p, *text) : call_failed(p, "tgoto", "unknown");
}

Term tgoto_nif_1(Process& p, Term capability) {
  return go_to(p, capability, Term::small(0), Term::small(0));
}
Term tgoto_nif_2(Process& p, Term capability, Term column) {
  return go_to(p, capability, column, Term::small(0));
}
Term tgoto_nif_3(Process& p, Term capability, Term column, Term row) {
  return go_to(p, capability, column, row);
}

// --- both ---

Term number_nif_1(Process& p, Term capability) {
  const std::optional<std::string> name = name_of(capability);
  return name ? Term::small(terminfo::number(*name)) : p.badarg();
}

Term flag_nif_1(Process& p, Term capability) {
  const std::optional<std::string> name = name_of(capability);
  return name ? boolean(terminfo::flag(*name)) : p.badarg();
}

// --- OTP 29 ---

Term setupterm_nif_0(Process& p) {
  const int error = terminfo::setup();
  return error == 0 ? atoms::ok : call_failed(p, "setupterm", posix_error_name(error));
}

Term tigetstr_nif_1(Process& p, Term capability) {
  const std::optional<std::string> name = name_of(capability);
  if (!name) return p.badarg();
  std::optional<std::string> value;
  if (terminfo::string_of_name(*name, &value) == terminfo::Known::kNo) return p.badarg();
  return value ? ok_string(p, *value) : atoms::false_;
}

Term tputs_nif_2(Process& p, Term capability, Term parameter_list) {
  const std::optional<std::string> name = name_of(capability);
  if (!name) return p.badarg();
  constexpr size_t kMostParameters = 9;
  std::vector<long> parameters;
  for (; parameter_list.is_list(); parameter_list = parameter_list.tail()) {
    int64_t value;
    if (!to_int64(parameter_list.head(), &value) || parameters.size() == kMostParameters) {
      return p.badarg();
    }
    parameters.push_back(value);
  }
  if (!parameter_list.is_nil()) return p.badarg();
  const std::optional<std::string> text = terminfo::with_parameters(*name, parameters);
  return text ? ok_string(p, *text) : call_failed(p, "tparm", "unknown");
}

// The last one first.
Term names_list(Process& p, const std::vector<terminfo::Name>& names) {
  const Term name = must_atom("name");
  const Term code = must_atom("code");
  const Term full_name = must_atom("full_name");
  Term list = Term::nil();
  for (const terminfo::Name& entry : names) {
    const Term pairs[] = {name,      make_string(p.heap, entry.name),
                          code,      make_string(p.heap, entry.code),
                          full_name, make_string(p.heap, entry.full_name)};
    list = make_cons(p.heap, make_map(p.heap, pairs), list);
  }
  return list;
}

Term tinfo_nif_0(Process& p) {
  const Term pairs[] = {must_atom("bool"), names_list(p, terminfo::flag_names()),
                        must_atom("num"),  names_list(p, terminfo::number_names()),
                        must_atom("str"),  names_list(p, terminfo::string_names())};
  return make_map(p.heap, pairs);
}

constexpr NativeEntry kPrimTtyTerminfoNatives[] = {
    {"prim_tty", "setupterm_nif", native<setupterm_nif_0>},
    {"prim_tty", "tgetent_nif", native<tgetent_nif_1>},
    {"prim_tty", "tgetflag_nif", native<flag_nif_1>},
    {"prim_tty", "tgetnum_nif", native<number_nif_1>},
    {"prim_tty", "tgetstr_nif", native<tgetstr_nif_1>},
    {"prim_tty", "tgoto_nif", native<tgoto_nif_1>},
    {"prim_tty", "tgoto_nif", native<tgoto_nif_2>},
    {"prim_tty", "tgoto_nif", native<tgoto_nif_3>},
    {"prim_tty", "tigetflag_nif", native<flag_nif_1>},
    {"prim_tty", "tigetnum_nif", native<number_nif_1>},
    {"prim_tty", "tigetstr_nif", native<tigetstr_nif_1>},
    {"prim_tty", "tinfo_nif", native<tinfo_nif_0>},
    {"prim_tty", "tputs_nif", native<tputs_nif_2>},
};

}  // namespace

std::span<const NativeEntry> prim_tty_terminfo_natives() { return kPrimTtyTerminfoNatives; }

}  // namespace joist
