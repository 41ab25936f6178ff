#include "vm/proc/stack_trace.h"

#include <algorithm>

#include "vm/code/code_table.h"
#include "vm/heap/builder.h"

namespace joist {

namespace {

// A stub that belongs to no module, or stands where the function itself begins (native libraries).
bool is_entry_stub(const CodeTable& code, const Cell* address) {
  const ExportEntry* entry = code.find_stub(address);
  return entry != nullptr && (address == entry->native_stub || address == entry->undefined_stub ||
                              address == entry->trace_stub || address == entry->target());
}

}  // namespace

AddressGathering::AddressGathering(const Process& p, size_t limit)
    : limit_(std::min(limit, kMaxBacktraceDepth)), next_(p.heap.limit) {
  // A native that is called through its entry has no place of its own: its caller's comes next.
  if (limit_ != 0 && p.code_pointer != nullptr &&
      !is_entry_stub(*p.runtime->code, p.code_pointer)) {
    addresses_[count_++] = reinterpret_cast<Word>(p.code_pointer);
  }
}

bool AddressGathering::run(const Process& p, int64_t* budget) {
  const auto left = p.heap.end - next_;
  const Word* const start = next_;
  const Word* const end = next_ + std::min<int64_t>(left, *budget);
  for (; next_ < end && count_ < limit_; ++next_) {
    if (!is_return_word(*next_) || *next_ == previous_) continue;
    if (is_trace_return(*p.runtime->code, *next_)) continue;
    previous_ = *next_;
    addresses_[count_++] = *next_ - 7 - 1;
  }
  *budget -= next_ - start;
  return next_ == p.heap.end || count_ == limit_;
}

size_t gather_addresses(const Process& p, Word* addresses, size_t limit) {
  AddressGathering gathering(p, limit);
  int64_t budget = INT64_MAX;
  gathering.run(p, &budget);
  std::ranges::copy(gathering.addresses(), addresses);
  return gathering.addresses().size();
}

Term make_trace_entry(Allocator& heap, const Module& module, const Cell* address, Term arguments,
                      Term info) {
  const FunctionRange* function = module.function_at(address);
  if (function == nullptr) return Term::none();
  Term location = info;
  const std::optional<LinePoint> point = module.line_at(address);
  if (point && point->line != 0) {
    const Term line = make_tuple(heap, {atoms::line, Term::small(point->line)});
    location = make_cons(heap, line, location);
    location = make_cons(heap, module.files[point->file], location);
  }
  const bool shows_arguments = arguments.is_list() || arguments.is_nil();
  return make_tuple(heap, {module.name, function->name,
                           shows_arguments ? arguments : Term::small(function->arity), location});
}

}  // namespace joist
