// Running match programs.
//
//   MatchRun run(p, program);              // one for many subjects
//   Term result = run.table_object(object) // none(): no match
//
// What guards build is given up at once; results are built on the process' heap. Subjects may lie
// anywhere: results hold copies. Where a subject can be copied in a better way than term by term,
// `copy` does it ('$_').
#pragma once

#include <memory>

#include "vm/match/program.h"
#include "vm/proc/process.h"

namespace joist {

struct MatchSubject {
  Term term;
  Term (*copy)(Allocator& to, const MatchSubject& subject) = nullptr;  // null: copy_term
  const void* context = nullptr;                                       // copy's own
};

// Performs the special forms of trace programs.
class MatchActions {
 public:
  // The form's value, in terms that may lie anywhere; none(): it fails.
  virtual Term perform(TraceForm form, std::span<const Term> arguments) = 0;

 protected:
  ~MatchActions() = default;
};

class MatchRun {
 public:
  MatchRun(Process& process, const MatchProgram& program, MatchActions* actions = nullptr);
  MatchRun(const MatchRun&) = delete;
  MatchRun& operator=(const MatchRun&) = delete;

  // From now on a subject is left alone that takes long: a dirty thread is to run the program on
  // it. left() tells of the latest one.
  void leave_when_long() { leaves_ = true; }
  bool left() const { return left_; }

  // The value of the body of the first clause that matches; none(): no clause does.
  Term operator()(const MatchSubject& subject);
  // The same of a list of arguments.
  Term arguments(std::span<const Term> arguments);

 private:
  struct GuardHeap;
  Term execute();
  const MatchInstruction* execute_guard(const MatchInstruction* pc, Term* stack);
  template <bool kInBody>
  const MatchInstruction* evaluate(const MatchInstruction* pc, Term* result);
  Term body_variable(uint32_t slot);
  Term whole(bool in_body);
  Term call(const MatchInstruction& instruction, const Term* arguments);
  bool leaves_for(const Term* operands);

  Process& process_;
  const MatchProgram& program_;
  MatchActions* actions_;
  bool leaves_ = false;
  bool left_ = false;
  const MatchSubject* subject_ = nullptr;
  std::span<const Term> arguments_;
  std::unique_ptr<Term[]> large_;  // when the areas below are too small
  Term* variables_;                // as they were matched
  Term* copies_;                   // as the body has them; none(): not copied yet
  Term* stack_;
  const Term** places_;

  static constexpr size_t kInlineWords = 96;
  Term inline_[kInlineWords];
};

}  // namespace joist
