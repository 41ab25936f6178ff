#include "tools/erl/command_line.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "vm/os/file.h"

namespace joist::erl {

namespace {

constexpr const char* kUsage =
    "Usage: erl [-FLAG [VALUE ...]] ... [+FLAG [VALUE]] ... [ARGUMENT ...]\n"
    "`joist erl --help` explains the flags.\n";

Error usage_error(const std::string& text) { return make_error("%s%s", text.c_str(), kUsage); }

// --- words from a text ---

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

// As a shell reads them, without its expansions. In a file, # begins a comment.
std::vector<std::string> words_of(std::string_view text, bool has_comments) {
  std::vector<std::string> words;
  size_t i = 0;
  while (i < text.size()) {
    if (is_space(text[i])) {
      ++i;
    } else if (has_comments && text[i] == '#') {
      while (i < text.size() && text[i] != '\n') ++i;
    } else {
      std::string& word = words.emplace_back();
      for (; i < text.size() && !is_space(text[i]) && !(has_comments && text[i] == '#'); ++i) {
        const char c = text[i];
        if (c == '"' || c == '\'') {
          const size_t end = std::min(text.find(c, i + 1), text.size());
          word += text.substr(i + 1, end - i - 1);
          i = end;
        } else if (c == '\\') {
          if (i + 1 < text.size()) word += text[++i];
        } else {
          word += c;
        }
      }
    }
  }
  return words;
}

constexpr int kDeepestFile = 32;

Error unreadable(const std::string& file) {
  const std::string reason = strerror(errno);
  std::error_code failure;
  const std::string folder = std::filesystem::current_path(failure).string();
  return usage_error("Failed to open arguments file \"" + file + "\" at \"" + folder +
                     "\": " + reason + "\n");
}

// Those behind an -extra, wherever it stands, come last; behind them, those behind the -S of the
// command itself, which since OTP 27 takes all that is left.
struct Expanded {
  const int release;
  std::vector<std::string> words;
  std::vector<std::string> extra;
  std::vector<std::string> start;
};

// Stands for that -S.
constexpr const char* kStart = "++S";

// The flags of one source do not take values from the next one's. Since OTP 27 that is not said
// behind an -extra, where it would be an argument.
std::vector<std::string> closed(std::vector<std::string> words, int release) {
  if (words.empty()) return words;
  const bool has_extra = std::find(words.begin(), words.end(), "-extra") != words.end();
  if (release < 27 || !has_extra) words.emplace_back("--");
  return words;
}

// Appends `words`, with -args_file replaced by what the file says. An -extra takes the rest of its
// own file, or of whatever source it is in.
Result<void> expand(const std::vector<std::string>& words, int depth, Expanded& to) {
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "-extra") {
      to.extra.insert(to.extra.end(), words.begin() + static_cast<ptrdiff_t>(i) + 1, words.end());
      return {};
    }
    if (words[i] != "-args_file") {
      to.words.push_back(words[i]);
      continue;
    }
    if (++i == words.size()) return usage_error("Missing argument(s) for '-args_file'.\n");
    const Result<std::vector<uint8_t>> bytes = read_file(words[i]);
    if (!bytes) return unreadable(words[i]);
    if (depth == kDeepestFile) return make_error("erlexec: Too many nested argument files\n");
    const std::string text(bytes.value().begin(), bytes.value().end());
    JOIST_TRY(expand(closed(words_of(text, true), to.release), depth + 1, to));
  }
  return {};
}

// The words of the command itself up to its -S.
std::vector<std::string> before_start(const std::vector<std::string>& words, Expanded& to) {
  const auto extra = std::find(words.begin(), words.end(), "-extra");
  const auto start = std::find(words.begin(), extra, "-S");
  if (to.release < 27 || start == extra) return words;
  to.start.emplace_back(kStart);
  // A -- would end what init gives to the function.
  for (auto word = start + 1; word != words.end(); ++word) {
    to.start.push_back(*word == "--" ? "\\--" : *word);
  }
  return {words.begin(), start};
}

bool has_file(const std::vector<std::string>& words) {
  const auto extra = std::find(words.begin(), words.end(), "-extra");
  return std::find(words.begin(), extra, "-args_file") != extra;
}

void append(std::vector<std::string>& to, const std::vector<std::string>& words) {
  to.insert(to.end(), words.begin(), words.end());
}

Result<std::vector<std::string>> all_words(const std::vector<std::string>& words, int release,
                                           const Environment& environment) {
  std::vector<std::vector<std::string>> sources;
  const auto add_variable = [&](const std::string& name) {
    if (const auto value = environment.get(name)) {
      sources.push_back(closed(words_of(*value, false), release));
      if (sources.back().empty()) sources.pop_back();
    }
  };
  add_variable("ERL_OTP" + std::to_string(release) + "_FLAGS");
  add_variable("ERL_AFLAGS");
  const size_t before = sources.size();
  Expanded all{release, {}, {}, {}};
  if (!words.empty()) {
    sources.push_back(before_start(words, all));
    sources.push_back({"--"});
  }
  add_variable("ERL_FLAGS");
  add_variable("ERL_ZFLAGS");
  const bool are_alone = before == 0 && sources.size() == (words.empty() ? 0 : 2);
  if (are_alone && all.start.empty() && !has_file(words)) return words;
  for (const std::vector<std::string>& source : sources) JOIST_TRY(expand(source, 0, all));
  if (!all.extra.empty()) {
    all.words.emplace_back("-extra");
    append(all.words, all.extra);
  }
  append(all.words, all.start);
  return std::move(all.words);
}

// --- which emulator flags take a value ---

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> all) {
  return std::find(all.begin(), all.end(), text) != all.end();
}

bool is_allocator_flag(std::string_view rest) {
  if (is_one_of(rest, {"ea",     "ummc",   "uycs", "usac", "im",      "is",   "lpm",
                       "Mamcbf", "Mrmcbf", "Mmcs", "Mscs", "Mscrfsd", "Msco", "Mscrpm",
                       "Ye",     "Ym",     "Ytp",  "Ytt",  "Iscs",    "Xscs", "dai"})) {
    return true;
  }
  constexpr std::string_view kAllocators = "uADEFHLRSTBZIX";
  return !rest.empty() && kAllocators.find(rest[0]) != std::string_view::npos &&
         is_one_of(rest.substr(1),
                   {"as",     "asbcst", "atags",  "acul",   "acnl",   "acfml", "acful", "cp",
                    "e",      "t",      "lmbcs",  "mbcgs",  "mbsd",   "mmbcs", "mmmbc", "mmsbc",
                    "msbclt", "ramv",   "rmbcmt", "rsbcmt", "rsbcst", "sbct",  "smbcs"});
}

enum class Takes { kNothing, kValue, kOptionalValue, kUnknown };

Takes takes(std::string_view flag, std::string_view next) {
  const std::string_view rest = flag.substr(2);
  switch (flag[1]) {
    case 'a':
    case 'A':
    case 'C':
    case 'e':
    case 'i':
    case 'n':
    case 'P':
    case 'Q':
    case 't':
    case 'T':
    case 'R':
    case 'W':
    case 'K':
      return rest.empty() ? Takes::kValue : Takes::kNothing;
    case 'I':
      for (const std::string_view option : {"Ot", "Op", "OPt", "OPp", "Os"}) {
        if (rest.starts_with(option)) return rest == option ? Takes::kValue : Takes::kNothing;
      }
      return Takes::kUnknown;
    case 'J':
      return Takes::kValue;
    case 'S':
      if (is_one_of(rest, {"", "P", "Dcpu", "DPcpu", "Dio"})) return Takes::kValue;
      if (rest[0] != 'D') return Takes::kNothing;
      return rest.starts_with("Dcpu") || rest.starts_with("DPcpu") || rest.starts_with("Dio")
                 ? Takes::kNothing
                 : Takes::kUnknown;
    case 'B':
      if (rest.empty()) return is_one_of(next, {"i", "c", "d"}) ? Takes::kValue : Takes::kNothing;
      return is_one_of(rest.substr(0, 1), {"i", "c", "d"}) ? Takes::kNothing : Takes::kUnknown;
    case 'c':
      return rest.empty() && is_one_of(next, {"true", "false"}) ? Takes::kValue : Takes::kNothing;
    case 'M':
      return is_allocator_flag(rest) ? Takes::kValue : Takes::kNothing;
    case 'h':
      return is_one_of(rest, {"", "ms", "mbs", "pds", "max", "maxk", "maxel", "maxib", "mqd"})
                 ? Takes::kValue
                 : Takes::kNothing;
    case 'r':
      return rest == "g" ? Takes::kValue : Takes::kNothing;
    case 's':
      return is_one_of(rest,
                       {"bt", "bwtdcpu", "bwtdio", "bwt", "cl", "ct", "ecio", "fwi", "tbt", "wct",
                        "wtdcpu", "wtdio", "wt", "ws", "ss", "ssdcpu", "ssdio", "pp", "ub"})
                 ? Takes::kValue
                 : Takes::kNothing;
    case 'p':
      return rest == "c" ? Takes::kValue : Takes::kNothing;
    case 'd':
      return rest == "cg" ? Takes::kValue : Takes::kNothing;
    case 'z':
      return is_one_of(rest, {"dbbl", "dntgc", "ebwt", "osrl", "hft"}) ? Takes::kValue
                                                                       : Takes::kNothing;
    default:
      return Takes::kNothing;
  }
}

// --- the words one by one ---

class Reader {
 public:
  Reader(const std::vector<std::string>& words, int release, CommandLine& line)
      : words_(words), release_(release), line_(line) {}

  Result<void> run() {
    while (i_ < words_.size()) {
      const std::string& word = words_[i_];
      if (word == "-extra") {
        pass_rest(i_);
        break;
      }
      if (word == kStart && release_ >= 27) {
        init({"-noshell", "-S"});
        pass_rest(i_ + 1);
        break;
      }
      if (word.size() > 1 && word[0] == '+') {
        JOIST_TRY(emulator_flag());
      } else if (word.size() > 1 && word[0] == '-') {
        JOIST_TRY(flag());
      } else {
        line_.init.push_back(word);
      }
      ++i_;
    }
    if (no_epmd_ && !has_protocol_) {
      return make_error("erlexec: Missing -proto_dist option, expected when using -no_epmd.\n");
    }
    line_.starts_epmd = is_distributed_ && wants_epmd_ && !no_epmd_;
    return {};
  }

 private:
  Result<std::string> value(const std::string& of) {
    if (i_ + 1 >= words_.size() || words_[i_ + 1] == "--") {
      return usage_error("Missing argument(s) for '" + of + "'.\n");
    }
    return words_[++i_];
  }

  void pass_rest(size_t from) {
    line_.init.insert(line_.init.end(), words_.begin() + static_cast<ptrdiff_t>(from),
                      words_.end());
  }
  void init(std::initializer_list<const char*> words) {
    line_.init.insert(line_.init.end(), words.begin(), words.end());
  }

  Result<void> emulator_flag() {
    const std::string& word = words_[i_];
    const std::string next = i_ + 1 < words_.size() ? words_[i_ + 1] : std::string();
    const Takes takes_value = takes(word, next);
    if (takes_value == Takes::kUnknown) {
      return usage_error("Missing argument(s) for '" + word + "'.\n");
    }
    line_.emulator.push_back("-" + word.substr(1));
    if (takes_value == Takes::kValue) line_.emulator.push_back(JOIST_TRY(value(word)));
    return {};
  }

  // A flag that init gets with its value.
  Result<void> pass_with_value(const std::string& word) {
    line_.init.push_back(word);
    line_.init.push_back(JOIST_TRY(value(word)));
    return {};
  }

  Result<void> flag() {
    const std::string word = words_[i_];
    if (word == "-smp") {
      const std::string next = i_ + 1 < words_.size() ? words_[i_ + 1] : std::string();
      if (next == "disable") return smp_error("-smp disable");
      line_.init.push_back(word);
    } else if (word == "-smpdisable") {
      return smp_error("-smp disable");
    } else if (word == "-noinput") {
      init({"-noshell", "-noinput"});
    } else if (word == "-detached") {
      line_.detached = true;
      init({"-noshell", "-noinput"});
    } else if (word == "-compile") {
      init({"-noshell", "-noinput", "-s", "c", "lc_batch"});
      line_.emulator.push_back("-B");
    } else if (word == "-make") {
      init({"-noshell", "-noinput", "-s", "make", "all_or_nothing", "-s", "erlang", "halt"});
      line_.emulator.push_back("-B");
      i_ = words_.size();
    } else if (word == "-man") {
      line_.manual.assign(words_.begin() + static_cast<ptrdiff_t>(i_) + 1, words_.end());
      line_.manual.insert(line_.manual.begin(), "man");
      i_ = words_.size();
    } else if (word == "-configfd") {
      const std::string descriptor = JOIST_TRY(value(word));
      if (descriptor == "0") init({"-noshell", "-noinput"});
      init({word.c_str(), descriptor.c_str()});
    } else if (word == "-env") {
      const std::string name = JOIST_TRY(value(word));
      line_.variables.emplace_back(name, JOIST_TRY(value(word)));
    } else if (word == "-epmd") {
      line_.epmd = JOIST_TRY(value(word));
    } else if (word == "-emu_args_exit") {
      line_.shows_arguments = true;
    } else if (word == "-emu_name_exit") {
      line_.shows_name = true;
    } else if (word == "-emu_args") {
    } else if (word == "-emu_type" || word == "-emu_flavor") {
      if (JOIST_TRY(value(word)) != (word == "-emu_type" ? "opt" : "smp")) {
        return make_error(
            "erlexec: Invalid emulator type or flavor. Available combinations are: \n"
            "  -emu_flavor smp\n\n");
      }
    } else if (word == "-name" || word == "-sname") {
      is_distributed_ = true;
      return pass_with_value(word);
    } else if (word == "-no_epmd") {
      no_epmd_ = true;
      line_.init.push_back(word);
    } else if (word == "-proto_dist") {
      has_protocol_ = true;
      return pass_with_value(word);
    } else if (word == "-start_epmd") {
      return start_epmd(word);
    } else if (word == "-version") {
      line_.emulator.push_back("-V");
    } else {
      line_.init.push_back(word);
    }
    return {};
  }

  Result<void> start_epmd(const std::string& word) {
    JOIST_TRY(pass_with_value(word));
    const std::string& answer = line_.init.back();
    if (answer != "true" && answer != "false") {
      return usage_error("Expected boolean argument for '-start_epmd'.\n");
    }
    wants_epmd_ = answer == "true";
    return {};
  }

  static Error smp_error(const std::string& flag) {
    return usage_error("Argument '" + flag + "' not supported. Use \"+S 1\" instead.\n");
  }

  const std::vector<std::string>& words_;
  const int release_;
  CommandLine& line_;
  size_t i_ = 0;
  bool is_distributed_ = false;
  bool no_epmd_ = false;
  bool has_protocol_ = false;
  bool wants_epmd_ = true;
};

}  // namespace

Result<CommandLine> read_command_line(const std::vector<std::string>& words,
                                      const Installation& installation,
                                      const Environment& environment) {
  CommandLine line;
  line.init = {"-root",     installation.root,     "-bindir", installation.bindir,
               "-progname", installation.progname, "--"};
  if (const auto home = environment.get("HOME")) {
    line.init.push_back("-home");
    line.init.push_back(*home);
  }
  if (const auto port = environment.get("ERL_EPMD_PORT")) {
    line.init.push_back("-epmd_port");
    line.init.push_back(*port);
  }
  line.init.push_back("--");
  const std::vector<std::string> all =
      JOIST_TRY(all_words(words, installation.release, environment));
  JOIST_TRY(Reader(all, installation.release, line).run());
  return line;
}

}  // namespace joist::erl
