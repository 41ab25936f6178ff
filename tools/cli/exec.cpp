// joist exec: calls one function in a bare VM, and prints its result.
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "bif/registry.h"
#include "tools/cli/command.h"
#include "tools/cli/facts.h"
#include "vm/base/config.h"
#include "vm/engine/vm.h"
#include "vm/heap/builder.h"
#include "vm/term/bits.h"
#include "vm/term/print.h"

namespace joist::cli {

namespace {

struct Options {
  std::vector<std::string> folders;
  std::string root;
  std::string module;
  std::string function;
  std::vector<std::string> terms;
};

// A string as Erlang has it: the list of its characters. Not UTF-8: of its bytes.
Term list_of_text(Process& p, const std::string& text) { return make_string(p.heap, text); }

std::string bytes_of(Term binary) {
  ByteScratch scratch;
  const ByteSpan bytes = binary_bytes(binary, scratch);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class Execution {
 public:
  Execution(Vm& vm, const Options& options) : vm_(vm), options_(options) {}

  Result<int> run() {
    enable_no_features();
    for (const std::string& text : options_.terms) JOIST_TRY(parse(text));
    const Result<void> loaded = vm_.load_module_by_name(options_.module);
    if (!loaded) return Error(loaded.error());
    const Mfa mfa = {must_atom(options_.module), must_atom(options_.function),
                     static_cast<uint32_t>(options_.terms.size())};
    const ExportEntry* entry = vm_.code().find_export(mfa);
    if (entry == nullptr || entry->is_undefined()) {
      return make_error("module %s has no function %s/%u", options_.module.c_str(),
                        options_.function.c_str(), mfa.arity);
    }
    std::vector<Term> arguments;
    for (size_t slot : slots_) arguments.push_back(vm_.kept(slot));
    const Vm::CallResult result = vm_.call(mfa, arguments);
    if (!result.returned) {
      print_exception(result);
      return 1;
    }
    return print_value(result.value);
  }

 private:
  // Which language features are enabled is something that the scanner and the printer ask; without
  // an init process to tell its arguments, the answer that an OTP boot without -enable-feature
  // leaves behind is put in place.
  void enable_no_features() {
    const Term module = must_atom("erl_features");
    const auto put = [&](const char* name, Term value) {
      vm_.put_persistent(make_tuple(vm_.process().heap, {module, must_atom(name)}), value);
    };
    put("enabled_features", Term::nil());
    put("keywords", Term::nil());
    put("init_done", atoms::true_);
  }

  Result<void> parse(const std::string& text) {
    const auto wrong = [&text] { return make_error("not an Erlang term: %s", text.c_str()); };
    const Vm::CallResult scanned =
        vm_.call("erl_scan", "string", {list_of_text(vm_.process(), text + " .")});
    if (!scanned.returned) return Error(unexpected("erl_scan", scanned));
    if (!is_tuple(scanned.value) || !(tuple_elements(scanned.value)[0] == atoms::ok)) {
      return wrong();
    }
    const Vm::CallResult parsed =
        vm_.call("erl_parse", "parse_term", {tuple_elements(scanned.value)[1]});
    if (!parsed.returned) return Error(unexpected("erl_parse", parsed));
    if (!is_tuple(parsed.value) || !(tuple_elements(parsed.value)[0] == atoms::ok)) return wrong();
    slots_.push_back(vm_.keep(tuple_elements(parsed.value)[1]));
    return {};
  }

  // What a library function of OTP raised although its arguments were right.
  Error unexpected(const char* module, const Vm::CallResult& result) {
    std::string reason = term_text(result.reason);
    if (!vm_.load_error().empty()) reason += " (" + vm_.load_error() + ")";
    return make_error("%s failed: %s", module, reason.c_str());
  }

  // io_lib:format(Format, Arguments) as UTF-8; none if that fails.
  Result<std::string> format(const char* text, Term arguments) {
    Process& p = vm_.process();
    const size_t kept = vm_.keep(arguments);
    const Term control = make_string(p.heap, text);
    const Vm::CallResult formatted = vm_.call("io_lib", "format", {control, vm_.kept(kept)});
    if (!formatted.returned) return Error(unexpected("io_lib:format", formatted));
    return utf8(formatted.value);
  }
  Result<std::string> utf8(Term characters) {
    const Vm::CallResult binary = vm_.call("unicode", "characters_to_binary", {characters});
    if (!binary.returned || !is_binary(binary.value)) {
      return Error(unexpected("unicode:characters_to_binary", binary));
    }
    return bytes_of(binary.value);
  }

  Result<int> print_value(Term value) {
    Process& p = vm_.process();
    const std::string text = JOIST_TRY(format("~tp~n", make_list(p.heap, {&value, 1})));
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() ||
        std::fflush(stdout) != 0) {
      return make_error("cannot write to standard output");
    }
    return 0;
  }

  // As the shell does, by erl_error; plainly if that cannot run.
  void print_exception(const Vm::CallResult& result) {
    const size_t reason = vm_.keep(result.reason);
    const size_t trace = vm_.keep(result.trace);
    const Term exception = result.exception == ExceptionClass::kError  ? atoms::error
                           : result.exception == ExceptionClass::kExit ? atoms::exit
                                                                       : atoms::throw_;
    const Vm::CallResult formatted =
        vm_.call("erl_error", "format_exception", {exception, vm_.kept(reason), vm_.kept(trace)});
    if (formatted.returned) {
      const Result<std::string> text = utf8(formatted.value);
      if (text) {
        std::fprintf(stderr, "** %s\n", text.value().c_str());
        return;
      }
    }
    std::fprintf(stderr, "** exception %s: %s\n   %s\n", std::string(atom_text(exception)).c_str(),
                 term_text(vm_.kept(reason)).c_str(), term_text(vm_.kept(trace)).c_str());
  }

  Vm& vm_;
  const Options& options_;
  std::vector<size_t> slots_;
};

Result<int> run_exec(const Options& options, const Invocation& invocation) {
  const OtpRoot root = JOIST_TRY(invocation.otp_root(options.root));
  VmOptions vm_options;
  vm_options.otp_release = root.release;
  for (const std::string& folder : options.folders) vm_options.code_path.add(folder);
  JOIST_TRY(vm_options.code_path.add_otp(root.path));
  for (const NativeFact& fact : JOIST_TRY(load_native_facts(""))) {
    if (fact.in(root.release) && find_native(fact.module, fact.function, fact.arity) == nullptr) {
      vm_options.missing_natives.push_back({fact.module, fact.function, fact.arity});
    }
  }
  vm_options.gc_stress =
      kStress || (kAssertions && invocation.environment.get("JOIST_GC_STRESS") == "1");
  const std::unique_ptr<Vm> vm = JOIST_TRY(Vm::create(std::move(vm_options)));
  return Execution(*vm, options).run();
}

}  // namespace

void add_exec(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      app.add_subcommand("exec", "Call a function in a bare VM and print its result");
  auto options = std::make_shared<Options>();
  command->add_option("--pa", options->folders, "a folder to load modules from (also -pa)")
      ->type_name("DIR")
      ->expected(1)
      ->take_all();
  add_root_option(*command, options->root);
  command->add_option("MODULE", options->module, "the module, e.g. lists")->required();
  command->add_option("FUNCTION", options->function, "the function, e.g. sort")->required();
  command->add_option("TERM", options->terms, "its arguments, each an Erlang term");
  command->footer(
      "\nNo OTP application is started: modules are loaded when they are called, from the -pa\n"
      "folders and the OTP root. The exit code is 0, or 1 if the call raises an exception.\n\n"
      "  joist exec lists sort '[3,1,2]'\n"
      "  joist exec -pa ebin my_module main");
  command->callback([options, &invocation] {
    const Result<int> code = run_exec(*options, invocation);
    if (code) {
      invocation.exit_code = code.value();
    } else {
      invocation.fail(code.error());
    }
  });
}

}  // namespace joist::cli
