// Which functions are traced, how, and for which session: what erlang:trace_pattern/3 sets.
//
// A function that is traced has a Breakpoint. It puts itself in the way of calls:
//
//   local, meta, call_count, ...   the first cell of the function's code becomes a `breakpoint`
//                                  instruction, and the cell's own handler is kept here
//   global                         the export entry leads to its trace_stub: calls from outside
//   a native                       the entry's `entered` is a function that says kTraced
//
// so that code that is not traced runs as ever. Breakpoints lie only in current code: who makes an
// instance old takes its breakpoints out first.
#pragma once

#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "vm/code/code_table.h"
#include "vm/heap/packed.h"
#include "vm/match/program.h"
#include "vm/trace/call_times.h"

namespace joist {

// A match specification, with the source that trace_info/2 shows.
struct TraceSpec {
  MatchProgram program;
  PackedTerm source;
};
using TraceSpecRef = std::shared_ptr<const TraceSpec>;  // null: no conditions

// trace_pattern(send | 'receive', ...)
struct EventPattern {
  bool on = true;
  TraceSpecRef spec;
};

enum class CountState : uint8_t { kOff, kOn, kPaused };

// One session's interest in a function.
struct FunctionTrace {
  uint64_t session = 0;
  bool global = false;
  bool local = false;
  TraceSpecRef spec;  // of either
  bool meta = false;
  TraceSpecRef meta_spec;
  std::atomic<Word> meta_tracer{0};  // bits of a pid or port; 0: it is gone
  CountState counting = CountState::kOff;
  std::atomic<uint64_t> count{0};
  CountState timing = CountState::kOff;
  CallTimes times;
  CountState measuring = CountState::kOff;  // memory
  CallTimes memory;

  bool is_idle() const {
    return !global && !local && !meta && counting == CountState::kOff &&
           timing == CountState::kOff && measuring == CountState::kOff;
  }
  bool needs_breakpoint() const {
    return local || meta || counting != CountState::kOff || timing != CountState::kOff ||
           measuring != CountState::kOff;
  }
};

struct Breakpoint {
  Mfa mfa;
  uint32_t function = 0;            // see CallPatterns::name_of
  ExportEntry* native = nullptr;    // the native that it is for, or:
  Cell* cell = nullptr;             // where the function begins
  Cell handler = 0;                 // what is there otherwise
  ExportEntry* exported = nullptr;  // its entry, if it has one
  bool debugged = false;            // erts_debug:breakpoint/2
  std::vector<std::unique_ptr<FunctionTrace>> sessions;

  FunctionTrace* find(uint64_t session);
  FunctionTrace& make(uint64_t session);
};

// What a trace_pattern call asks for.
struct PatternChange {
  enum class Action : uint8_t { kClear, kSet, kRestart, kPause };
  Action action = Action::kClear;
  bool breakpoint = false;  // else global
  bool local = false;
  bool meta = false;
  bool call_count = false;
  bool call_time = false;
  bool call_memory = false;
  TraceSpecRef spec;
  Term meta_tracer = Term::none();
};

class CallPatterns;

// trace_pattern(on_load, ...): the pattern for functions of modules that are loaded later.
struct LoadPattern {
  bool on = false;
  bool breakpoint = false;
  bool local = false;
  bool meta = false;
  bool call_count = false;
  bool call_time = false;
  bool call_memory = false;
  TraceSpecRef spec;
  TraceSpecRef meta_spec;
  Term meta_tracer = Term::none();

  // To all functions of a module that has been loaded.
  void apply(CallPatterns& patterns, uint64_t session, Module& module) const;
};

// {M, F, A} of which the last ones may be '_'.
struct FunctionPattern {
  Term module;
  Term function;
  uint32_t arity;
  unsigned specified;  // how many of the three count

  bool matches(const Mfa& mfa) const {
    return (specified < 1 || mfa.module == module) && (specified < 2 || mfa.function == function) &&
           (specified < 3 || mfa.arity == arity);
  }
};

class CallPatterns {
 public:
  explicit CallPatterns(CodeTable& code) : code_(code) {}

  // --- with an Exclusive ---
  // How many functions match.
  size_t change(uint64_t session, const FunctionPattern& pattern, const PatternChange& change,
                Module* only_in = nullptr);
  // No breakpoint of the module's current code is left.
  void clear_module(Term module);
  void clear_session(uint64_t session);
  // erts_debug:breakpoint/2.
  size_t debug(const FunctionPattern& pattern, bool on);
  bool any() const { return !breakpoints_.empty(); }
  bool any_in(Term module) const;
  // Whether there may be frames of traced calls on stacks.
  bool were_any() const { return !names_.empty(); }

  // null: the function is not traced. By whoever executes it, too.
  Breakpoint* find(const Mfa& mfa);
  // Functions that are traced, or were, by a number that stays theirs: what is kept on stacks.
  const Mfa& name_of(uint32_t function) const { return names_[function]; }
  // Whether there is such a function.
  bool exists(const Mfa& mfa) const;

 private:
  struct Place {
    Mfa mfa;
    ExportEntry* native = nullptr;
    Cell* cell = nullptr;
    ExportEntry* exported = nullptr;
  };
  // All functions that the pattern matches.
  std::vector<Place> places(const FunctionPattern& pattern, bool exported_only,
                            Module* only_in) const;
  Breakpoint& breakpoint_at(const Place& place);
  // A global pattern takes the place of the others, also where calls are local alone.
  void clear_unexported(uint64_t session, const FunctionPattern& pattern);
  // After a change of its sessions: gets in the way or out of it; forgets it if nobody wants it.
  void settle(Breakpoint& breakpoint);

  CodeTable& code_;
  std::unordered_map<Mfa, std::unique_ptr<Breakpoint>, MfaHash> breakpoints_;
  std::deque<Mfa> names_;
  std::unordered_map<Mfa, uint32_t, MfaHash> numbers_;
};

}  // namespace joist
