#include "loader/transform.h"

#include <algorithm>
#include <initializer_list>

#include "loader/control_flow.h"
#include "loader/verify_operands.h"

namespace joist {

namespace {

using Kind = OperandKind;

// More bits than a bitstring is tested for in one go: half a gigabyte.
constexpr uint64_t kMaxBits = UINT32_MAX;
constexpr int64_t kHalfWord = 32;

// Whether the arity is above that of any tuple.
bool is_too_large(const Operand& arity) {
  return arity.kind == Kind::kOverflow || arity.number() > kMaxTupleSize;
}

Operand make_operand(Kind kind, int64_t value = 0) { return {kind, kNoType, value}; }

bool has_dropped_op(const GenericInstruction& instruction) {
  switch (instruction.op) {
    case GenericOp::line_1:
    case GenericOp::executable_line_2:
    case GenericOp::debug_line_4:
    case GenericOp::nif_start_0:
    case GenericOp::on_load_0:
    case GenericOp::recv_mark_1:
    case GenericOp::recv_set_1:
    case GenericOp::fclearerror_0:
    case GenericOp::fcheckerror_1:
      return true;
    default:
      return false;
  }
}

// First pass: rewrites instructions one by one and leaves out what cannot be reached. Operands stay
// in their place; those of instructions that are new are added behind them.
class Rewriter {
 public:
  Rewriter(const BeamFile& file, GenericCode& code, const OwnLabels& labels)
      : file_(file),
        code_(code),
        before_(std::move(code.instructions)),
        labels_(labels),
        try_handlers_(find_try_handlers(before_, code.operands, labels_)) {}

  void run() {
    code_.instructions.clear();
    code_.instructions.reserve(before_.size());
    for (GenericFunction& function : code_.functions) rewrite_function(function);
    line_ = 0;
    emit(GenericOp::int_code_end_0, {});
    code_.clear_x.clear();
    code_.dead_labels.clear();
  }

 private:
  uint32_t position() const { return static_cast<uint32_t>(code_.instructions.size()); }
  const Operand& operand(size_t index) const { return code_.operand(*current_, index); }

  void rewrite_function(GenericFunction& function) {
    const GenericFunction old = function;
    function.begin = position();
    line_ = 0;
    reachable_ = true;
    clear_frames_ = function.clear_frames;
    for (uint32_t i = old.begin; i < old.end; ++i) {
      if (i == old.entry) function.entry = position();
      rewrite_at(i);
    }
    function.end = position();
  }

  void rewrite_at(uint32_t index) {
    current_ = &before_[index];
    if (current_->op == GenericOp::line_1) line_ = operand(0).index();
    clear_registers(index);
    if (current_->op == GenericOp::label_1) {
      const bool runs_in =
          reachable_ && position() != 0 && code_.instructions.back().op != GenericOp::label_1;
      const bool dead = is_dead_label(index);
      const bool guarded = dead || try_handlers_[labels_.index(operand(0).index())];
      if (runs_in && guarded) emit(GenericOp::if_end_0, {});
      reachable_ = true;
      if (dead) return stop_at_label();
    }
    if (!reachable_ || has_dropped_op(*current_)) return;
    rewrite();
    const bool kept = position() != 0 && code_.instructions.back().first == current_->first;
    const bool ended =
        ends_path(file_, code_, *current_) ||
        (!kept && position() != 0 && ends_path(file_, code_, code_.instructions.back()));
    if (ended) reachable_ = false;
  }

  void clear_registers(uint32_t index) {
    for (; next_clear_ < code_.clear_x.size(); ++next_clear_) {
      const ClearX& clear = code_.clear_x[next_clear_];
      if (clear.instruction > index) return;
      if (!reachable_) continue;
      emit(GenericOp::move_2, {make_operand(Kind::kNil), make_operand(Kind::kX, clear.x)});
    }
  }

  bool is_dead_label(uint32_t index) {
    const auto& dead = code_.dead_labels;
    while (next_dead_ < dead.size() && dead[next_dead_] < index) ++next_dead_;
    return next_dead_ < dead.size() && dead[next_dead_] == index;
  }

  void stop_at_label() {
    keep();
    emit(GenericOp::if_end_0, {});
    reachable_ = false;
  }

  // The current instruction as it is, or with the same operands as another one.
  void keep() { keep_as(current_->op); }
  void keep_as(GenericOp op) {
    code_.instructions.push_back({op, current_->first, current_->count, line_});
  }
  // `operands` lie outside the code.
  void emit(GenericOp op, std::span<const Operand> operands) {
    const auto first = static_cast<uint32_t>(code_.operands.size());
    code_.operands.append(operands);
    code_.instructions.push_back({op, first, static_cast<uint32_t>(operands.size()), line_});
  }
  void emit(GenericOp op, std::initializer_list<Operand> operands) {
    emit(op, std::span(operands.begin(), operands.size()));
  }
  void jump(const Operand& label) { emit(GenericOp::jump_1, {label}); }
  std::vector<Operand> first_operands(size_t count) const {
    const auto all = code_.operands_of(*current_);
    return {all.begin(), all.begin() + static_cast<ptrdiff_t>(count)};
  }

  void rewrite();
  void rewrite_make_fun();
  void rewrite_start_match();
  void rewrite_select();
  void rewrite_bs_match();

  // Adds y registers to be cleared, to the init_yregs just emitted if there is one.
  void init_y(const std::vector<Operand>& registers) {
    const bool merge =
        reachable_ && position() != 0 && code_.instructions.back().op == GenericOp::init_yregs_1;
    if (!merge) emit(GenericOp::init_yregs_1, {make_operand(Kind::kList)});
    GenericInstruction& list = code_.instructions.back();
    for (const Operand& operand : registers) {
      const auto items = code_.list_of(list);
      const bool known = std::any_of(items.begin(), items.end(),
                                     [&](const Operand& item) { return item.same(operand); });
      if (known) continue;
      code_.operands.push_back(operand);
      ++code_.operands[list.first].value;
      ++list.count;
    }
  }

  const BeamFile& file_;
  GenericCode& code_;
  const std::vector<GenericInstruction> before_;
  const OwnLabels& labels_;
  const std::vector<bool> try_handlers_;
  const GenericInstruction* current_ = nullptr;
  size_t next_clear_ = 0;  // into clear_x
  size_t next_dead_ = 0;   // into dead_labels
  uint32_t line_ = 0;
  bool reachable_ = true;
  bool clear_frames_ = false;
};

// make_fun2 takes its free variables from x(0) on, reserves heap for itself and leaves the fun in
// x(0).
void Rewriter::rewrite_make_fun() {
  const uint32_t num_free = file_.lambdas[operand(0).index()].num_free;
  code_.allocations.push_back({num_free, 0, 1});
  const auto need = static_cast<int64_t>(code_.allocations.size() - 1);
  emit(GenericOp::test_heap_2,
       {make_operand(Kind::kAllocation, need), make_operand(Kind::kUnsigned, num_free)});
  std::vector<Operand> fun = {operand(0), make_operand(Kind::kX, 0),
                              make_operand(Kind::kList, num_free)};
  for (uint32_t x = 0; x < num_free; ++x) fun.push_back(make_operand(Kind::kX, x));
  emit(GenericOp::make_fun3_3, fun);
}

void Rewriter::rewrite_start_match() {
  const Operand fail = operand(0);
  if (fail.kind == Kind::kLabel) return keep();
  const Operand source = operand(2);
  const Operand destination = operand(3);
  if (file_.atoms[fail.index()] == "resume") {
    if (!source.same(destination)) emit(GenericOp::move_2, {source, destination});
    return;
  }
  emit(GenericOp::bs_start_match4_4,
       {make_operand(Kind::kNoLabel), operand(1), source, destination});
}

void Rewriter::rewrite_select() {
  std::vector<Operand> kept = first_operands(3);
  const auto items = code_.list_of(*current_);
  for (size_t i = 0; i < items.size(); i += 2) {
    if (current_->op == GenericOp::select_tuple_arity_3 && is_too_large(items[i])) continue;
    kept.push_back(items[i]);
    kept.push_back(items[i + 1]);
  }
  if (kept.size() == 3) return jump(operand(1));
  if (kept.size() == current_->count) return keep();
  kept[2].value = static_cast<int64_t>(kept.size() - 3);
  emit(current_->op, kept);
}

// Takes wide constants to compare with apart, so that each fits a small integer.
void Rewriter::rewrite_bs_match() {
  std::vector<Operand> rewritten = first_operands(3);
  auto items = code_.list_of(*current_);
  while (!items.empty()) {
    const auto start = items;
    const auto command = take_bs_match_command(file_, items);
    const auto arguments = command->arguments;
    const bool ensures = command->kind == BsMatchCommand::Kind::kEnsureAtLeast ||
                         command->kind == BsMatchCommand::Kind::kEnsureExactly;
    const bool is_hopeless =
        ensures && (arguments[0].kind == Kind::kOverflow || arguments[0].number() > kMaxBits);
    if (is_hopeless) return jump(operand(0));
    if (command->kind == BsMatchCommand::Kind::kEqual && arguments[1].value > kHalfWord) {
      const uint64_t value = arguments[2].number();
      const auto low = static_cast<int64_t>(value & UINT32_MAX);
      const auto high = static_cast<int64_t>(value >> kHalfWord);
      const Operand name = start[0];
      for (const Operand& operand :
           {name, arguments[0], make_operand(Kind::kUnsigned, arguments[1].value - kHalfWord),
            make_operand(Kind::kUnsigned, high), name, arguments[0],
            make_operand(Kind::kUnsigned, kHalfWord), make_operand(Kind::kUnsigned, low)}) {
        rewritten.push_back(operand);
      }
      continue;
    }
    const auto taken = start.first(start.size() - items.size());
    rewritten.insert(rewritten.end(), taken.begin(), taken.end());
  }
  rewritten[2].value = static_cast<int64_t>(rewritten.size() - 3);
  emit(GenericOp::bs_match_3, rewritten);
}

void Rewriter::rewrite() {
  switch (current_->op) {
    case GenericOp::allocate_2:
      return keep_as(clear_frames_ ? GenericOp::allocate_zero_2 : current_->op);
    case GenericOp::allocate_heap_3:
      return keep_as(clear_frames_ ? GenericOp::allocate_heap_zero_3 : current_->op);
    case GenericOp::init_1:
      return init_y({operand(0)});
    case GenericOp::init_yregs_1: {
      const auto registers = code_.list_of(*current_);
      return init_y({registers.begin(), registers.end()});
    }
    case GenericOp::make_fun2_1:
      return rewrite_make_fun();
    case GenericOp::call_fun_1:
      return emit(GenericOp::call_fun2_3,
                  {make_operand(Kind::kNil), operand(0), make_operand(Kind::kX, operand(0).value)});
    case GenericOp::call_fun2_3:
      if (operand(0).kind == Kind::kAtom && file_.atoms[operand(0).index()] == "unsafe") {
        code_.operands[current_->first] = make_operand(Kind::kNil);
      }
      break;
    case GenericOp::bs_start_match3_4:
      return emit(GenericOp::bs_start_match4_4, {operand(0), operand(2), operand(1), operand(3)});
    case GenericOp::bs_start_match4_4:
      return rewrite_start_match();
    case GenericOp::call_ext_last_3:
      if (!never_returns(file_, operand(1))) break;
      return emit(GenericOp::call_ext_2, {operand(0), operand(1)});
    case GenericOp::select_val_3:
    case GenericOp::select_tuple_arity_3:
      return rewrite_select();
    case GenericOp::bs_test_tail2_3:
      if (operand(2).kind != Kind::kOverflow && operand(2).number() <= kMaxBits) break;
      return jump(operand(0));
    case GenericOp::test_arity_3:
    case GenericOp::is_tagged_tuple_4:
      if (!is_too_large(operand(2))) break;
      return jump(operand(0));
    case GenericOp::bs_match_3:
      return rewrite_bs_match();
    case GenericOp::bs_init2_6:
    case GenericOp::bs_init_bits_6:
      if (operand(1).kind == Kind::kUnsigned && operand(1).number() > kMaxBits) {
        code_.operands[current_->first + 1] = make_operand(Kind::kOverflow);
      }
      break;
    case GenericOp::move_2:
      if (operand(0).same(operand(1))) return;
      break;
    case GenericOp::trim_2:
      if (operand(0).value == 0) return;
      break;
    default:
      break;
  }
  keep();
}

// Second pass: drops jumps that lead nowhere else, labels nobody names, and what then cannot be
// reached, in place. Operands stay where they are.
class Compactor {
 public:
  Compactor(const BeamFile& file, GenericCode& code, const OwnLabels& labels)
      : file_(file),
        code_(code),
        labels_(labels),
        uses_(labels_.size()),
        try_handlers_(find_try_handlers(code.instructions, code.operands, labels_)) {}

  void run() {
    count_labels();
    size_t kept = 0;
    for (GenericFunction& function : code_.functions) {
      const uint32_t begin = function.begin;
      const uint32_t entry = function.entry;
      const uint32_t end = function.end;
      function.begin = static_cast<uint32_t>(kept);
      reachable_ = true;
      for (uint32_t i = begin; i < end; ++i) {
        if (i == entry) function.entry = static_cast<uint32_t>(kept);
        kept -= drops_jump_before(i, kept);
        if (!keeps(i, end)) continue;
        code_.instructions[kept++] = code_.instructions[i];
      }
      function.end = static_cast<uint32_t>(kept);
    }
    code_.instructions[kept++] = code_.instructions.back();
    code_.instructions.resize(kept);
  }

 private:
  void count_labels() {
    for (const GenericFunction& function : code_.functions) {
      ++uses(function.info_label);
      ++uses(function.entry_label);
    }
    for (const GenericInstruction& instruction : code_.instructions) {
      for (const Operand& operand : code_.operands_of(instruction)) {
        if (operand.kind == Kind::kLabel) ++uses(operand.index());
      }
    }
  }

  uint32_t& uses(uint32_t label) { return uses_[labels_.index(label)]; }

  uint32_t label_at(size_t index) const {
    return code_.operand(code_.instructions[index], 0).index();
  }

  // Whether `label` is defined between `index` and the next instruction that does something.
  bool follows(uint32_t label, uint32_t index, uint32_t end) const {
    for (; index < end && code_.instructions[index].op == GenericOp::label_1; ++index) {
      if (label_at(index) == label) return true;
    }
    return false;
  }

  // 1 if what was kept last is a jump to the label at `index`, which now follows it: the code
  // between them was dropped.
  size_t drops_jump_before(uint32_t index, size_t kept) {
    if (kept == 0 || code_.instructions[index].op != GenericOp::label_1) return 0;
    const GenericInstruction& last = code_.instructions[kept - 1];
    const uint32_t label = label_at(index);
    if (last.op != GenericOp::jump_1 || code_.operand(last, 0).index() != label) return 0;
    --uses(label);
    reachable_ = true;
    return 1;
  }

  bool keeps(uint32_t index, uint32_t end) {
    GenericInstruction& instruction = code_.instructions[index];
    if (instruction.op == GenericOp::label_1) {
      if (uses(label_at(index)) == 0) return false;
      reachable_ = true;
      return true;
    }
    if (!reachable_) return false;
    if (instruction.op == GenericOp::jump_1) {
      const uint32_t target = code_.operand(instruction, 0).index();
      if (try_handlers_[labels_.index(target)]) {
        instruction = {GenericOp::if_end_0, instruction.first, 0, instruction.line};
      } else if (follows(target, index + 1, end)) {
        --uses(target);
        return false;
      }
    }
    reachable_ = !ends_path(file_, code_, instruction);
    return true;
  }

  const BeamFile& file_;
  GenericCode& code_;
  const OwnLabels& labels_;
  std::vector<uint32_t> uses_;  // by index of the label
  const std::vector<bool> try_handlers_;
  bool reachable_ = true;
};

}  // namespace

GenericCode transform(const BeamFile& file, GenericCode code) {
  const OwnLabels labels(code.instructions, code.operands);
  Rewriter(file, code, labels).run();
  Compactor(file, code, labels).run();
  return code;
}

}  // namespace joist
