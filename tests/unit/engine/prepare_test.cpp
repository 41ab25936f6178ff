// Functions are prepared when they are first called (vm/code/prepare.cpp).
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "loader/checked_beam.h"
#include "loader/load.h"
#include "tests/unit/loader/sample.h"
#include "vm/code/instr.h"
#include "vm/engine/vm.h"
#include "vm/term/atom.h"
#include "vm/term/print.h"

using namespace joist;
using namespace joist::testing;

namespace {

class Machine {
 public:
  Machine() {
    auto created = Vm::create(VmOptions());
    REQUIRE(created.ok());
    vm_ = std::move(created.value());
    REQUIRE(load_module(sample(), vm_->code(), vm_->literals()).ok());
  }

  CodeTable& code() { return vm_->code(); }
  Module& module() { return *code().find_module(must_atom("t1")); }
  uint32_t index_of(std::string_view name, uint32_t arity) {
    for (uint32_t i = 0; i < module().functions.size(); ++i) {
      const FunctionRange& function = module().functions[i];
      if (function.name == must_atom(name) && function.arity == arity) return i;
    }
    FAIL("no such function");
    return 0;
  }
  bool is_prepared(std::string_view name, uint32_t arity) {
    return !module().is_stub(module().functions[index_of(name, arity)].entry);
  }
  std::string text(std::string_view function, std::initializer_list<Term> arguments) {
    const Vm::CallResult result = vm_->call("t1", function, arguments);
    return result.returned ? term_text(result.value) : "!" + term_text(result.reason);
  }

 private:
  std::unique_ptr<Vm> vm_;
};

const std::string kTuple = "{2,y,1.500000e+00,\"abc\",123456789012345678901234567890}";

}  // namespace

TEST_CASE("files are checked on any thread, and nothing shows of it before they are loaded") {
  auto created = Vm::create(VmOptions());
  REQUIRE(created.ok());
  Vm& vm = *created.value();
  const auto bytes = sample();
  const size_t atoms_before = atom_count();
  std::unique_ptr<CheckedBeam> checked[4];
  std::vector<std::thread> threads;
  for (auto& beam : checked) {
    threads.emplace_back([&] {
      auto done = check_beam(bytes, vm.code());
      if (done) beam = done.take();
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(atom_count() == atoms_before);
  for (auto& beam : checked) {
    REQUIRE(beam != nullptr);
    auto module = prepare_checked(*beam, vm.code(), vm.literals(), LineInfo::kKeep);
    REQUIRE(module.ok());
    CHECK(module.value()->name == must_atom("t1"));
  }
  CHECK_FALSE(check_beam(ByteSpan(bytes).first(bytes.size() / 2), vm.code()).ok());
}

TEST_CASE("a function is a stub until it is called") {
  Machine m;
  for (const FunctionRange& function : m.module().functions) {
    CHECK(m.module().is_stub(function.entry));
  }
  CHECK(m.text("f", {Term::small(2), must_atom("y")}) == kTuple);
  CHECK(m.is_prepared("f", 2));
  CHECK_FALSE(m.is_prepared("g", 1));
  // By a call within the module, which from then on leads to the code itself.
  m.text("f", {Term::small(0), Term::small(0)});
  CHECK(m.is_prepared("g", 1));
  CHECK(m.module().first_call[m.index_of("g", 1)] == Module::kNoCall);
  CHECK_FALSE(m.is_prepared("h", 1));
  CHECK_FALSE(m.is_prepared("module_info", 0));
  m.text("f", {Term::small(0), Term::small(0)});
  CHECK(m.text("f", {Term::small(2), must_atom("y")}) == kTuple);
}

TEST_CASE("funs and exports lead to the code once it is prepared") {
  Machine m;
  const Module& module = m.module();
  const uint32_t fun = m.index_of("-g/1-fun-0-", 2);
  CHECK(module.funs[0]->code.load() == &module.cells[module.stub_of(fun)]);
  m.text("g", {Term::small(40)});
  CHECK_FALSE(m.is_prepared("-g/1-fun-0-", 2));
  m.code().prepare(m.module(), fun);
  CHECK(m.is_prepared("-g/1-fun-0-", 2));
  CHECK(module.funs[0]->code.load() == &module.cells[module.functions[fun].entry]);
  const ExportEntry* entry = m.code().find_export({module.name, must_atom("g"), 1});
  CHECK(entry->target() == &module.cells[module.functions[m.index_of("g", 1)].entry]);
}

TEST_CASE("a stub and its code are the same place to who asks") {
  Machine m;
  const Module& module = m.module();
  const uint32_t index = m.index_of("h", 1);
  const Cell* stub = &module.cells[module.stub_of(index)];
  CHECK(m.code().find_code(stub) == &module);
  CHECK(module.function_at(stub) == &module.functions[index]);
  const auto line = module.line_at(stub);
  const size_t bytes = module.code_bytes();
  const Cell* entry = m.code().prepare(stub);
  CHECK(entry != stub);
  CHECK(module.code_bytes() > bytes);
  CHECK(m.code().prepare(stub) == entry);
  CHECK(m.code().find_code(entry) == &module);
  CHECK(module.function_at(entry) == &module.functions[index]);
  CHECK(module.function_at(&module.cells[module.end_of(module.functions[index]) - 1]) ==
        &module.functions[index]);
  CHECK(line.has_value() == module.line_at(entry).has_value());
  if (line) CHECK(line->line == module.line_at(entry)->line);
}

TEST_CASE("threads may call the same functions for the first time") {
  for (int round = 0; round < 20; ++round) {
    Machine m;
    Module& module = m.module();
    std::thread other([&] { m.code().prepare_all(module); });
    m.code().prepare_all(module);
    other.join();
    size_t blocks = 0;
    for (size_t i = 0; i < module.range_count; ++i) blocks += module.ranges[i]->block_count;
    CHECK(blocks == module.functions.size());
    for (uint32_t i = 0; i < module.functions.size(); ++i) {
      const FunctionRange& function = module.functions[i];
      CHECK(module.function_at(&module.cells[function.entry]) == &function);
    }
    CHECK(m.text("f", {Term::small(2), must_atom("y")}) == kTuple);
  }
}
