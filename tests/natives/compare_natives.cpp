// compare_natives FILE: calls natives with the arguments of FILE and compares what they do with
// what the real erl did.
//
// FILE is an external term: a list of {Module, Function, Arguments, Expected}, where Expected is
// {value, Term} or {raised, Class, Reason, Cause}; Cause is that of error_info, or none. Patterns
// of re:compile are compared without their last element, which is the implementation's own.
//
// Each case runs twice: with a whole slice of reductions, and with almost none, so that natives
// that can stop in the middle do. A native that hands over to Erlang code cannot be followed here
// and is counted as such.
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

#include "bif/re_pattern.h"
#include "bif/registry.h"
#include "vm/code/code_table.h"
#include "vm/code/instr.h"
#include "vm/codec/etf.h"
#include "vm/heap/builder.h"
#include "vm/os/file.h"
#include "vm/proc/process.h"
#include "vm/term/compare.h"
#include "vm/term/print.h"

using namespace joist;

namespace {

constexpr int kFailuresShown = 40;
constexpr int64_t kShown = 2000;  // of a term
constexpr int kMaxSlices = 1000000;

struct Machine {
  Machine() : code(handlers()) {
    runtime.code = &code;
    runtime.regexes = &regexes;
    for (auto table : native_tables()) {
      for (const NativeEntry& entry : table) {
        code.add_native({must_atom(entry.module), must_atom(entry.function), entry.native.arity},
                        entry.native.function, entry.kind == kGuard);
      }
    }
  }
  static const HandlerTable& handlers() {
    static const Cell kNowhere[64] = {};
    static const HandlerTable table = [] {
      HandlerTable nowhere;
      for (const Cell*& handler : nowhere.handlers) handler = kNowhere;
      return nowhere;
    }();
    return table;
  }

  Runtime runtime;
  CodeTable code;
  RegexCache regexes;
};

struct Outcome {
  enum Kind { kValue, kRaised, kHandedOver, kStuck } kind;
  Term value;
};

// Calls the native, in slices where it wants, until it is done.
Outcome call(Machine& machine, Process& p, const ExportEntry* entry, Term arguments,
             int64_t slice) {
  auto* registers = p.registers;
  uint32_t arity = 0;
  for (; arguments.is_list(); arguments = arguments.tail()) {
    registers->x[arity++] = arguments.head();
  }
  for (int i = 0; i < kMaxSlices; ++i) {
    Term copies[8];
    std::memcpy(static_cast<void*>(copies), registers->x, sizeof copies);
    p.reductions = slice;
    Term value = entry->native(p, copies);
    if (!value.is_none()) return {Outcome::kValue, value};
    if (p.outcome == NativeOutcome::kRaise) return {Outcome::kRaised, p.exception_reason};
    if (p.outcome == NativeOutcome::kTrap) {
      auto* target = reinterpret_cast<const ExportEntry*>(p.trap_code[1]);
      if (target->native == nullptr) return {Outcome::kHandedOver, Term::nil()};
      entry = target;
    } else if (p.outcome == NativeOutcome::kDirty) {
      registers->thread = ThreadKind::kDirtyCpu;  // it begins again there
    } else if (p.outcome != NativeOutcome::kYield) {
      return {Outcome::kStuck, Term::nil()};
    }
  }
  static_cast<void>(machine);
  return {Outcome::kStuck, Term::nil()};
}

// {ok, {re_pattern, Groups, Unicode, UseCrlf, _}}: the pattern.
bool is_ok_pattern(Term term, std::span<Term>* pattern) {
  if (!is_tuple(term) || tuple_size(term) != 2 || tuple_elements(term)[0] != atoms::ok)
    return false;
  Term inner = tuple_elements(term)[1];
  if (!is_tuple(inner) || tuple_size(inner) != 5) return false;
  *pattern = tuple_elements(inner);
  return (*pattern)[0] == atoms::re_pattern;
}

bool same_value(Term a, Term b) {
  std::span<Term> left;
  std::span<Term> right;
  if (is_ok_pattern(a, &left) && is_ok_pattern(b, &right)) {
    return left[1] == right[1] && left[2] == right[2] && left[3] == right[3];
  }
  return exact_equal(a, b);
}

Term class_name(ExceptionClass exception) {
  switch (exception) {
    case ExceptionClass::kError:
      return atoms::error;
    case ExceptionClass::kExit:
      return atoms::exit;
    case ExceptionClass::kThrow:
      break;
  }
  return atoms::throw_;
}

bool as_expected(const Process& p, const Outcome& outcome, std::span<Term> expected) {
  static const Term kValue = must_atom("value");
  if (expected[0] == kValue) {
    return outcome.kind == Outcome::kValue && same_value(outcome.value, expected[1]);
  }
  Term cause = p.error_cause.is_none() ? atoms::none : p.error_cause;
  return outcome.kind == Outcome::kRaised && class_name(p.exception_class) == expected[1] &&
         exact_equal(outcome.value, expected[2]) && exact_equal(cause, expected[3]);
}

struct Counts {
  int cases = 0;
  int failed = 0;
  int handed_over = 0;
};

void compare_case(Machine& machine, Term test, Counts* counts) {
  auto elements = tuple_elements(test);
  uint32_t arity = 0;
  for (Term at = elements[2]; at.is_list(); at = at.tail()) ++arity;
  const ExportEntry* entry = machine.code.find_export({elements[0], elements[1], arity});
  if (entry == nullptr || entry->native == nullptr) {
    std::printf("no native %s\n", term_text(test, kShown).c_str());
    ++counts->failed;
    return;
  }
  for (int64_t slice : {int64_t{4000}, int64_t{1}}) {
    ++counts->cases;
    Process p;
    auto registers = std::make_unique<Registers>();
    p.registers = registers.get();
    p.runtime = &machine.runtime;
    if (!p.heap.create(HeapOptions(), nullptr)) std::abort();
    Outcome outcome = call(machine, p, entry, elements[2], slice);
    if (outcome.kind == Outcome::kHandedOver) {
      ++counts->handed_over;
    } else if (!as_expected(p, outcome, tuple_elements(elements[3]))) {
      if (++counts->failed > kFailuresShown) continue;
      std::printf("slice %d: %s\n  gives %s %s\n", static_cast<int>(slice),
                  term_text(test, kShown).c_str(),
                  outcome.kind == Outcome::kValue    ? "value"
                  : outcome.kind == Outcome::kRaised ? "exception"
                                                     : "no end",
                  term_text(outcome.value, kShown).c_str());
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  auto file = read_file(argv[1]);
  if (!file) {
    std::printf("%s\n", file.error().text.c_str());
    return 2;
  }
  Machine machine;
  Allocator heap;
  const auto& contents = file.value();
  std::optional<Decoded> decoded =
      decode_external(ByteSpan(reinterpret_cast<const uint8_t*>(contents.data()), contents.size()),
                      heap, DecodeOptions());
  if (!decoded) {
    std::printf("%s: no external term\n", argv[1]);
    return 2;
  }
  Counts counts;
  for (Term at = decoded->term; at.is_list(); at = at.tail()) {
    compare_case(machine, at.head(), &counts);
  }
  std::printf("%d calls, %d handed over to Erlang code, %d wrong\n", counts.cases,
              counts.handed_over, counts.failed);
  return counts.cases > 0 && counts.failed == 0 ? 0 : 1;
}
