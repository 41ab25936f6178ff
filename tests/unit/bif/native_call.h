// Calls natives as the interpreter would: by name, on a process with a heap of its own, again
// and again while they yield.
#pragma once

#include <catch2/catch.hpp>
#include <initializer_list>
#include <string>
#include <string_view>

#include "bif/registry.h"
#include "vm/heap/builder.h"
#include "vm/term/print.h"

namespace joist::test {

class NativeCaller {
 public:
  NativeCaller() {
    REQUIRE(literals.create(size_t{1} << 20));
    REQUIRE(p.heap.create(HeapOptions(), &literals));
    p.registers = &registers;
    registers.process = &p;
    p.runtime = &runtime;
    runtime.literals = &literals;
    p.reductions = 4000;
  }

  // The native's result; none() if it raised.
  Term call(std::string_view module, std::string_view function,
            std::initializer_list<Term> arguments) {
    const NativeEntry* entry = find_native(module, function, arguments.size());
    CAPTURE(module, function);
    REQUIRE(entry != nullptr);
    std::copy(arguments.begin(), arguments.end(), registers.x);
    Term result = entry->native.function(p, registers.x);
    while (result.is_none() && p.outcome == NativeOutcome::kYield) {
      ++yields;
      p.reductions = 4000;
      result = entry->native.function(p, registers.x);
    }
    return result;
  }
  // The result as text, or the class and reason of what was raised.
  std::string text(std::string_view module, std::string_view function,
                   std::initializer_list<Term> arguments) {
    Term result = call(module, function, arguments);
    if (!result.is_none()) return term_text(result);
    REQUIRE(p.outcome == NativeOutcome::kRaise);
    REQUIRE(p.exception_class == ExceptionClass::kError);
    return "error:" + term_text(p.exception_reason);
  }

  Term list(std::initializer_list<Term> elements, Term tail = Term::nil()) {
    return make_list(p.heap, std::span<const Term>(elements.begin(), elements.size()), tail);
  }
  Term tuple(std::initializer_list<Term> elements) { return joist::make_tuple(p.heap, elements); }
  // [1, 2, ..., count]
  Term range(int64_t count) {
    ListBuilder numbers(p.heap);
    for (int64_t i = 1; i <= count; ++i) numbers.add(Term::small(i));
    return numbers.finish();
  }

  LiteralSpace literals;
  Registers registers = {};
  Runtime runtime = {};
  Process p;
  int yields = 0;
};

}  // namespace joist::test
