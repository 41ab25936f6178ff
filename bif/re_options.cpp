#include "bif/re_options.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <climits>

#include "vm/term/atom.h"
#include "vm/term/rules.h"

namespace joist {

namespace {

struct NamedOption {
  Term name;
  uint32_t compile;
  uint32_t match;
  uint32_t flags;
};

constexpr NamedOption kNamedOptions[] = {
    {atoms::anchored, PCRE2_ANCHORED, PCRE2_ANCHORED, 0},
    {atoms::bsr_anycrlf, 0, 0, 0},
    {atoms::bsr_unicode, 0, 0, 0},
    {atoms::caseless, PCRE2_CASELESS, 0, RegexOptions::kOnlyCompile},
    {atoms::dollar_endonly, PCRE2_DOLLAR_ENDONLY, 0, RegexOptions::kOnlyCompile},
    {atoms::dotall, PCRE2_DOTALL, 0, RegexOptions::kOnlyCompile},
    {atoms::dupnames, PCRE2_DUPNAMES, 0, RegexOptions::kOnlyCompile},
    {atoms::extended, PCRE2_EXTENDED, 0, RegexOptions::kOnlyCompile},
    {atoms::firstline, PCRE2_FIRSTLINE, 0, RegexOptions::kOnlyCompile},
    {atoms::global, 0, 0, RegexOptions::kOnlyRun | RegexOptions::kGlobal},
    {atoms::multiline, PCRE2_MULTILINE, 0, RegexOptions::kOnlyCompile},
    {atoms::never_utf, PCRE2_NEVER_UTF, 0, RegexOptions::kOnlyCompile},
    {atoms::no_auto_capture, PCRE2_NO_AUTO_CAPTURE, 0, RegexOptions::kOnlyCompile},
    {atoms::no_start_optimize, PCRE2_NO_START_OPTIMIZE, 0, RegexOptions::kOnlyCompile},
    {atoms::notbol, 0, PCRE2_NOTBOL, RegexOptions::kOnlyRun},
    {atoms::notempty, 0, PCRE2_NOTEMPTY, RegexOptions::kOnlyRun},
    {atoms::notempty_atstart, 0, PCRE2_NOTEMPTY_ATSTART, RegexOptions::kOnlyRun},
    {atoms::noteol, 0, PCRE2_NOTEOL, RegexOptions::kOnlyRun},
    {atoms::report_errors, 0, 0, RegexOptions::kOnlyRun | RegexOptions::kReportErrors},
    {atoms::ucp, PCRE2_UCP, 0, RegexOptions::kOnlyCompile},
    {atoms::ungreedy, PCRE2_UNGREEDY, 0, RegexOptions::kOnlyCompile},
    {atoms::unicode, PCRE2_UTF, 0, RegexOptions::kOnlyCompile | RegexOptions::kUnicode},
};

// PCRE 8 has no option of its own for `export` and newline nul; its newline and \R options are
// bits, so that several of them add up.
bool is_pcre2_release() { return term_rules().otp_release >= 28; }

bool parse_name(Term name, RegexOptions* options) {
  if (name == atoms::export_ && is_pcre2_release()) {
    options->flags |= RegexOptions::kExport | RegexOptions::kOnlyCompile;
    return true;
  }
  for (const NamedOption& known : kNamedOptions) {
    if (known.name != name) continue;
    options->compile |= known.compile;
    options->match |= known.match;
    options->flags |= known.flags;
    bool keep_anycrlf = !is_pcre2_release() && options->bsr == PCRE2_BSR_ANYCRLF;
    if (name == atoms::bsr_anycrlf) options->bsr = PCRE2_BSR_ANYCRLF;
    if (name == atoms::bsr_unicode && !keep_anycrlf) options->bsr = PCRE2_BSR_UNICODE;
    return true;
  }
  return false;
}

bool parse_newline(Term name, RegexOptions* options) {
  uint32_t newline;
  if (name == atoms::cr) {
    newline = PCRE2_NEWLINE_CR;
  } else if (name == atoms::crlf) {
    newline = PCRE2_NEWLINE_CRLF;
  } else if (name == atoms::lf) {
    newline = PCRE2_NEWLINE_LF;
  } else if (name == atoms::anycrlf) {
    newline = PCRE2_NEWLINE_ANYCRLF;
  } else if (name == atoms::any) {
    newline = PCRE2_NEWLINE_ANY;
  } else if (name == atoms::nul && is_pcre2_release()) {
    newline = PCRE2_NEWLINE_NUL;
  } else {
    return false;
  }
  options->newline = is_pcre2_release() ? newline : options->newline | newline;
  return true;
}

void set_capture(Term values, Term type, RegexOptions* options) {
  options->capture_values = values;
  options->capture_type = type;
  options->flags |= RegexOptions::kCapture | RegexOptions::kOnlyRun;
}

bool parse_pair(Term name, Term value, RegexOptions* options) {
  if (name == atoms::capture) {
    set_capture(value, atoms::index, options);
    return true;
  }
  if (name == atoms::newline) return parse_newline(value, options);
  if (!value.is_small() || value.small_value() < 0 || value.small_value() > INT_MAX) return false;
  auto number = static_cast<uint32_t>(value.small_value());
  if (name == atoms::offset) {
    options->offset = number;
    options->flags |= RegexOptions::kOnlyRun;
  } else if (name == atoms::match_limit) {
    options->match_limit = number;
    options->flags |= RegexOptions::kOnlyRun | RegexOptions::kMatchLimit;
  } else if (name == atoms::match_limit_recursion) {
    options->depth_limit = number;
    options->flags |= RegexOptions::kOnlyRun | RegexOptions::kDepthLimit;
  } else {
    return false;
  }
  return true;
}

}  // namespace

bool parse_regex_options(Term list, RegexOptions* options) {
  for (; list.is_list(); list = list.tail()) {
    Term option = list.head();
    if (!is_tuple(option)) {
      if (!parse_name(option, options)) return false;
      continue;
    }
    auto elements = tuple_elements(option);
    if (elements.size() == 2) {
      if (!parse_pair(elements[0], elements[1], options)) return false;
    } else if (elements.size() == 3 && elements[0] == atoms::capture) {
      set_capture(elements[1], elements[2], options);
    } else {
      return false;
    }
  }
  return list.is_nil();
}

}  // namespace joist
