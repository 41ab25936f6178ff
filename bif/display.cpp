// Terms shown for debugging: erlang:display and its kin. Not part of the I/O system: the text
// goes straight to the standard streams. As in ERTS, which expects a terminal in raw mode, a new
// line there is "\r\n".
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>

#include "bif/registry.h"
#include "vm/codec/unicode.h"
#include "vm/heap/builder.h"
#include "vm/os/posix_error.h"
#include "vm/os/tty.h"
#include "vm/term/bits.h"
#include "vm/term/print.h"

namespace joist {
namespace {

bool write_text(std::FILE* stream, std::string_view text) {
  bool written = std::fwrite(text.data(), 1, text.size(), stream) == text.size();
  return std::fflush(stream) == 0 && written;
}

std::string with_carriage_returns(std::string_view text) {
  std::string result;
  for (char c : text) {
    if (c == '\n') result += '\r';
    result += c;
  }
  return result;
}

// The code points of a flat list as UTF-8; nullopt: anything else.
std::optional<std::string> text_of(Term list) {
  std::string text;
  for (; list.is_list(); list = list.tail()) {
    Term head = list.head();
    if (!head.is_small() || head.small_value() < 0) return std::nullopt;
    uint64_t code_point = static_cast<uint64_t>(head.small_value());
    if (!is_code_point(code_point)) return std::nullopt;
    uint8_t bytes[4];
    uint8_t* end = put_utf8(bytes, static_cast<uint32_t>(code_point));
    text.append(bytes, end);
  }
  if (!list.is_nil()) return std::nullopt;
  return text;
}

Term display_1(Process&, Term term) {
  write_text(stdout, with_carriage_returns(term_text(term) + '\n'));
  return atoms::true_;
}

// erts_debug:display/1 also returns what it shows.
Term debug_display_1(Process& p, Term term) {
  std::string text = term_text(term) + '\n';
  write_text(stdout, with_carriage_returns(text));
  return make_string(p.heap, text);
}

Term display_string_1(Process& p, Term list) {
  std::optional<std::string> text = text_of(list);
  if (!text) return p.badarg();
  write_text(stderr, with_carriage_returns(*text));
  return atoms::true_;
}

Term type(Process& p, std::string_view text) {
  const int error = type_at_terminal({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  if (error == 0) return atoms::true_;
  std::fprintf(stderr, "cannot type at the terminal: %s%s\r\n", strerror(error),
               error == EIO || error == EPERM ? " (see sysctl dev.tty.legacy_tiocsti)" : "");
  return p.badarg(must_atom(posix_error_name(error)));
}

// To standard output or error, or as if it was typed.
Term display_string_2(Process& p, Term device, Term data) {
  std::FILE* stream = device == must_atom("stdout")   ? stdout
                      : device == must_atom("stderr") ? stderr
                                                      : nullptr;
  if (stream == nullptr && !(device == must_atom("stdin"))) return p.badarg();
  ByteScratch scratch;
  std::optional<std::string> own;
  std::string_view text;
  if (is_binary(data)) {
    const ByteSpan bytes = binary_bytes(data, scratch);
    text = {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  } else {
    own = text_of(data);
    if (!own) return p.badarg();
    text = *own;
  }
  if (stream == nullptr) return type(p, text);
  write_text(stream, text);
  return atoms::true_;
}

Term display_nl_0(Process&) {
  write_text(stderr, "\r\n");
  return atoms::true_;
}

// erts_internal:term_to_string(Term, undefined | Limit): as a list of bytes.
Term term_to_string_2(Process& p, Term term, Term limit) {
  int64_t most = kPrintAll;
  if (limit != atoms::undefined) {
    if (!limit.is_small()) return p.badarg();
    most = limit.small_value();
    if (most <= 1 || most >= std::numeric_limits<int>::max()) return p.badarg();
  }
  return make_string(p.heap, term_text(term, most));
}

constexpr NativeEntry kDisplayNatives[] = {
    {"erlang", "display", native<display_1>},
    {"erlang", "display_nl", native<display_nl_0>},
    {"erlang", "display_string", native<display_string_1>, kShadowable},
    {"erlang", "display_string", native<display_string_2>},
    {"erts_debug", "display", native<debug_display_1>},
    {"erts_internal", "term_to_string", native<term_to_string_2>},
};

}  // namespace

std::span<const NativeEntry> display_natives() { return kDisplayNatives; }

}  // namespace joist
