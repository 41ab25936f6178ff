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

// First pass: rewrites instructions one by one and leaves out what cannot be reached.
class Rewriter {
 public:
  Rewriter(const BeamFile& file, GenericCode& out)
      : file_(file),
        in_(file.code),
        out_(out),
        try_handlers_(find_try_handlers(file.code, file.label_count)) {}

  void run() {
    out_.instructions.reserve(in_.instructions.size());
    out_.operands.reserve(in_.operands.size());
    out_.allocations = in_.allocations;
    out_.big_integers = in_.big_integers;
    out_.on_load = in_.on_load;
    out_.functions.reserve(in_.functions.size());
    for (const GenericFunction& function : in_.functions) rewrite_function(function);
    line_ = 0;
    emit(GenericOp::int_code_end_0, {});
  }

 private:
  uint32_t position() const { return static_cast<uint32_t>(out_.instructions.size()); }

  void rewrite_function(const GenericFunction& function) {
    GenericFunction rewritten = function;
    rewritten.begin = position();
    line_ = 0;
    reachable_ = true;
    clear_frames_ = function.clear_frames;
    for (uint32_t i = function.begin; i < function.end; ++i) {
      if (i == function.entry) rewritten.entry = position();
      rewrite_at(i);
    }
    rewritten.end = position();
    out_.functions.push_back(rewritten);
  }

  void rewrite_at(uint32_t index) {
    const GenericInstruction& instruction = in_.instructions[index];
    operands_ = in_.operands_of(instruction);
    if (instruction.op == GenericOp::line_1) line_ = operands_[0].index();
    clear_registers(index);
    if (instruction.op == GenericOp::label_1) {
      const bool runs_in =
          reachable_ && position() != 0 && out_.instructions.back().op != GenericOp::label_1;
      const bool dead = is_dead_label(index);
      const bool guarded = dead || try_handlers_[operands_[0].index()];
      if (runs_in && guarded) emit(GenericOp::if_end_0, {});
      reachable_ = true;
      if (dead) return stop_at_label();
    }
    if (!reachable_ || has_dropped_op(instruction)) return;
    rewrite(instruction);
    const bool ended = ends_path(file_, in_, instruction) ||
                       (position() != 0 && ends_path(file_, out_, out_.instructions.back()));
    if (ended) reachable_ = false;
  }

  void clear_registers(uint32_t index) {
    for (; next_clear_ < in_.clear_x.size(); ++next_clear_) {
      const ClearX& clear = in_.clear_x[next_clear_];
      if (clear.instruction > index) return;
      if (!reachable_) continue;
      emit(GenericOp::move_2, {make_operand(Kind::kNil), make_operand(Kind::kX, clear.x)});
    }
  }

  bool is_dead_label(uint32_t index) {
    const auto& dead = in_.dead_labels;
    while (next_dead_ < dead.size() && dead[next_dead_] < index) ++next_dead_;
    return next_dead_ < dead.size() && dead[next_dead_] == index;
  }

  void stop_at_label() {
    append(GenericOp::label_1, operands_);
    emit(GenericOp::if_end_0, {});
    reachable_ = false;
  }

  void append(GenericOp op, std::span<const Operand> operands) {
    const auto first = static_cast<uint32_t>(out_.operands.size());
    out_.operands.insert(out_.operands.end(), operands.begin(), operands.end());
    out_.instructions.push_back({op, first, static_cast<uint32_t>(operands.size()), line_});
  }
  void emit(GenericOp op, std::initializer_list<Operand> operands) {
    append(op, std::span(operands.begin(), operands.size()));
  }
  void jump(const Operand& label) { emit(GenericOp::jump_1, {label}); }

  void rewrite(const GenericInstruction& instruction);
  void rewrite_allocate(const GenericInstruction& instruction);
  void rewrite_make_fun();
  void rewrite_start_match();
  void rewrite_select(const GenericInstruction& instruction);
  void rewrite_bs_match();

  // Adds y registers to be cleared, to the init_yregs just emitted if there is one.
  void init_y(std::span<const Operand> registers) {
    const bool merge =
        reachable_ && position() != 0 && out_.instructions.back().op == GenericOp::init_yregs_1;
    if (!merge) emit(GenericOp::init_yregs_1, {make_operand(Kind::kList)});
    GenericInstruction& list = out_.instructions.back();
    for (const Operand& operand : registers) {
      const auto items = out_.list_of(list);
      const bool known = std::any_of(items.begin(), items.end(),
                                     [&](const Operand& item) { return item.same(operand); });
      if (known) continue;
      out_.operands.push_back(operand);
      ++out_.operands[list.first].value;
      ++list.count;
    }
  }

  const BeamFile& file_;
  const GenericCode& in_;
  GenericCode& out_;
  const std::vector<bool> try_handlers_;
  std::span<const Operand> operands_;
  size_t next_clear_ = 0;  // into in_.clear_x
  size_t next_dead_ = 0;   // into in_.dead_labels
  uint32_t line_ = 0;
  bool reachable_ = true;
  bool clear_frames_ = false;
};

void Rewriter::rewrite_allocate(const GenericInstruction& instruction) {
  const bool plain = instruction.count == 2;
  append(plain ? GenericOp::allocate_zero_2 : GenericOp::allocate_heap_zero_3, operands_);
}

// make_fun2 takes its free variables from x(0) on, reserves heap for itself and leaves the fun in
// x(0).
void Rewriter::rewrite_make_fun() {
  const uint32_t num_free = file_.lambdas[operands_[0].index()].num_free;
  out_.allocations.push_back({num_free, 0, 1});
  const auto need = static_cast<int64_t>(out_.allocations.size() - 1);
  emit(GenericOp::test_heap_2,
       {make_operand(Kind::kAllocation, need), make_operand(Kind::kUnsigned, num_free)});
  std::vector<Operand> fun = {operands_[0], make_operand(Kind::kX, 0),
                              make_operand(Kind::kList, num_free)};
  for (uint32_t x = 0; x < num_free; ++x) fun.push_back(make_operand(Kind::kX, x));
  append(GenericOp::make_fun3_3, fun);
}

void Rewriter::rewrite_start_match() {
  const Operand& fail = operands_[0];
  if (fail.kind == Kind::kLabel) return append(GenericOp::bs_start_match4_4, operands_);
  const Operand& source = operands_[2];
  const Operand& destination = operands_[3];
  if (file_.atoms[fail.index()] == "resume") {
    if (!source.same(destination)) emit(GenericOp::move_2, {source, destination});
    return;
  }
  emit(GenericOp::bs_start_match4_4,
       {make_operand(Kind::kNoLabel), operands_[1], source, destination});
}

void Rewriter::rewrite_select(const GenericInstruction& instruction) {
  std::vector<Operand> kept(operands_.begin(), operands_.begin() + 3);
  const auto items = in_.list_of(instruction);
  for (size_t i = 0; i < items.size(); i += 2) {
    if (instruction.op == GenericOp::select_tuple_arity_3 && is_too_large(items[i])) continue;
    kept.push_back(items[i]);
    kept.push_back(items[i + 1]);
  }
  if (kept.size() == 3) return jump(operands_[1]);
  kept[2].value = static_cast<int64_t>(kept.size() - 3);
  append(instruction.op, kept);
}

// Takes wide constants to compare with apart, so that each fits a small integer.
void Rewriter::rewrite_bs_match() {
  std::vector<Operand> rewritten(operands_.begin(), operands_.begin() + 3);
  auto items = operands_.subspan(3);
  while (!items.empty()) {
    const auto start = items;
    const auto command = take_bs_match_command(file_, items);
    const auto arguments = command->arguments;
    const bool ensures = command->kind == BsMatchCommand::Kind::kEnsureAtLeast ||
                         command->kind == BsMatchCommand::Kind::kEnsureExactly;
    if (ensures && arguments[0].number() > kMaxBits) return jump(operands_[0]);
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
  append(GenericOp::bs_match_3, rewritten);
}

void Rewriter::rewrite(const GenericInstruction& instruction) {
  switch (instruction.op) {
    case GenericOp::allocate_2:
    case GenericOp::allocate_heap_3:
      if (!clear_frames_) break;
      return rewrite_allocate(instruction);
    case GenericOp::init_1:
      return init_y(operands_);
    case GenericOp::init_yregs_1:
      return init_y(operands_.subspan(1));
    case GenericOp::make_fun2_1:
      return rewrite_make_fun();
    case GenericOp::call_fun_1:
      return emit(GenericOp::call_fun2_3, {make_operand(Kind::kNil), operands_[0],
                                           make_operand(Kind::kX, operands_[0].value)});
    case GenericOp::call_fun2_3:
      append(instruction.op, operands_);
      if (operands_[0].kind == Kind::kAtom && file_.atoms[operands_[0].index()] == "unsafe") {
        out_.operands[out_.instructions.back().first] = make_operand(Kind::kNil);
      }
      return;
    case GenericOp::bs_start_match3_4:
      return emit(GenericOp::bs_start_match4_4,
                  {operands_[0], operands_[2], operands_[1], operands_[3]});
    case GenericOp::bs_start_match4_4:
      return rewrite_start_match();
    case GenericOp::call_ext_last_3:
      if (!never_returns(file_, operands_[1])) break;
      return emit(GenericOp::call_ext_2, {operands_[0], operands_[1]});
    case GenericOp::select_val_3:
    case GenericOp::select_tuple_arity_3:
      return rewrite_select(instruction);
    case GenericOp::bs_test_tail2_3:
      if (operands_[2].kind != Kind::kOverflow && operands_[2].number() <= kMaxBits) break;
      return jump(operands_[0]);
    case GenericOp::test_arity_3:
    case GenericOp::is_tagged_tuple_4:
      if (!is_too_large(operands_[2])) break;
      return jump(operands_[0]);
    case GenericOp::bs_match_3:
      return rewrite_bs_match();
    case GenericOp::bs_init2_6:
    case GenericOp::bs_init_bits_6:
      append(instruction.op, operands_);
      if (operands_[1].kind == Kind::kUnsigned && operands_[1].number() > kMaxBits) {
        out_.operands[out_.instructions.back().first + 1] = make_operand(Kind::kOverflow);
      }
      return;
    case GenericOp::move_2:
      if (operands_[0].same(operands_[1])) return;
      break;
    case GenericOp::trim_2:
      if (operands_[0].value == 0) return;
      break;
    default:
      break;
  }
  append(instruction.op, operands_);
}

// Second pass: drops jumps that lead nowhere else, labels nobody names, and what then cannot be
// reached, in place. Operands stay where they are.
class Compactor {
 public:
  Compactor(const BeamFile& file, GenericCode& code)
      : file_(file),
        code_(code),
        uses_(file.label_count, 0),
        try_handlers_(find_try_handlers(code, file.label_count)) {}

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
      ++uses_[function.info_label];
      ++uses_[function.entry_label];
    }
    for (const GenericInstruction& instruction : code_.instructions) {
      for (const Operand& operand : code_.operands_of(instruction)) {
        if (operand.kind == Kind::kLabel) ++uses_[operand.index()];
      }
    }
  }

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
    --uses_[label];
    reachable_ = true;
    return 1;
  }

  bool keeps(uint32_t index, uint32_t end) {
    GenericInstruction& instruction = code_.instructions[index];
    if (instruction.op == GenericOp::label_1) {
      if (uses_[label_at(index)] == 0) return false;
      reachable_ = true;
      return true;
    }
    if (!reachable_) return false;
    if (instruction.op == GenericOp::jump_1) {
      const uint32_t target = code_.operand(instruction, 0).index();
      if (try_handlers_[target]) {
        instruction = {GenericOp::if_end_0, instruction.first, 0, instruction.line};
      } else if (follows(target, index + 1, end)) {
        --uses_[target];
        return false;
      }
    }
    reachable_ = !ends_path(file_, code_, instruction);
    return true;
  }

  const BeamFile& file_;
  GenericCode& code_;
  std::vector<uint32_t> uses_;  // by label
  const std::vector<bool> try_handlers_;
  bool reachable_ = true;
};

}  // namespace

GenericCode transform(const BeamFile& file) {
  GenericCode code;
  Rewriter(file, code).run();
  Compactor(file, code).run();
  return code;
}

}  // namespace joist
