// term_to_binary and its kin (erts documentation, module erlang).
#include <algorithm>

#include "bif/binary_arguments.h"
#include "bif/in_slices.h"
#include "bif/large_argument.h"
#include "vm/codec/etf_tags.h"
#include "vm/heap/binary.h"
#include "vm/sched/external_options.h"
#include "vm/sched/online.h"
#include "vm/term/bits.h"

namespace joist {

namespace {

// Bytes of an external term that cost a reduction.
constexpr size_t kBytesPerReduction = 64;

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
  parsed->encode = encode_options(*p.runtime);
  for (; options.is_list(); options = options.tail()) {
    if (!parse_option(p, options.head(), parsed)) return false;
  }
  return options.is_nil() && !(parsed->encode.deterministic && parsed->encode.local);
}

// Fewer bytes are not worth slices.
constexpr size_t kShort = 16384;

Term encoded(Process& p, Term term, const ParsedOptions& options,
             std::initializer_list<Term> arguments) {
  if (p.suspended == nullptr && options.level == 0) {
    StepBudget budget(p);
    const std::optional<size_t> size = external_size(term, options.encode, &budget.left());
    // As much as the rest of the slice allows: what is long is measured once more in slices.
    const auto affordable = static_cast<size_t>(std::max<int64_t>(budget.left(), 0));
    if (size && *size <= std::max(kShort, affordable * kBytesPerStep)) {
      uint8_t* bytes;
      Term binary = must_make_bits(p.heap, *size * 8, &bytes);
      encode_external(term, options.encode, bytes);
      budget.left() -= static_cast<int64_t>(*size) / kBytesPerStep;
      return binary;
    }
  }
  return in_slices<ExternalEncoding>(
      p, arguments, [&] { return ExternalEncoding(p.heap, term, options.encode, options.level); },
      [](ExternalEncoding& encoding) { return encoding.result(); },
      [](Process& process) { return process.system_limit(); });
}

// zlib does not work in slices.
bool compresses_much(const Process& p, Term term, const ParsedOptions& options) {
  return options.level != 0 && is_for_dirty(p, term);
}

Term term_to_binary_1(Process& p, Term term) {
  return encoded(p, term, {encode_options(*p.runtime)}, {term});
}

Term term_to_binary_2(Process& p, Term term, Term options) {
  ParsedOptions parsed;
  if (!parse_options(p, options, &parsed)) return p.badarg();
  if (compresses_much(p, term, parsed)) return hand_over(p, {term, options});
  return encoded(p, term, parsed, {term, options});
}

Term in_list(Process& p, Term binary) {
  return binary.is_none() ? binary : make_cons(p.heap, binary, Term::nil());
}

Term term_to_iovec_1(Process& p, Term term) { return in_list(p, term_to_binary_1(p, term)); }

Term term_to_iovec_2(Process& p, Term term, Term options) {
  ParsedOptions parsed;
  if (!parse_options(p, options, &parsed)) return p.badarg();
  if (compresses_much(p, term, parsed)) return hand_over(p, {term, options});
  return in_list(p, encoded(p, term, parsed, {term, options}));
}

Term size_result(Process& p, Term term, const EncodeOptions& options,
                 std::initializer_list<Term> arguments) {
  return in_slices<ExternalMeasure>(
      p, arguments, [&] { return ExternalMeasure(term, options); },
      [&p](ExternalMeasure& measure) { return make_unsigned(p.heap, measure.size()); },
      [](Process& process) { return process.system_limit(); });
}

Term external_size_1(Process& p, Term term) {
  return size_result(p, term, encode_options(*p.runtime), {term});
}

Term external_size_2(Process& p, Term term, Term options) {
  ParsedOptions parsed;
  if (!parse_options(p, options, &parsed)) return p.badarg();
  return size_result(p, term, parsed.encode, {term, options});
}

// Whether a compressed term holds so many bytes that a dirty thread is to decode it, or has.
bool inflates_much(Process& p, Term binary) {
  constexpr size_t kHead = 6;  // version, tag, size
  if (!on_scheduler(p) || bits_size(binary) < kHead * 8) return false;
  ByteScratch scratch;
  const ByteSpan head = contiguous_bytes(bits_view(binary).part(0, kHead * 8), scratch);
  return head[1] == etf::kCompressed &&
         etf::load32(head.data() + 2) > kLargeTermWords * sizeof(Word);
}

Term refuse_external(Process& p) {
  return atom_count() >= atom_limit() ? p.system_limit() : p.badarg();
}

struct Decode {
  Progress run(int64_t* budget) { return decoding.run(budget); }
  std::unique_ptr<ByteScratch> scratch;
  ExternalDecoding decoding;
};

Term decoded(Process& p, Term binary, bool safe, bool with_used,
             std::initializer_list<Term> arguments) {
  if (!is_binary(binary)) return p.badarg();
  if (inflates_much(p, binary)) return hand_over(p, arguments);
  OnlineScope online(p);
  DecodeOptions options = decode_options(*p.runtime);
  options.safe = safe;
  // A full atom table is as likely a reason as any other, and the one that should be told.
  const auto refuse = safe ? refuse_argument : refuse_external;
  auto finish = [&](const Decoded& result) {
    if (!with_used) return result.term;
    return make_tuple(p.heap, {result.term, make_unsigned(p.heap, result.used)});
  };
  const size_t size = bits_size(binary) / 8;
  if (size <= kShort && p.suspended == nullptr) {
    ByteScratch scratch;
    const ByteSpan bytes = binary_bytes(binary, scratch);
    p.charge(static_cast<int64_t>(size / kBytesPerReduction));
    if (!(bytes.size() > 1 && bytes[1] == etf::kCompressed)) {
      std::optional<Decoded> result = decode_external(bytes, p.heap, options);
      return result ? finish(*result) : refuse(p);
    }
  }
  return in_slices<Decode>(
      p, arguments,
      [&] {
        auto scratch = std::make_unique<ByteScratch>();
        const ByteSpan bytes = binary_bytes(binary, *scratch);
        return Decode{std::move(scratch), ExternalDecoding(p.heap, bytes, options)};
      },
      [&](Decode& decode) { return finish(decode.decoding.result()); }, refuse);
}

Term binary_to_term_1(Process& p, Term binary) {
  return decoded(p, binary, false, false, {binary});
}

Term binary_to_term_2(Process& p, Term binary, Term options) {
  bool safe = false;
  bool used = false;
  const Term given = options;
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
  return decoded(p, binary, safe, used, {binary, given});
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
