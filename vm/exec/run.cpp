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
  fill_fused_data(table);
  fill_fused_call(table);
  fill_fused_arith(table);
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

}  // namespace

const Cell* return_trace_code() {
  static const Cell cell = handler_table().handlers[static_cast<size_t>(Op::return_trace)][0];
  return &cell;
}

const HandlerTable& handler_table() {
  static const HandlerTable table = make_handler_table();
  return table;
}

void run_process(Process& p) {
  Registers* r = p.registers;
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
