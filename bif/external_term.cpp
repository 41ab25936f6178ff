// term_to_binary and its kin (erts documentation, module erlang).
#include "bif/binary_arguments.h"
#include "vm/codec/etf.h"
#include "vm/heap/builder.h"
#include "vm/proc/native.h"
#include "vm/term/bits.h"

namespace joist {

namespace {

// Bytes of an external term that cost a reduction.
constexpr size_t kBytesPerReduction = 64;

EncodeOptions default_options(Process& p) {
  EncodeOptions options = EncodeOptions::of_release(p.runtime->otp_release);
  options.this_node = p.runtime->node;
  options.local_key = p.runtime->local_term_key;
  options.resolver = p.runtime->externals;
  return options;
}

struct ParsedOptions {
  EncodeOptions encode;
  int level = 0;
};

bool parse_minor_version(Term version, EncodeOptions* options) {
  if (version == Term::small(0) || version == Term::small(1)) {
    options->new_floats = version == Term::small(1);
    options->utf8_atoms = false;
    return true;
  }
  options->new_floats = true;
  options->utf8_atoms = true;
  return version == Term::small(2);
}

bool parse_option(Process& p, Term option, ParsedOptions* parsed) {
  if (option == atoms::compressed) {
    parsed->level = -1;  // zlib's default
  } else if (option == atoms::deterministic) {
    parsed->encode.deterministic = true;
  } else if (option == atoms::local) {
    if (p.runtime->otp_release < 26) return false;
    parsed->encode.local = true;
  } else if (is_tuple(option) && tuple_size(option) == 2) {
    std::span<Term> pair = tuple_elements(option);
    if (pair[0] == atoms::minor_version) return parse_minor_version(pair[1], &parsed->encode);
    size_t level;
    if (pair[0] != atoms::compressed || !size_argument(pair[1], &level) || level > 9) return false;
    parsed->level = static_cast<int>(level);
  } else {
    return false;
  }
  return true;
}

bool parse_options(Process& p, Term options, ParsedOptions* parsed) {
  parsed->encode = default_options(p);
  for (; options.is_list(); options = options.tail()) {
    if (!parse_option(p, options.head(), parsed)) return false;
  }
  return options.is_nil() && !(parsed->encode.deterministic && parsed->encode.local);
}

Term encoded(Process& p, Term term, const ParsedOptions& options) {
  Term binary = external_binary(p.heap, term, options.encode, options.level);
  if (binary.is_none()) return p.system_limit();
  p.charge(static_cast<int64_t>(bits_size(binary) / 8 / kBytesPerReduction));
  return binary;
}

Term term_to_binary_1(Process& p, Term term) { return encoded(p, term, {default_options(p)}); }

Term term_to_binary_2(Process& p, Term term, Term options) {
  ParsedOptions parsed;
  if (!parse_options(p, options, &parsed)) return p.badarg();
  return encoded(p, term, parsed);
}

Term in_list(Process& p, Term binary) {
  return binary.is_none() ? binary : make_cons(p.heap, binary, Term::nil());
}

Term term_to_iovec_1(Process& p, Term term) { return in_list(p, term_to_binary_1(p, term)); }

Term term_to_iovec_2(Process& p, Term term, Term options) {
  return in_list(p, term_to_binary_2(p, term, options));
}

Term size_result(Process& p, Term term, const EncodeOptions& options) {
  std::optional<size_t> size = external_size(term, options);
  if (!size) return p.system_limit();
  p.charge(static_cast<int64_t>(*size / kBytesPerReduction));
  return make_unsigned(p.heap, *size);
}

Term external_size_1(Process& p, Term term) { return size_result(p, term, default_options(p)); }

Term external_size_2(Process& p, Term term, Term options) {
  ParsedOptions parsed;
  if (!parse_options(p, options, &parsed)) return p.badarg();
  return size_result(p, term, parsed.encode);
}

Term decoded(Process& p, Term binary, bool safe, bool with_used) {
  if (!is_binary(binary)) return p.badarg();
  ByteScratch scratch;
  ByteSpan bytes = binary_bytes(binary, scratch);
  DecodeOptions options;
  options.safe = safe;
  options.this_node = p.runtime->node;
  options.local_key = p.runtime->local_term_key;
  options.resolver = p.runtime->externals;
  std::optional<Decoded> result = decode_external(bytes, p.heap, options);
  if (!result) return p.badarg();
  p.charge(static_cast<int64_t>(result->used / kBytesPerReduction));
  if (!with_used) return result->term;
  return make_tuple(p.heap, {result->term, make_unsigned(p.heap, result->used)});
}

Term binary_to_term_1(Process& p, Term binary) { return decoded(p, binary, false, false); }

Term binary_to_term_2(Process& p, Term binary, Term options) {
  bool safe = false;
  bool used = false;
  for (; options.is_list(); options = options.tail()) {
    if (options.head() == atoms::safe) {
      safe = true;
    } else if (options.head() == atoms::used) {
      used = true;
    } else {
      return p.badarg(atoms::badopt);
    }
  }
  if (!options.is_nil()) return p.badarg(atoms::badopt);
  return decoded(p, binary, safe, used);
}

const NativeEntry kNatives[] = {
    {"erlang", "term_to_binary", native<term_to_binary_1>},
    {"erlang", "term_to_binary", native<term_to_binary_2>},
    {"erlang", "term_to_iovec", native<term_to_iovec_1>},
    {"erlang", "term_to_iovec", native<term_to_iovec_2>},
    {"erlang", "external_size", native<external_size_1>},
    {"erlang", "external_size", native<external_size_2>},
    {"erlang", "binary_to_term", native<binary_to_term_1>},
    {"erlang", "binary_to_term", native<binary_to_term_2>},
};

}  // namespace

std::span<const NativeEntry> external_term_natives() { return kNatives; }

}  // namespace joist
