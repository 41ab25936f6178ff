// joist exec: calls one function on a bare VM, without OTP's boot.
//
// What Erlang can do is left to OTP's own modules running on Joist: terms are read by erl_scan
// and erl_parse, results are shown by io_lib, exceptions by erl_error.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <vector>

#include "tools/cli/command.h"
#include "tools/cli/op_stats.h"
#include "tools/cli/vm_setup.h"
#include "vm/codec/characters.h"
#include "vm/codec/unicode.h"
#include "vm/heap/builder.h"
#include "vm/heap/map_build.h"
#include "vm/term/print.h"

namespace joist::cli {

namespace {

struct Options {
  std::string root;
  bool op_stats = false;
  std::vector<std::string> folders;
  std::string module;
  std::string function;
  std::vector<std::string> terms;
  bool logger = false;
  size_t schedulers = 0;
  size_t processes = 0;
};

constexpr int64_t kLongestTerm = 2000;

// The UTF-8 of Erlang character data; nothing if it is none.
std::optional<std::string> text_of(Allocator& heap, Term characters) {
  const CharacterMeasure measure = measure_characters(characters, CharacterEncoding::kUtf8);
  if (!measure.ok) return std::nullopt;
  std::vector<uint8_t> bytes(measure.bytes + 1);
  CharacterSink sink{CharacterEncoding::kUtf8, bytes.data(), 0, {}, 0};
  int64_t budget = std::numeric_limits<int64_t>::max();
  const PutCharacters put = put_characters(heap, characters, sink, &budget);
  if (put.status != PutStatus::kDone) return std::nullopt;
  return std::string(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(sink.size));
}

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

const char* class_name(ExceptionClass exception) {
  switch (exception) {
    case ExceptionClass::kError:
      return "error";
    case ExceptionClass::kExit:
      return "exit";
    case ExceptionClass::kThrow:
      return "throw";
  }
  return "?";
}

class Exec {
 public:
  Exec(Vm& vm, const Options& options) : vm_(vm), options_(options) {}

  // The exit code: 0 if the function returned, 1 if it raised an exception.
  Result<int> run();

 private:
  Result<void> check_function(const Mfa& function);
  // The terms that the texts stand for, as a list.
  Result<Term> parse_terms();
  Result<Term> tokens(const std::string& text, const std::string& shown);
  Result<Term> parse(const std::string& text, const std::string& shown);
  std::string error_text(Term error_info);
  Result<void> print_result(Term value);
  void print_exception(Vm::CallResult result);
  Result<void> start_logger();
  void finish_logging(Vm::CallResult& result);
  Error failure(const char* what, const Vm::CallResult& result) const;

  Allocator& heap() { return vm_.process().heap; }

  Vm& vm_;
  const Options& options_;
};

// For what should not fail: OTP's own functions that exec itself calls.
Error Exec::failure(const char* what, const Vm::CallResult& result) const {
  std::string text = one_line(term_text(result.reason, kLongestTerm));
  if (result.trace.is_list()) {
    text += ", at " + one_line(term_text(result.trace.head(), kLongestTerm));
  }
  if (!vm_.load_error().empty()) text += " (" + vm_.load_error() + ")";
  return make_error("%s failed: %s", what, text.c_str());
}

// The text of {Location, Module, Descriptor}, as erl_scan and erl_parse report errors.
std::string Exec::error_text(Term error_info) {
  const std::string plain = one_line(term_text(error_info, kLongestTerm));
  if (is_tuple(error_info) && tuple_size(error_info) == 3) {
    const Mfa format = {tuple_elements(error_info)[1], must_atom("format_error"), 1};
    const Term descriptor = tuple_elements(error_info)[2];
    const Vm::CallResult formatted = vm_.call(format, {&descriptor, 1});
    if (formatted.returned) {
      const auto text = text_of(heap(), formatted.value);
      if (text) return one_line(*text);
    }
  }
  return plain;
}

// The tokens of a text, and behind them a full stop, which the text itself should not have to
// bring: within a token it would be taken for part of it.
Result<Term> Exec::tokens(const std::string& text, const std::string& shown) {
  const ByteSpan bytes(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  if (!is_utf8(bytes)) return make_error("%s: not UTF-8", shown.c_str());
  const Vm::CallResult scanned = vm_.call("erl_scan", "string", {make_utf8_list(heap(), bytes)});
  if (!scanned.returned) return failure("erl_scan:string/1", scanned);
  const std::span<Term> result = tuple_elements(scanned.value);
  if (!(result[0] == atoms::ok)) {
    return make_error("%s: no term: %s", shown.c_str(), error_text(result[1]).c_str());
  }
  ListBuilder tokens(heap());
  for (Term list = result[1]; list.is_list(); list = list.tail()) tokens.add(list.head());
  tokens.add(make_tuple(heap(), {must_atom("dot"), result[2]}));
  return tokens.finish();
}

Result<Term> Exec::parse(const std::string& text, const std::string& shown) {
  const Term sentence = JOIST_TRY(tokens(text, shown));
  const Vm::CallResult parsed = vm_.call("erl_parse", "parse_term", {sentence});
  if (!parsed.returned) return failure("erl_parse:parse_term/1", parsed);
  const std::span<Term> result = tuple_elements(parsed.value);
  if (result[0] == atoms::ok) return result[1];
  return make_error("%s: no term: %s", shown.c_str(), error_text(result[1]).c_str());
}

Result<Term> Exec::parse_terms() {
  if (options_.terms.empty()) return Term::nil();
  // Each alone first, so that a wrong one is named and none can reach into the next.
  std::string all;
  for (const std::string& text : options_.terms) {
    JOIST_TRY(parse(text, text));
    all += (all.empty() ? "[" : "\n,") + text;
  }
  return parse(all + "\n]", "the terms");
}

Result<void> Exec::check_function(const Mfa& function) {
  JOIST_TRY(vm_.load_module_by_name(options_.module));
  const ExportEntry* entry = vm_.code().find_export(function);
  if (entry != nullptr && !entry->is_undefined()) return {};
  std::string others;
  for (const FunctionName& exported : vm_.code().find_module(function.module)->exports) {
    if (!(exported.name == function.function)) continue;
    others += others.empty() ? "; it has arity " : ", ";
    others += std::to_string(exported.arity);
  }
  return make_error("module %s exports no %s/%u%s", options_.module.c_str(),
                    options_.function.c_str(), function.arity, others.c_str());
}

// As io:format("~tp~n", [Value]) prints it.
Result<void> Exec::print_result(Term value) {
  const Term arguments = make_cons(heap(), value, Term::nil());
  const Vm::CallResult formatted =
      vm_.call("io_lib", "format", {make_string(heap(), "~tp~n"), arguments});
  if (!formatted.returned) return failure("io_lib:format/2", formatted);
  const auto text = text_of(heap(), formatted.value);
  if (!text) return make_error("io_lib:format/2 returned no characters");
  std::fwrite(text->data(), 1, text->size(), stdout);
  return {};
}

// As the Erlang shell prints it; plainly, where Joist cannot run what the shell uses.
void Exec::print_exception(Vm::CallResult result) {
  std::fflush(stdout);
  // A throw that reaches the end of the process became error:{nocatch, Reason}; the shell, which
  // catches it before, shows the throw.
  if (result.exception == ExceptionClass::kError && is_tuple(result.reason) &&
      tuple_size(result.reason) == 2 && tuple_elements(result.reason)[0] == must_atom("nocatch")) {
    result.exception = ExceptionClass::kThrow;
    result.reason = tuple_elements(result.reason)[1];
  }
  const Term exception = must_atom(class_name(result.exception));
  const std::string plain =
      term_text(result.reason, kLongestTerm) + "\n     " + term_text(result.trace, kLongestTerm);
  const Term column[] = {must_atom("column"), Term::small(4)};
  const Vm::CallResult formatted =
      vm_.call("erl_error", "format_exception",
               {exception, result.reason, result.trace, make_map(heap(), column)});
  const auto text = formatted.returned ? text_of(heap(), formatted.value) : std::nullopt;
  if (text) {
    std::fprintf(stderr, "** %s\n", text->c_str());
  } else {
    std::fprintf(stderr, "** exception %s: %s\n", class_name(result.exception), plain.c_str());
  }
  if (!vm_.load_error().empty()) {
    std::fprintf(stderr, "joist: %s\n", vm_.load_error().c_str());
  }
}

// The VM does, when a function of a module logger that is not loaded is called.
Result<void> Exec::start_logger() {
  const Vm::CallResult called = vm_.call("logger", "get_primary_config", {});
  if (!called.returned) return failure("cannot start the logger", called);
  return {};
}

// The handler that prints until the kernel application has another is a process: what it was
// given is printed before the program's result.
void Exec::finish_logging(Vm::CallResult& result) {
  if (vm_.code().find_module(must_atom("logger_simple_h")) == nullptr) return;
  const size_t first = vm_.keep(result.returned ? result.value : result.reason);
  const size_t trace = vm_.keep(result.returned ? Term::nil() : result.trace);
  const Term simple[] = {must_atom("id"), must_atom("simple")};
  vm_.call("logger_simple_h", "removing_handler", {make_map(heap(), simple)});
  (result.returned ? result.value : result.reason) = vm_.kept(first);
  result.trace = vm_.kept(trace);
}

constexpr size_t kAtomsToShow = 10'000;

Result<int> Exec::run() {
  const std::optional<Term> module = make_atom(options_.module);
  const std::optional<Term> function = make_atom(options_.function);
  if (!module || !function) return make_error("a name of more than 255 characters");
  const Mfa mfa = {*module, *function, static_cast<uint32_t>(options_.terms.size())};
  // To check a function its module is loaded.
  if (options_.logger || options_.module == "logger") JOIST_TRY(start_logger());
  JOIST_TRY(check_function(mfa));
  std::vector<Term> arguments;
  for (Term list = JOIST_TRY(parse_terms()); list.is_list(); list = list.tail()) {
    arguments.push_back(list.head());
  }
  Vm::CallResult result = vm_.call(mfa, arguments);
  // Showing the result takes modules, which takes atoms; the program may have left none.
  set_atom_limit(atom_limit() + kAtomsToShow);
  finish_logging(result);
  if (result.returned) {
    JOIST_TRY(print_result(result.value));
    return 0;
  }
  print_exception(result);
  return 1;
}

}  // namespace

void add_exec(CLI::App& app, Invocation& invocation) {
  CLI::App* command = app.add_subcommand("exec", "Call an Erlang function and print its result");
  auto options = std::make_shared<Options>();
  command
      ->add_option("--pa", options->folders,
                   "look for modules in this folder first (also -pa; may be repeated)")
      ->type_name("DIR")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  add_root_option(*command, options->root);
  command
      ->add_option("--schedulers", options->schedulers,
                   "how many threads run Erlang processes (also +S); default: one a processor")
      ->type_name("N")
      ->check(CLI::Range(1, 1024));
  command
      ->add_option("--processes", options->processes,
                   "the most processes that may exist at once (also +P); default 262144")
      ->type_name("N")
      ->check(CLI::Range(1024, 134'217'727));
  command->add_flag("--logger", options->logger,
                    "start OTP's logger process first, which otherwise is started when logger is "
                    "first called: it prints the emulator's messages, too");
  command->add_flag("--op-stats", options->op_stats,
                    "print the most executed instructions and pairs of neighbours");
  command->add_option("MODULE", options->module, "the module, e.g. lists")->required();
  command
      ->add_option("FUNCTION", options->function, "an exported function, e.g. sort")

      ->required();
  // For the help only: the terms are in the Invocation.
  command->add_option("TERM", options->terms, "its arguments, each an Erlang term");
  command->footer(
      "\nThe VM is bare: OTP is not booted, so there is no code server, no I/O server and no\n"
      "application controller. Only OTP's logger starts when a program first logs something; it\n"
      "prints to standard error what it prints while OTP boots, hence no reports of supervisors.\n"
      "Modules are loaded when they are first called, from the -pa folders, then from the OTP "
      "root\n"
      "(see joist doctor). Options come before MODULE; quote terms for the shell.\n\n"
      "Exits with 0 after printing the result as io:format(\"~tp~n\") would; with 1 after an\n"
      "exception, which is printed to standard error as the Erlang shell prints it.\n\n"
      "Examples:\n"
      "  joist exec lists reverse '[1, 2, 3]'\n"
      "  joist exec -pa ebin my_module my_function 42 '{a, \"text\"}'");
  command->callback([options, &invocation] {
    const auto vm = make_vm(invocation, options->root, options->folders,
                            {options->schedulers, options->processes});
    if (!vm.ok()) return invocation.fail(vm.error());
    options->terms = invocation.terms;
    if (options->op_stats) vm.value()->count_ops();
    Exec exec(*vm.value(), *options);
    const Result<int> result = exec.run();
    if (options->op_stats) print_op_stats(*vm.value()->op_counts());
    if (!result.ok()) return invocation.fail(result.error());
    invocation.exit_code = result.value();
  });
}

}  // namespace joist::cli
