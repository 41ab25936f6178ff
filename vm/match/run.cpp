#include "vm/match/run.h"

#include "vm/heap/arith.h"
#include "vm/heap/builder.h"
#include "vm/heap/copy.h"
#include "vm/heap/map_build.h"
#include "vm/proc/long_product.h"
#include "vm/term/compare.h"
#include "vm/term/map.h"

namespace joist {

// While it lives, natives build in a small area of its own (and fragments beside it).
struct MatchRun::GuardHeap {
  explicit GuardHeap(Allocator& process_heap) : heap(process_heap) {
    exchange();
    heap.top = words;
    heap.limit = words + kWords;
  }
  ~GuardHeap() {
    release_off_heap(heap.off_heap);
    release_fragments(heap.fragments);
    exchange();
    // What there was has become the process' again; the saved fields hold what was given up.
    saved.fragments = nullptr;
    saved.off_heap = nullptr;
  }
  void exchange() {
    std::swap(heap.top, saved.top);
    std::swap(heap.limit, saved.limit);
    std::swap(heap.fragments, saved.fragments);
    std::swap(heap.fragment_words, saved.fragment_words);
    std::swap(heap.off_heap, saved.off_heap);
    std::swap(heap.off_heap_bytes, saved.off_heap_bytes);
  }

  static constexpr size_t kWords = 64;
  Allocator& heap;
  Allocator saved;
  Word words[kWords];
};

MatchRun::MatchRun(Process& process, const MatchProgram& program, MatchActions* actions)
    : process_(process), program_(program), actions_(actions) {
  const size_t words =
      2 * size_t{program.variables} + program.stack_depth + 1 + program.place_depth + 1;
  Term* area = inline_;
  if (words > kInlineWords) {
    large_ = std::make_unique<Term[]>(words);
    area = large_.get();
  }
  variables_ = area;
  copies_ = area + program.variables;
  stack_ = copies_ + program.variables;
  static_assert(sizeof(const Term*) == sizeof(Term));
  places_ = reinterpret_cast<const Term**>(stack_ + program.stack_depth + 1);
}

Term MatchRun::operator()(const MatchSubject& subject) {
  subject_ = &subject;
  return execute();
}

Term MatchRun::arguments(std::span<const Term> arguments) {
  arguments_ = arguments;
  return execute();
}

Term MatchRun::body_variable(uint32_t slot) {
  Term& copy = copies_[slot];
  if (copy.is_none()) copy = copy_term(process_.heap, variables_[slot], nullptr);
  return copy;
}

Term MatchRun::whole(bool in_body) {
  if (subject_ == nullptr) return make_list(process_.heap, arguments_);
  if (!in_body) return subject_->term;
  if (subject_->copy != nullptr) return subject_->copy(process_.heap, *subject_);
  return copy_term(process_.heap, subject_->term, nullptr);
}

Term MatchRun::call(const MatchInstruction& instruction, const Term* arguments) {
  Term value = instruction.native(process_, arguments);
  // Code could let others run in the middle of length/1; here it goes on and is charged for.
  int64_t granted = 0;
  while (value.is_none() && process_.outcome == NativeOutcome::kYield) {
    granted += kReductionsPerSlice;
    process_.reductions += kReductionsPerSlice;
    value = instruction.native(process_, arguments);
  }
  process_.reductions -= granted;
  if (value.is_none()) {
    process_.exception_reason = Term::nil();
    process_.error_cause = Term::none();
  }
  return value;
}

bool MatchRun::leaves_for(const Term* operands) {
  left_ = leaves_ && is_long_product(process_, arith_product_cost(operands[0], operands[1]));
  return left_;
}

// Guards and bodies. In a guard: returns the instruction behind kEndGuard, or null when the guard
// fails. In a body: null at its end, with *result.
template <bool kInBody>
const MatchInstruction* MatchRun::evaluate(const MatchInstruction* pc, Term* result) {
  const MatchInstruction* const code = program_.code.data();
  Allocator& heap = process_.heap;
  Term* sp = stack_;  // the next free place
  for (;; ++pc) {
    switch (pc->op) {
      case MatchOp::kConstant:
        *sp++ = kInBody ? copy_term(heap, pc->term(), nullptr) : pc->term();
        break;
      case MatchOp::kVariable:
        *sp++ = kInBody ? body_variable(pc->n) : variables_[pc->n];
        break;
      case MatchOp::kWhole:
        *sp++ = whole(kInBody);
        break;
      case MatchOp::kCons:
        --sp;
        sp[-1] = make_cons(heap, sp[0], sp[-1]);
        break;
      case MatchOp::kMakeList:
        sp -= pc->n;
        sp[-1] = make_list(heap, {sp - 1, pc->n}, sp[pc->n - 1]);
        break;
      case MatchOp::kMakeTuple:
        sp -= pc->n;
        *sp = make_tuple(heap, std::span<const Term>(sp, pc->n));
        ++sp;
        break;
      case MatchOp::kMakeMap:
        sp -= 2 * size_t{pc->n};
        *sp = make_map(heap, {sp, 2 * size_t{pc->n}});
        ++sp;
        break;
      case MatchOp::kProduct:
        if (leaves_for(sp - 2)) [[unlikely]]
          return nullptr;
        [[fallthrough]];
      case MatchOp::kCall: {
        sp -= pc->n;
        const Term value = call(*pc, sp);
        if (value.is_none() && !kInBody) return nullptr;
        *sp++ = value.is_none() ? Term(atoms::EXIT) : value;
        break;
      }
      case MatchOp::kAnd:
      case MatchOp::kOr: {
        const Term decisive = boolean(pc->op == MatchOp::kOr);
        Term value = boolean(pc->op == MatchOp::kAnd);
        sp -= pc->n;
        for (uint32_t i = 0; i < pc->n; ++i) {
          if (sp[i] == decisive) {
            if (value == boolean(pc->op == MatchOp::kAnd)) value = decisive;
          } else if (!(sp[i] == atoms::true_) && !(sp[i] == atoms::false_)) {
            if (!kInBody) return nullptr;
            value = atoms::EXIT;
          }
        }
        *sp++ = value;
        break;
      }
      case MatchOp::kAndAlso:
      case MatchOp::kOrElse: {
        const Term decisive = boolean(pc->op == MatchOp::kOrElse);
        if (sp[-1] == decisive) {
          pc = code + pc->n - 1;
        } else if (sp[-1] == boolean(pc->op == MatchOp::kAndAlso)) {
          --sp;
        } else {
          if (!kInBody) return nullptr;
          sp[-1] = atoms::EXIT;
          pc = code + pc->n - 1;
        }
        break;
      }
      case MatchOp::kJump:
        pc = code + pc->n - 1;
        break;
      case MatchOp::kTrue:
        if (!(*--sp == atoms::true_)) return nullptr;
        break;
      case MatchOp::kWaste:
        --sp;
        break;
      case MatchOp::kSelf:
        *sp++ = process_.pid;
        break;
      case MatchOp::kTraceForm: {
        const size_t count = pc->n >> 8;
        const auto form = static_cast<TraceForm>(pc->n & 0xff);
        sp -= count;
        if (form == TraceForm::kMessage) *result = *sp;
        const Term value = actions_->perform(form, {sp, count});
        if (value.is_none() && !kInBody) return nullptr;
        *sp++ = value.is_none() ? Term(atoms::EXIT) : value;
        break;
      }
      case MatchOp::kReturn:
        *result = *--sp;
        break;
      case MatchOp::kEndGuard:
        return pc + 1;
      default:  // kHalt
        return nullptr;
    }
  }
}

const MatchInstruction* MatchRun::execute_guard(const MatchInstruction* pc, Term* result) {
  GuardHeap guard_heap(process_.heap);
  return evaluate<false>(pc, result);
}

namespace {

bool same_float(Term a, Term b) {
  return is_float(b) && std::bit_cast<Word>(float_value(a)) == std::bit_cast<Word>(float_value(b));
}

}  // namespace

Term MatchRun::execute() {
  const MatchInstruction* const code = program_.code.data();
  const MatchInstruction* pc = code;
  const MatchInstruction* next_clause = nullptr;
  const Term* ep = nullptr;
  const Term** sp = places_;
  for (;;) {
    bool matches = true;
    switch (pc->op) {
      case MatchOp::kTry:
        next_clause = code + pc->n;
        ep = subject_ != nullptr ? &subject_->term : nullptr;
        sp = places_;
        break;
      case MatchOp::kFail:
        return Term::none();
      case MatchOp::kPushTuple:
        *sp++ = ep + 1;
        [[fallthrough]];
      case MatchOp::kTuple:
        matches = is_tuple(*ep) && tuple_size(*ep) == pc->n;
        if (matches) ep = term_words(object_words(*ep));
        break;
      case MatchOp::kPushList:
        *sp++ = ep + 1;
        [[fallthrough]];
      case MatchOp::kList:
        matches = ep->is_list();
        if (matches) ep = term_words(ep->cell());
        break;
      case MatchOp::kEnterMap:
        matches = is_map(*ep) && map_size(*ep) >= pc->n;
        *sp++ = ep + 1;
        *sp++ = ep;
        break;
      case MatchOp::kKey:
        ep = map_find(*sp[-1], pc->term());
        matches = ep != nullptr;
        break;
      case MatchOp::kLeaveMap:
        sp -= 2;
        ep = *sp;
        break;
      case MatchOp::kPop:
        ep = *--sp;
        break;
      case MatchOp::kBind:
        variables_[pc->n] = *ep++;
        break;
      case MatchOp::kSame:
        matches = exact_equal(variables_[pc->n], *ep++);
        break;
      case MatchOp::kEqualWord:
        matches = *ep++ == pc->term();
        break;
      case MatchOp::kEqualFloat:
        matches = same_float(pc->term(), *ep++);
        break;
      case MatchOp::kEqualTerm:
        matches = exact_equal(pc->term(), *ep++);
        break;
      case MatchOp::kSkip:
        ep += pc->n;
        break;
      case MatchOp::kArguments:
        matches = arguments_.size() == pc->n;
        ep = arguments_.data();
        break;
      case MatchOp::kArgumentsPrefix:
        matches = arguments_.size() >= pc->n;
        ep = arguments_.data();
        break;
      case MatchOp::kBindArguments:
        variables_[pc->n] = make_list(process_.heap, arguments_);
        break;
      case MatchOp::kBeginGuard: {
        Term unused;
        pc = execute_guard(pc + 1, &unused);
        if (left_) [[unlikely]]
          return Term::none();
        if (pc == nullptr) {
          pc = next_clause;
        }
        continue;
      }
      case MatchOp::kBody: {
        for (uint32_t i = 0; i < program_.variables; ++i) copies_[i] = Term::none();
        Term result = atoms::true_;
        evaluate<true>(pc + 1, &result);
        return left_ ? Term::none() : result;
      }
      default:  // kHalt: no body
        return atoms::true_;
    }
    pc = matches ? pc + 1 : next_clause;
  }
}

}  // namespace joist
