// Module re: compile/1,2, run/2,3, internal_run/4, inspect/2, import/1, version/0, over PCRE2.
// The module itself (re.erl) does global matching, replacing and splitting, and converts
// subjects that are lists of characters beyond Latin-1.
//
// PCRE2 cannot stop in the middle of a match and go on later, as the PCRE within ERTS can. So a
// match runs with bounds that a scheduler can bear, on its backtracking (kSliceMatches) and on how
// far it looks for a beginning (kSliceStarts); where it hits one it starts again, without them, on
// a dirty scheduler.
#include <algorithm>
#include <string>

#include "bif/magic.h"
#include "bif/re_capture.h"
#include "bif/re_errors.h"
#include "bif/re_options.h"
#include "bif/re_pattern.h"
#include "bif/registry.h"
#include "vm/codec/iolist.h"
#include "vm/heap/builder.h"
#include "vm/sched/dirty_call.h"
#include "vm/sched/system_flags.h"
#include "vm/term/bits.h"

namespace joist {

namespace {

// Steps of backtracking on a normal scheduler: some hundred microseconds.
constexpr uint32_t kSliceMatches = 20000;
// Bytes from the offset on at which a match may begin there, as few as that takes.
constexpr size_t kSliceStarts = size_t{64} << 10;
// Bytes of text whose encoding is checked there.
constexpr size_t kSliceChecks = size_t{256} << 10;
// Bytes of subject for one reduction.
constexpr int64_t kBytesPerReduction = 64;
constexpr int64_t kReductionsPerRun = 4;

// --- patterns as terms ---

bool uses_crlf(const Regex& regex) {
  return regex.newline == PCRE2_NEWLINE_ANY || regex.newline == PCRE2_NEWLINE_CRLF ||
         regex.newline == PCRE2_NEWLINE_ANYCRLF;
}

Term pattern_term(Process& p, RegexRef regex) {
  Term groups = Term::small(regex->groups);
  Term unicode = Term::small((regex->options & PCRE2_UTF) != 0);
  Term crlf = Term::small(uses_crlf(*regex));
  Term code = regex->dialect == RegexDialect::kPcre8
                  ? make_binary(p.heap, regex->key)
                  : Magic<RegexRef>::make(p, 0, std::move(regex));
  return make_tuple(p.heap, {atoms::re_pattern, groups, unicode, crlf, code});
}

// {re_pattern, Groups, Unicode, UseCrlf, Code}
struct PatternTerm {
  bool unicode;
  Term code;
};
bool is_pattern(Term term, PatternTerm* pattern) {
  if (!is_tuple(term) || tuple_size(term) != 5) return false;
  auto elements = tuple_elements(term);
  if (elements[0] != atoms::re_pattern || !elements[1].is_small() || !elements[2].is_small() ||
      !elements[3].is_small()) {
    return false;
  }
  *pattern = {elements[2].small_value() != 0, elements[4]};
  return current_regex_dialect() == RegexDialect::kPcre8
             ? is_binary(elements[4])
             : Magic<RegexRef>::get(elements[4]) != nullptr;
}

// The compiled form. Empty: the term holds none that could be used.
RegexRef pattern_regex(Process& p, const PatternTerm& pattern, const RegexOptions& options) {
  if (RegexRef* regex = Magic<RegexRef>::get(pattern.code)) {
    // PCRE2 cannot change these for a match; the same again is no change.
    if (options.newline != 0 && options.newline != (*regex)->newline) return RegexRef();
    if (options.bsr != 0 && options.bsr != (*regex)->bsr) return RegexRef();
    return regex->copy();
  }
  ByteScratch scratch;
  ByteSpan encoded = binary_bytes(pattern.code, scratch);
  RegexError error;
  if (options.newline == 0 && options.bsr == 0) return p.runtime->regexes->acquire(encoded, &error);
  RegexSource source;
  if (!decode_regex(encoded, &source)) return RegexRef();
  if (options.newline != 0) source.newline = static_cast<uint8_t>(options.newline);
  if (options.bsr != 0) source.bsr = static_cast<uint8_t>(options.bsr);
  ByteScratch changed_scratch;
  uint8_t* changed = changed_scratch.reserve(encoded.size());
  encode_regex(source, changed);
  return p.runtime->regexes->acquire({changed, encoded.size()}, &error);
}

// A pattern given as text, with its encoded form.
struct TextPattern {
  RegexSource source;
  IolistBytes bytes;
  ByteScratch encoded_scratch;
  ByteSpan encoded;

  // false: no iodata.
  bool create(Term text, const RegexOptions& options) {
    if (!bytes.load(text)) return false;
    source.dialect = current_regex_dialect();
    source.newline = static_cast<uint8_t>(options.newline);
    source.bsr = static_cast<uint8_t>(options.bsr);
    source.options = options.compile;
    ByteSpan span = bytes.bytes();
    std::string_view view(reinterpret_cast<const char*>(span.data()), span.size());
    // PCRE 8 takes strings as C has them.
    if (source.dialect == RegexDialect::kPcre8) view = view.substr(0, view.find('\0'));
    source.text = view;
    size_t size = encoded_regex_size(source);
    uint8_t* to = encoded_scratch.reserve(size);
    encode_regex(source, to);
    encoded = {to, size};
    return true;
  }
};

// {error, {Text, Offset}}, or {error, {compile, {Text, Offset}}}.
Term complaint_term(Process& p, const RegexError& error, const RegexSource& source, bool in_run) {
  RegexComplaint complaint = regex_complaint(error, source);
  Term reason = make_tuple(p.heap, {make_string(p.heap, complaint.text),
                                    Term::small(static_cast<int64_t>(complaint.offset))});
  if (in_run) reason = make_tuple(p.heap, {atoms::compile, reason});
  return make_tuple(p.heap, {atoms::error, reason});
}

// --- compile ---

// {re_exported_pattern, Header, Source, Options, Encoded}: the header names the form of the last
// element; ours is the form that the cache reads. Others compile the source again.
constexpr std::string_view kExportHeader = "re-joist";

Term exported_term(Process& p, const TextPattern& pattern, Term options) {
  Term term = make_tuple(p.heap, {atoms::re_exported_pattern, make_binary(p.heap, kExportHeader),
                                  make_binary(p.heap, pattern.source.text), options,
                                  make_binary(p.heap, pattern.encoded)});
  return make_tuple(p.heap, {atoms::ok, term});
}

Term compile(Process& p, Term text, Term option_list) {
  RegexOptions options;
  if (!parse_regex_options(option_list, &options) || options.has(RegexOptions::kOnlyRun)) {
    return p.badarg(atoms::badopt);
  }
  if (options.has(RegexOptions::kUnicode) && !is_bits(text)) {
    return p.trap(atoms::re, atoms::ucompile, {text, option_list});
  }
  TextPattern pattern;
  if (!pattern.create(text, options)) return p.badarg();
  p.charge(static_cast<int64_t>(pattern.encoded.size()));
  RegexError error;
  RegexRef regex = p.runtime->regexes->acquire(pattern.encoded, &error);
  if (!regex) return complaint_term(p, error, pattern.source, false);
  if (options.has(RegexOptions::kExport)) return exported_term(p, pattern, option_list);
  return make_tuple(p.heap, {atoms::ok, pattern_term(p, std::move(regex))});
}

Term compile_1(Process& p, Term text) { return compile(p, text, Term::nil()); }
Term compile_2(Process& p, Term text, Term options) { return compile(p, text, options); }

// From the source and options, which every exported pattern carries: what the encoded part holds
// depends on who exported it.
Term import_1(Process& p, Term exported) {
  if (!is_tuple(exported) || tuple_size(exported) != 5) return p.badarg();
  auto elements = tuple_elements(exported);
  RegexOptions options;
  if (elements[0] != atoms::re_exported_pattern || !is_binary(elements[1]) ||
      !is_binary(elements[2]) || !is_binary(elements[4]) ||
      !parse_regex_options(elements[3], &options) || options.has(RegexOptions::kOnlyRun)) {
    return p.badarg();
  }
  TextPattern pattern;
  if (!pattern.create(elements[2], options)) return p.badarg();
  RegexError error;
  RegexRef regex = p.runtime->regexes->acquire(pattern.encoded, &error);
  if (!regex) return p.badarg();
  return pattern_term(p, std::move(regex));
}

Term inspect_2(Process& p, Term term, Term what) {
  PatternTerm pattern;
  if (!is_pattern(term, &pattern) || what != atoms::namelist) return p.badarg();
  RegexRef regex = pattern_regex(p, pattern, RegexOptions());
  if (!regex) return p.badarg();
  return regex_names(p.heap, *regex);
}

// --- run ---

struct Run {
  Term subject;
  Term pattern;
  Term option_list;
  bool first;  // false: re:grun has run this subject before, its encoding is known to be good
};

Term hand_to_dirty(Process& p, const Run& run) {
  return hand_to_dirty(p, {run.subject, run.pattern, run.option_list, boolean(run.first)});
}

// Whether it takes long already before the match begins.
bool is_long_to_begin(const Run& run, const Regex& regex) {
  if (run.subject.is_list()) return is_larger_than(run.subject, kLargeTermWords);
  return (regex.options & PCRE2_UTF) != 0 && run.first && is_bits(run.subject) &&
         bits_size(run.subject) / 8 > kSliceChecks;
}

Term match_failed(Process& p, int result, const RegexOptions& options) {
  bool report = options.has(RegexOptions::kReportErrors);
  switch (result) {
    case PCRE2_ERROR_NOMATCH:
    case PCRE2_ERROR_RECURSELOOP:
      return atoms::nomatch;
    case PCRE2_ERROR_MATCHLIMIT:
      if (!report) return atoms::nomatch;
      return make_tuple(p.heap, {atoms::error, atoms::match_limit});
    case PCRE2_ERROR_DEPTHLIMIT:
    case PCRE2_ERROR_HEAPLIMIT:
      if (!report) return atoms::nomatch;
      return make_tuple(p.heap, {atoms::error, atoms::match_limit_recursion});
    default:
      // Text that is no UTF-8, an offset beyond the end or within a character.
      return p.badarg();
  }
}

Term run_regex(Process& p, const Run& run, Regex& regex, const RegexOptions& options) {
  CaptureSpec spec;
  if (options.has(RegexOptions::kCapture) && !parse_capture(options, regex, &spec)) {
    return p.badarg();
  }
  const bool sliced = on_scheduler(p);
  if (sliced && is_long_to_begin(run, regex)) return hand_to_dirty(p, run);
  IolistBytes subject;
  if (!subject.load(run.subject)) return p.badarg();
  ByteSpan text = subject.bytes();
  bool in_place = is_binary(run.subject);

  RegexLimits limits;
  limits.given = options.has(RegexOptions::kMatchLimit) || options.has(RegexOptions::kDepthLimit);
  if (options.has(RegexOptions::kMatchLimit)) limits.matches = options.match_limit;
  if (options.has(RegexOptions::kDepthLimit)) limits.depth = options.depth_limit;
  const int64_t most_steps = step_limit(p, SliceKind::kRegex);
  limits.given |= most_steps != kNoStepLimit;
  const auto most_matches = static_cast<uint32_t>(std::min<int64_t>(most_steps, kSliceMatches));
  const bool few_matches = sliced && limits.matches > most_matches;
  if (few_matches) limits.matches = most_matches;
  const bool anchored = regex.anchored || (options.match & PCRE2_ANCHORED) != 0;
  const bool few_starts = sliced && !anchored && options.offset < text.size() &&
                          text.size() - options.offset > kSliceStarts;
  if (few_starts) limits.last_start = options.offset + kSliceStarts;

  uint32_t match_options = options.match | (run.first ? 0 : PCRE2_NO_UTF_CHECK);
  match_options &= ~(regex.options & PCRE2_ANCHORED);  // as good as given to the compiler
  RegexScratch* matching = p.runtime->regexes->borrow_scratch(regex.groups + 1);
  int result = match_regex(regex, text, options.offset, match_options, limits, matching);

  size_t seen = text.size() - std::min(options.offset, text.size());
  const size_t* offsets = pcre2_get_ovector_pointer(matching->data);
  if (result > 0 && offsets[1] >= options.offset) seen = offsets[1] - options.offset;
  p.charge(kReductionsPerRun + static_cast<int64_t>(seen) / kBytesPerReduction);

  Term term;
  if (result > 0) {
    term = capture_result(p.heap, spec, text, in_place ? run.subject : Term::none(), offsets,
                          static_cast<uint32_t>(result));
  } else if ((few_matches && result == PCRE2_ERROR_MATCHLIMIT) ||
             (few_starts && result == PCRE2_ERROR_NOMATCH)) {
    term = hand_to_dirty(p, run);
  } else {
    term = match_failed(p, result, options);
  }
  p.runtime->regexes->give_back(matching);
  return term;
}

Term run_text(Process& p, const Run& run, const RegexOptions& options, bool lists_wanted) {
  if (options.has(RegexOptions::kUnicode) &&
      (!is_bits(run.pattern) || !is_bits(run.subject) || lists_wanted)) {
    return p.trap(atoms::re, atoms::urun, {run.subject, run.pattern, run.option_list});
  }
  TextPattern pattern;
  if (!pattern.create(run.pattern, options)) return p.badarg();
  RegexError error;
  RegexRef regex = p.runtime->regexes->acquire(pattern.encoded, &error);
  if (!regex) {
    if (!options.has(RegexOptions::kReportErrors)) return p.badarg();
    return complaint_term(p, error, pattern.source, true);
  }
  if (options.has(RegexOptions::kGlobal)) {
    // The text is there for the sake of error reports.
    Term only_compile = boolean(options.has(RegexOptions::kOnlyCompile));
    Term rest = make_tuple(p.heap, {run.option_list, only_compile, run.pattern});
    Term compiled = pattern_term(p, std::move(regex));
    return p.trap(atoms::re, atoms::grun, {run.subject, compiled, rest});
  }
  return run_regex(p, run, *regex, options);
}

Term run_compiled(Process& p, const Run& run, const RegexOptions& options, bool lists_wanted) {
  PatternTerm pattern;
  if (options.has(RegexOptions::kOnlyCompile) || !is_pattern(run.pattern, &pattern)) {
    return p.badarg();
  }
  if (pattern.unicode && (!is_bits(run.subject) || lists_wanted)) {
    return p.trap(atoms::re, atoms::urun, {run.subject, run.pattern, run.option_list});
  }
  if (options.has(RegexOptions::kGlobal)) {
    Term rest = make_tuple(p.heap, {run.option_list, atoms::false_});
    return p.trap(atoms::re, atoms::grun, {run.subject, run.pattern, rest});
  }
  RegexRef regex = pattern_regex(p, pattern, options);
  if (!regex) return p.badarg();
  return run_regex(p, run, *regex, options);
}

Term run(Process& p, const Run& run) {
  if (p.suspended != nullptr) return back_from_dirty(p);
  RegexOptions options;
  if (!parse_regex_options(run.option_list, &options) || options.has(RegexOptions::kExport)) {
    return p.badarg(atoms::badopt);
  }
  bool lists_wanted = options.has(RegexOptions::kCapture) && options.capture_type == atoms::list &&
                      !options.has(RegexOptions::kGlobal);
  if (is_bits(run.pattern) || run.pattern.is_list() || run.pattern.is_nil()) {
    return run_text(p, run, options, lists_wanted);
  }
  return run_compiled(p, run, options, lists_wanted);
}

Term run_2(Process& p, Term subject, Term pattern) {
  return run(p, {subject, pattern, Term::nil(), true});
}
Term run_3(Process& p, Term subject, Term pattern, Term options) {
  return run(p, {subject, pattern, options, true});
}
Term internal_run_4(Process& p, Term subject, Term pattern, Term options, Term first) {
  if (first != atoms::true_ && first != atoms::false_) return p.badarg();
  return run(p, {subject, pattern, options, first == atoms::true_});
}

// Who keeps compiled patterns (Elixir does, in .beam files) keeps this with them, and compiles
// again where it differs. Programs of the PCRE within ERTS mean nothing to us: so it must differ
// from OTP's "8.44 2020-02-12". The number is that of the dialect, the date PCRE2's.
Term version_0(Process& p) {
  if (current_regex_dialect() == RegexDialect::kPcre8) {
    return make_binary(p.heap, std::string_view("8.44 2022-12-11"));
  }
  char version[64];
  int size = pcre2_config(PCRE2_CONFIG_VERSION, version);
  return make_binary(p.heap, std::string_view(version, static_cast<size_t>(size) - 1));
}

constexpr NativeEntry kReNatives[] = {
    {"re", "compile", native<compile_1>},
    {"re", "compile", native<compile_2>},
    {"re", "import", native<import_1>},
    {"re", "inspect", native<inspect_2>},
    {"re", "internal_run", native<internal_run_4>},
    {"re", "run", native<run_2>},
    {"re", "run", native<run_3>},
    {"re", "version", native<version_0>},
};

}  // namespace

std::span<const NativeEntry> re_natives() { return kReNatives; }

}  // namespace joist
