#include "bif/fun_count.h"

#include "bif/persistent.h"
#include "vm/code/code_table.h"
#include "vm/ets/tables.h"
#include "vm/proc/process_table.h"

namespace joist {

// A fun is its header and what identifies it, whatever else the words are.
void FunCount::look(const Word* words, size_t count) {
  words_seen_ += count;
  for (size_t i = 1; i < count; ++i) {
    if (!Term::from_bits(words[i - 1]).is_header() || header_kind(words[i - 1]) != Boxed::kLocalFun)
      continue;
    if (const auto found = found_.find(words[i]); found != found_.end()) ++found->second;
  }
}

void FunCount::look_at(const Process& process) {
  const Heap& heap = process.heap;
  look(heap.start, static_cast<size_t>(heap.top - heap.start));
  look(heap.old_start, static_cast<size_t>(heap.old_top - heap.old_start));
  look(heap.abandoned.start, static_cast<size_t>(heap.abandoned.top - heap.abandoned.start));
  for (const Fragment* each = heap.fragments; each != nullptr; each = each->next) {
    look(each->words, each->used);
  }
  for (const Signal* each = process.messages.first(); each != nullptr; each = each->next) {
    look(each->words, each->value_words());
  }
}

void FunCount::look_at_literals(const Runtime& runtime) {
  const auto look_at_area = [this](const LiteralSpace::Area& area) {
    look(area.words, area.count);
  };
  for (const CodeTable::Instances& each : runtime.code->instances()) {
    for (const Module* module : {each.current, each.old}) {
      if (module == nullptr) continue;
      for (const LiteralSpace::Area& area : module->literal_areas) look_at_area(area);
    }
  }
  for (const LiteralSpace::Area& area : runtime.persistent->areas()) look_at_area(area);
}

RowAction FunCount::visit(EtsObject& row, EtsObject**) {
  look(row.words, row.count);
  return RowAction::kKeep;
}

void FunCount::look_at_tables(EtsTables& tables, ReaderSlot* reader) {
  constexpr uint32_t kAnyState = ~uint32_t{0};
  for (EtsTable* table : tables.all()) {
    const StoreGate gate(table->rights, kAnyState, {.slot = reader});
    if (HashStore* rows = table->hash()) {
      uint64_t position = 0;
      rows->scan(&position, false, gate, *this);
    } else {
      Allocator scratch;
      Term last = Term::none();
      table->ordered()->scan({Term::none()}, false, gate, *this, scratch, &last);
    }
  }
}

size_t FunCount::references(const FunEntry& fun) const {
  return found_.at(word_of(fun)) + (fun.is_unloaded() ? 0 : 1);
}

size_t count_references(Process& p, const FunEntry& fun) {
  FunCount count;
  count.add(fun);
  size_t slot = 0;
  while (const Process* process = p.runtime->processes->next(&slot)) {
    const bool is_dirty = (process->state.load() & process_state::kDirty) != 0;
    if (!is_dirty || process == &p) count.look_at(*process);
  }
  count.look_at_literals(*p.runtime);
  EtsTables& tables = *p.runtime->ets;
  count.look_at_tables(tables, tables.readers().of(p.registers->scheduler));
  p.charge(static_cast<int64_t>(count.words_seen() / 64));
  return count.references(fun);
}

}  // namespace joist
