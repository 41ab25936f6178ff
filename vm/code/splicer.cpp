#include "vm/code/splicer.h"

#include <algorithm>
#include <cstring>
#include <functional>

#include "vm/os/memory.h"

namespace joist {
namespace {

// Whether the instruction pushes a return address and goes to what returns there.
bool is_call(Op op) {
  switch (op) {
    case Op::call:
    case Op::move_call:
    case Op::move_2_call:
    case Op::get_list_call:
    case Op::trim_call:
    case Op::allocate_move_call:
    case Op::call_ext:
    case Op::call_fun:
    case Op::call_fun_in:
    case Op::apply:
    case Op::apply_list:
    case Op::apply_fun:
      return true;
    default:
      return false;
  }
}

// Whether the instruction ends by a return that its code does not show: it has run a native.
bool returns_for_native(Op op) { return op == Op::call_native_last || op == Op::call_native_only; }

Cell read_handler(const Cell* cell) {
  return std::atomic_ref<Cell>(*const_cast<Cell*>(cell)).load(std::memory_order_acquire);
}

}  // namespace

CodeSplicer::CodeSplicer(const HandlerTable& handlers)
    : handlers_(handlers), seen_(std::make_unique<std::atomic<uintptr_t>[]>(kSeen)) {}

// That handlers keep their state in the registers that are assumed, whichever compiler it was.
bool CodeSplicer::knows_registers() const {
  constexpr FieldKind kXs[] = {FieldKind::kX0, FieldKind::kX1, FieldKind::kX2, FieldKind::kX3};
  constexpr auto kMove = static_cast<size_t>(Op::move);
  if (handlers_.handlers[kMove] == nullptr) return false;
  size_t known = 0;
  for (size_t i = 0; i < combination_count(kOpInfo[kMove].signature); ++i) {
    const Layout layout = layout_of(kOpInfo[kMove].signature, i);
    const size_t x = static_cast<size_t>(std::find(kXs, std::end(kXs), layout.kind[1]) - kXs);
    if (layout.kind[0] != FieldKind::kConstant || x == std::size(kXs)) continue;
    const auto* code = reinterpret_cast<const uint8_t*>(handlers_.handlers[kMove][i]);
    if (!is_move_to_x(find_handler_body(code), x, layout.cells * sizeof(Cell))) return false;
    ++known;
  }
  return known == std::size(kXs);
}

void CodeSplicer::allow() {
  if (!CodeMemory::prepare()) return;
  use_.store(Use::kAllowed, std::memory_order_relaxed);
}

bool CodeSplicer::enable() {
  std::lock_guard lock(mutex_);
  if (use_.load(std::memory_order_relaxed) == Use::kReady) return true;
  const bool ready = make_ready_locked();
  use_.store(ready ? Use::kReady : Use::kOff, std::memory_order_release);
  return ready;
}

bool CodeSplicer::make_ready_locked() {
  if (!knows_registers()) return false;
  const auto* code = reinterpret_cast<const uint8_t*>(handlers_.handlers[0][0]);
  // Mapped twice, and less needed than what the address space has to be shared with.
  constexpr size_t kShare = 16;
  const size_t size = affordable_space(kMemory * kShare) / kShare / kChunk * kChunk;
  if (!memory_.map(size, code)) return false;
  for (size_t op = 0; op < kOpCount; ++op) {
    const size_t combinations = combination_count(kOpInfo[op].signature);
    for (size_t i = 0; i < combinations; ++i) {
      const Form form = {static_cast<Op>(op), static_cast<uint32_t>(i)};
      // Where the linker made one of two handlers, the cell does not tell which one it is.
      const auto [same, is_new] = forms_.try_emplace(handlers_.handlers[op][i], form);
      if (!is_new) same->second.op = Op::kCount;
    }
  }
  for (size_t i = size / kChunk; i-- > 0;) free_chunks_.push_back(static_cast<uint32_t>(i));
  return true;
}

bool CodeSplicer::is_due(const Cell* entry) {
  const auto address = reinterpret_cast<uintptr_t>(entry);
  const size_t hash = (address >> 3) * 0x9e3779b97f4a7c15u >> 32;
  std::atomic<uintptr_t>& seen = seen_[hash % kSeen];
  const uintptr_t before = seen.load(std::memory_order_relaxed);
  if (before == (address | kTried)) return false;
  const bool is_known = before == address;
  seen.store(is_known ? address | kTried : address, std::memory_order_relaxed);
  return is_known;
}

void CodeSplicer::splice(const Module& module, const Cell* address) {
  const FunctionRange* range = module.function_at(address);
  if (range == nullptr || !enable()) return;
  std::lock_guard lock(mutex_);
  splice_locked(module, *range);
  publish_locked();
}

void CodeSplicer::splice_module(const Module& module) {
  if (!enable()) return;
  std::lock_guard lock(mutex_);
  for (const FunctionRange& range : module.functions) splice_locked(module, range);
  publish_locked();
}

void CodeSplicer::forget(const Module& module) {
  // Other code may come to lie there.
  for (size_t i = 0; i < kSeen; ++i) seen_[i].store(0, std::memory_order_relaxed);
  std::lock_guard lock(mutex_);
  done_.erase(&module);
  const auto found = chunks_.find(&module);
  if (found == chunks_.end()) return;
  free_chunks_.insert(free_chunks_.end(), found->second.all.begin(), found->second.all.end());
  chunks_.erase(found);
}

size_t CodeSplicer::functions() const {
  std::lock_guard lock(mutex_);
  return functions_;
}

// False: the function is not as the loader made it (a breakpoint, a native), or has none of the
// instructions that can be read.
bool CodeSplicer::read_function(const Module& module, const FunctionRange& range,
                                std::vector<Instruction>& instructions) {
  const size_t end = module.end_of(range);
  for (size_t cell = range.entry; cell < end;) {
    const Cell* at = &module.cells[cell];
    const auto found = forms_.find(read_handler(at));
    if (found == forms_.end()) return false;
    Form& form = found->second;
    if (form.op == Op::kCount || form.op == Op::native_stub || form.op == Op::breakpoint) {
      return false;
    }
    instructions.push_back({static_cast<uint32_t>(cell), &form});
    const Layout layout = layout_of(op_info(form.op).signature, form.combination);
    cell += layout.cells;
    for (size_t i = 0; i < layout.count; ++i) {
      if (layout.kind[i] != FieldKind::kList) continue;
      uint32_t count;
      std::memcpy(&count, reinterpret_cast<const char*>(at) + layout.offset[i], sizeof count);
      cell += count;
    }
  }
  return !instructions.empty();
}

const HandlerBody& CodeSplicer::body_of(Form& form) {
  if (form.body == nullptr) {
    HandlerBody body = find_handler_body(reinterpret_cast<const uint8_t*>(handler_of(form)));
    if (returns_for_native(form.op)) body.make_returns();
    body.pieces.shrink_to_fit();
    bodies_.push_back(std::make_unique<HandlerBody>(std::move(body)));
    form.body = bodies_.back().get();
  }
  return *form.body;
}

// Takes that many bytes of the memory for the module; kMemory: there is no room.
size_t CodeSplicer::take_room(const Module& module, size_t bytes) {
  Chunks& chunks = chunks_[&module];
  if (bytes > kChunk) return take_large_room(chunks, (bytes + kChunk - 1) / kChunk);
  if (chunks.used + bytes > kChunk) {
    if (free_chunks_.empty()) return kMemory;
    chunks.all.push_back(free_chunks_.back());
    free_chunks_.pop_back();
    chunks.used = 0;
  }
  const size_t room = chunks.all.back() * kChunk + chunks.used;
  chunks.used += round_up(bytes, 16);
  return room;
}

// As many chunks side by side. The last of the module's stays the one that is being filled.
size_t CodeSplicer::take_large_room(Chunks& chunks, size_t count) {
  std::ranges::sort(free_chunks_, std::greater<>());
  for (size_t i = 0; i + count <= free_chunks_.size(); ++i) {
    const uint32_t first = free_chunks_[i + count - 1];
    if (free_chunks_[i] - first != count - 1) continue;
    const auto taken = free_chunks_.begin() + static_cast<ptrdiff_t>(i);
    chunks.all.insert(chunks.all.begin(), taken, taken + static_cast<ptrdiff_t>(count));
    free_chunks_.erase(taken, taken + static_cast<ptrdiff_t>(count));
    return first * kChunk;
  }
  return kMemory;
}

// Appends the copy of one instruction after the other.
class CodeSplicer::Copy {
 public:
  Copy(CodeSplicer& splicer, const Module& module, const std::vector<Instruction>& instructions)
      : splicer_(splicer), module_(module), instructions_(instructions) {
    for (size_t i = 0; i < instructions.size(); ++i) by_cell_[instructions[i].cell] = i;
    find_targets();
  }

  // What is to run at that address: code(). False: something is out of reach from there. The first
  // time, labels ahead have no places yet, but all lengths are right.
  bool make(uintptr_t base) {
    base_ = base;
    code_.clear();
    if (places_.empty()) places_.assign(instructions_.size(), kNowhere);
    std::vector<PlacedCall> calls;
    runs_on_ = false;
    comes_back_ = false;
    for (size_t i = 0; i < instructions_.size(); ++i) {
      if (!append(i)) return false;
      const Form& form = *instructions_[i].form;
      PlacedCall call = {};
      comes_back_ = is_call(form.op);
      if (comes_back_ && copied_) comes_back_ = make_call(*form.body, code_, &call);
      if (comes_back_ && !copied_) make_call(splicer_.handler_of(form), code_, &call);
      if (comes_back_) calls.push_back(call);
    }
    for (const PlacedCall& call : calls) {
      if (!place_call_target(call, code_, base_ + code_.size())) return false;
    }
    return true;
  }

  const std::vector<uint8_t>& code() const { return code_; }
  // Where the instruction's copy begins in code(); kNowhere: it has none.
  static constexpr uint32_t kNowhere = UINT32_MAX;
  uint32_t place(size_t instruction) const { return places_[instruction]; }
  const std::vector<uint32_t>& places() const { return places_; }

 private:
  class Labels final : public LabelPlaces {
   public:
    Labels(const Copy& copy, const Instruction& instruction)
        : copy_(copy), instruction_(instruction) {}
    uintptr_t place_of(uint8_t offset) const override {
      // What a function calls is entered by its cell: there may be a breakpoint.
      if (is_call(instruction_.form->op)) return 0;
      return copy_.label_place(instruction_, offset);
    }

   private:
    const Copy& copy_;
    const Instruction& instruction_;
  };

  bool append(size_t i) {
    const Instruction& instruction = instructions_[i];
    const HandlerBody& body = splicer_.body_of(*instruction.form);
    const auto start = static_cast<uint32_t>(code_.size());
    const size_t next = i + 1 < instructions_.size() ? instructions_[i + 1].cell : 0;
    const size_t advance = static_cast<uint32_t>(body.advance) / sizeof(Cell);
    const bool is_target = targets_.contains(instruction.cell);
    const bool is_entered = runs_on_ || comes_back_ || is_target || is_call(instruction.form->op);
    // Where pc came from memory, all would wait for that.
    if (!runs_on_ || is_target) {
      place_pc(&module_.cells[instruction.cell], code_);
    }
    copied_ = !body.pieces.empty() && (advance == 0 || instruction.cell + advance == next) &&
              place_handler_body(body, Labels(*this, instruction), code_, base_ + code_.size());
    if (!copied_ && !is_entered) {
      code_.resize(start);
      return true;
    }
    places_[i] = start;
    runs_on_ = copied_ && advance != 0;
    return copied_ ||
           place_jump(splicer_.handler_of(*instruction.form), code_, base_ + code_.size());
  }

  uint32_t label_cell(const Instruction& instruction, size_t offset) const {
    int32_t distance;
    std::memcpy(&distance, reinterpret_cast<const char*>(&module_.cells[instruction.cell]) + offset,
                sizeof distance);
    return static_cast<uint32_t>(instruction.cell + distance / static_cast<int64_t>(sizeof(Cell)));
  }

  // The instructions that labels in operands lead to, but for the entries of functions: who goes
  // there must see a breakpoint.
  void find_targets() {
    for (const Instruction& instruction : instructions_) {
      const Layout layout =
          layout_of(op_info(instruction.form->op).signature, instruction.form->combination);
      for (size_t i = 0; i < layout.count; ++i) {
        if (layout.kind[i] != FieldKind::kLabel && layout.kind[i] != FieldKind::kLabelOrNone) {
          continue;
        }
        const uint32_t cell = label_cell(instruction, layout.offset[i]);
        const bool is_inside = cell != instructions_[0].cell && by_cell_.contains(cell);
        if (is_inside && cell != instruction.cell) targets_.insert(cell);
      }
    }
  }

  uintptr_t label_place(const Instruction& instruction, uint8_t offset) const {
    const uint32_t cell = label_cell(instruction, offset);
    if (!targets_.contains(cell)) return 0;
    const uint32_t place = places_[by_cell_.at(cell)];
    return place == kNowhere ? base_ : base_ + place;  // the first time, any place in reach will do
  }

  CodeSplicer& splicer_;
  const Module& module_;
  const std::vector<Instruction>& instructions_;
  std::unordered_map<uint32_t, size_t> by_cell_;
  std::unordered_set<uint32_t> targets_;
  std::vector<uint8_t> code_;
  std::vector<uint32_t> places_;
  uintptr_t base_ = 0;
  bool copied_ = false;      // the latest instruction, not only a jump to its handler
  bool runs_on_ = false;     // into what follows
  bool comes_back_ = false;  // to what follows
};

void CodeSplicer::splice_locked(const Module& module, const FunctionRange& range) {
  std::unordered_set<uint32_t>& done = done_[&module];
  if (done.contains(range.entry)) return;
  // While it is traced it stays as it is.
  const Cell entry = read_handler(&module.cells[range.entry]);
  if (entry == handlers_.handlers[static_cast<size_t>(Op::breakpoint)][0]) return;
  done.insert(range.entry);
  std::vector<Instruction> instructions;
  if (!read_function(module, range, instructions)) return;
  // Only the distances in a copy depend on where it lies; its length does not. The first one finds
  // where the labels are, too.
  Copy copy(*this, module, instructions);
  const auto memory = reinterpret_cast<uintptr_t>(memory_.executable());
  if (!copy.make(memory) || copy.code().empty()) return;
  const size_t room = take_room(module, copy.code().size());
  const std::vector<uint32_t> places = copy.places();
  if (room == kMemory || !copy.make(memory + room) || copy.places() != places) return;
  memory_.write(room, copy.code());
  ++functions_;
  for (size_t i = 0; i < instructions.size(); ++i) {
    if (copy.place(i) == Copy::kNowhere) continue;
    publications_.push_back({&module.cells[instructions[i].cell], handler_of(*instructions[i].form),
                             memory + room + copy.place(i)});
  }
}

void CodeSplicer::publish_locked() {
  if (publications_.empty()) return;
  memory_.synchronize();
  for (Publication& each : publications_) {
    // A breakpoint that was set meanwhile stays.
    std::atomic_ref<Cell>(*each.cell)
        .compare_exchange_strong(each.handler, each.copy, std::memory_order_acq_rel);
  }
  publications_.clear();
}

}  // namespace joist
