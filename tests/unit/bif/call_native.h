// Calls natives by name, as the interpreter does, on a process without code: again and again
// while they yield.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <initializer_list>
#include <string>

#include "bif/registry.h"
#include "vm/codec/etf.h"
#include "vm/heap/builder.h"
#include "vm/term/print.h"

namespace joist {

class NativeCaller {
 public:
  NativeCaller() {
    REQUIRE(literals_.create(size_t{1} << 20));
    REQUIRE(process_.heap.create(HeapOptions(), &literals_));
    registers_.process = &process_;
    process_.registers = &registers_;
    process_.runtime = &runtime_;
    runtime_.literals = &literals_;
    runtime_.externals = &externals_;
    process_.reductions = kReductionsPerSlice;
  }

  Process& process() { return process_; }
  Runtime& runtime() { return runtime_; }
  Allocator& heap() { return process_.allocator(); }
  // How often natives have yielded.
  int yields() const { return yields_; }

  // The result; none() if the native raised.
  Term call(std::string_view module, std::string_view function,
            std::initializer_list<Term> arguments) {
    const NativeEntry* entry = find_native(module, function, arguments.size());
    INFO(std::string(module) + ":" + std::string(function));
    REQUIRE(entry != nullptr);
    std::copy(arguments.begin(), arguments.end(), registers_.x);
    Term result = entry->native.function(process_, registers_.x);
    while (result.is_none() && process_.outcome == NativeOutcome::kYield) {
      ++yields_;
      process_.reductions = kReductionsPerSlice;
      result = entry->native.function(process_, registers_.x);
    }
    return result;
  }
  // The result as text; an exception as its reason after a '!'.
  std::string text(std::string_view module, std::string_view function,
                   std::initializer_list<Term> arguments) {
    Term result = call(module, function, arguments);
    return result.is_none() ? "!" + term_text(process_.exception_reason) : term_text(result);
  }
  std::string text(std::string_view function, std::initializer_list<Term> arguments) {
    return text("erlang", function, arguments);
  }

  Term string(std::string_view bytes) { return make_string(heap(), bytes); }
  Term binary(std::string_view bytes) { return make_binary(heap(), bytes); }
  Term number(double value) { return make_float(heap(), value); }
  Term tuple(std::initializer_list<Term> elements) { return joist::make_tuple(heap(), elements); }
  Term list(std::initializer_list<Term> elements, Term tail = Term::nil()) {
    return make_list(heap(), std::span<const Term>(elements.begin(), elements.size()), tail);
  }
  // [1, 2, ..., count]
  Term range(int64_t count) {
    ListBuilder numbers(heap());
    for (int64_t i = 1; i <= count; ++i) numbers.add(Term::small(i));
    return numbers.finish();
  }

 private:
  struct NoExternals : ExternalResolver {};

  LiteralSpace literals_;
  Registers registers_ = {};
  NoExternals externals_;
  Runtime runtime_ = {};
  Process process_;
  int yields_ = 0;
};

}  // namespace joist
