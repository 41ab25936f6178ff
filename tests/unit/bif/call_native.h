// Calls natives by name, as the interpreter does, on a process without code.
#pragma once

#include <catch2/catch.hpp>
#include <initializer_list>
#include <string>
#include <vector>

#include "bif/registry.h"
#include "vm/heap/builder.h"
#include "vm/term/print.h"

namespace joist {

class NativeCaller {
 public:
  Process& process() { return process_; }
  Allocator& heap() { return process_.allocator(); }

  Term call(std::string_view module, std::string_view function,
            std::initializer_list<Term> arguments) {
    std::vector<Term> copy(arguments);
    const NativeEntry* entry = find_native(module, function, copy.size());
    INFO(std::string(module) + ":" + std::string(function));
    REQUIRE(entry != nullptr);
    return entry->native.function(process_, copy.data());
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

 private:
  Process process_;
};

}  // namespace joist
