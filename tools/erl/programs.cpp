#include "tools/erl/programs.h"

#include <cstdlib>

#include "vm/os/file.h"

namespace joist::erl {

namespace {

using Words = std::vector<std::string>;

void append(Words& to, const Words& more) { to.insert(to.end(), more.begin(), more.end()); }

// One scheduler: builds run many compilers at once. -pa and -pz are the emulator's, the rest is the
// compiler's.
Words erlc(const Words& words) {
  Words emulator = {"+S1"};
  Words compiler;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word.starts_with("-pa") || word.starts_with("-pz")) {
      emulator.push_back(word.substr(0, 3));
      if (word.size() > 3) {
        emulator.push_back(word.substr(3));
      } else if (i + 1 < words.size()) {
        emulator.push_back(words[++i]);
      }
    } else if (word == "-smp") {
      emulator.push_back(word);
    } else if (word != "-server" && word != "-no-server") {
      compiler.push_back(word);
    }
  }
  append(emulator, {"+sbtu", "+A0", "-noinput", "-mode", "minimal", "-boot", "no_dot_erlang", "-s",
                    "erl_compile", "compile_cmdline", "-extra"});
  append(emulator, compiler);
  return emulator;
}

// The flags that a script wants for its emulator: on a second or third line that begins with %%!
Words flags_of_script(std::string_view text) {
  size_t begin = 0;
  for (int line = 1; line <= 3; ++line) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view content = text.substr(begin, end - begin);
    if (line > 1 && content.starts_with("%%!")) {
      Words flags;
      for (size_t i = 3; i < content.size();) {
        const size_t from = std::min(content.find_first_not_of(' ', i), content.size());
        i = std::min(content.find(' ', from), content.size());
        if (i > from) flags.emplace_back(content.substr(from, i - from));
      }
      return flags;
    }
    if (end == text.size()) break;
    begin = end + 1;
  }
  return {};
}

Result<Words> escript(const Words& words) {
  size_t script = 0;
  while (script < words.size() && words[script].starts_with("-")) ++script;
  if (script == words.size()) return make_error("escript: Missing filename\n");
  const std::string& name = words[script];
  const Result<std::vector<uint8_t>> bytes = read_file(name);
  if (!bytes) return make_error("escript: Failed to open file: %s", name.c_str());
  const std::string_view text(reinterpret_cast<const char*>(bytes.value().data()),
                              bytes.value().size());
  setenv("ESCRIPT_NAME", name.c_str(), 1);
  Words result = {"+B", "-boot", "no_dot_erlang", "-noshell"};
  append(result, flags_of_script(text));
  append(result, {"-run", "escript", "start"});
  for (size_t i = 0; i < script; ++i) result.push_back(words[i].substr(1));
  result.emplace_back("-extra");
  result.insert(result.end(), words.begin() + static_cast<ptrdiff_t>(script), words.end());
  return result;
}

Words analysis(const char* module, const char* function, const Words& words) {
  Words result = {"-noinput",      "+P",   "1000000", "+B",     "-boot",
                  "no_dot_erlang", "-run", module,    function, "-extra"};
  append(result, words);
  return result;
}

// How Common Test is started, as its own flags say; those behind -erl_args are the emulator's.
struct TestRun {
  enum Mode : uint8_t { kNormal, kWebTool, kShell, kMaster, kErlangShell };
  Mode mode = kNormal;
  std::string name_flag = "-sname";
  std::string node = "ct";
  std::string browser;
};

TestRun read_test_run(const Words& words) {
  TestRun run;
  bool ours = true;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const bool has_value = i + 1 < words.size();
    if (word == "-erl_args") ours = false;
    if ((word == "-sname" || word == "-name") && has_value) {
      if (word == "-name") run.name_flag = word;
      run.node = words[++i];
    } else if (ours && word == "-vts") {
      run.mode = TestRun::kWebTool;
    } else if (ours && word == "-shell") {
      run.mode = TestRun::kShell;
    } else if (ours && word == "-ctmaster") {
      run.mode = TestRun::kMaster;
      run.node = "ct_master";
    } else if (ours && word == "-browser" && has_value) {
      run.browser = words[++i];
    } else if (ours && word == "-ctname" && has_value) {
      run.mode = TestRun::kErlangShell;
      run.node = words[++i];
    }
  }
  return run;
}

Words ct_run(const Words& words) {
  setenv("ESCRIPT_NAME", "ct_run", 1);
  const TestRun run = read_test_run(words);
  Words result = {run.name_flag, run.node};
  if (run.mode == TestRun::kWebTool) {
    append(result, {"-s", "ct_webtool", "script_start", "vts"});
    if (!run.browser.empty()) result.push_back(run.browser);
  }
  if (run.mode <= TestRun::kShell) append(result, {"-s", "ct_run", "script_start"});
  if (run.mode == TestRun::kNormal) append(result, {"-s", "erlang", "halt"});
  bool ours = true;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "-erl_args") {
      ours = false;
      result.emplace_back("-ct_erl_args");
    } else if (word == "-sname" || word == "-name") {
      ++i;
    } else if (ours && (word == "-config" || word == "-decrypt_key" || word == "-decrypt_file")) {
      result.push_back("-ct_" + word.substr(1));
    } else {
      result.push_back(word);
    }
  }
  return result;
}

}  // namespace

bool is_program(std::string_view name) {
  return name == "erlc" || name == "escript" || name == "dialyzer" || name == "typer" ||
         name == "ct_run";
}

Result<Words> words_of_program(std::string_view name, const Words& words) {
  if (name == "erlc") return erlc(words);
  if (name == "escript") return escript(words);
  if (name == "ct_run") return ct_run(words);
  if (name == "dialyzer") return analysis("dialyzer", "plain_cl", words);
  return analysis("typer", "start", words);
}

}  // namespace joist::erl
