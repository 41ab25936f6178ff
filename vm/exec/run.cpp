#include "vm/exec/run.h"

#include "vm/exec/dispatch.h"

namespace joist {
namespace {

HandlerTable make_handler_table() {
  HandlerTable table = {};
  fill_data(table);
  fill_control(table);
  fill_guard(table);
  fill_call(table);
  fill_arith(table);
  fill_bif(table);
  fill_map(table);
  fill_record(table);
  fill_bits_match(table);
  fill_bits_build(table);
  fill_exception(table);
  fill_receive(table);
  for (size_t op = 0; op < kOpCount; ++op) JOIST_CHECK(table.handlers[op] != nullptr);
  return table;
}

const Cell* process_end_code() {
  static const Cell cell = handler_table().handlers[static_cast<size_t>(Op::process_end)][0];
  return &cell;
}

// The pause that is left in the registers is that of the process that ran before. A slice begins
// at some point of a pause that suits its own heap, so that a small one is collected at once and
// a large one as often as if it had run alone.
int64_t stress_pause_of_slice(const Process& p) {
  const auto used = static_cast<uint64_t>(p.heap.top - p.heap.start);
  const uint64_t mixed =
      (static_cast<uint64_t>(p.registers->stress_pause) ^ used << 20) * 0x9e3779b97f4a7c15;
  return static_cast<int64_t>((mixed >> 32) % (static_cast<uint64_t>(stress_pause(p.heap)) + 1));
}

}  // namespace

const HandlerTable& handler_table() {
  static const HandlerTable table = make_handler_table();
  return table;
}

void run_process(Process& p) {
  Registers* r = p.registers;
  if (kAssertions && r->gc_stress) r->stress_pause = stress_pause_of_slice(p);
  State s{p.code_pointer, r,       p.heap.limit, p.heap.top, p.reductions,
          r->x[0],        r->x[1], r->x[2],      r->x[3]};
  reinterpret_cast<Handler*>(*s.pc)(s.pc, s.r, s.sp, s.hp, s.reductions, s.x0, s.x1, s.x2, s.x3);
}

void start_process(Process& p, const ExportEntry* entry) {
  *--p.heap.limit = return_word(process_end_code());
  p.live = entry->mfa.arity;
  p.code_pointer = entry->target();
}

}  // namespace joist
