#include "bif/process_place.h"

#include <cinttypes>

#include "vm/code/code_table.h"
#include "vm/heap/builder.h"
#include "vm/proc/stack_trace.h"
#include "vm/proc/trap_name.h"
#include "vm/sched/system_flags.h"
#include "vm/term/print.h"

namespace joist {

namespace {

// A native of its own that it waits in, as erlang:hibernate/3; nullopt: it is in a module's code.
std::optional<Mfa> current_native(const Described& d) {
  const CodeTable& code = *d.process.runtime->code;
  const Cell* place = d.process.code_pointer;
  if (d.itself || code.find_code(place) != nullptr) return std::nullopt;
  const ExportEntry* stub = code.find_stub(place);
  return stub == nullptr ? std::nullopt : trap_name(d.process, stub->mfa);
}

// The innermost place that lies in a module; null: there is none.
const Cell* current_place(const Described& d, const Module** module) {
  Word addresses[2];  // the first may be a native's
  const size_t count = gather_addresses(d.process, addresses, std::size(addresses));
  for (size_t i = 0; i < count; ++i) {
    const Cell* place = code_of_address(addresses[i]);
    *module = d.process.runtime->code->find_code(place);
    if (*module != nullptr) return place;
  }
  return nullptr;
}

Term stub_entry(const Described& d, const Mfa& mfa) {
  return make_tuple(d.to, {mfa.module, mfa.function, Term::small(mfa.arity), Term::nil()});
}

void append(std::string& text, const char* format, uintptr_t number) {
  char buffer[48];
  snprintf(buffer, sizeof buffer, format, number);
  text += buffer;
}

void append_address(std::string& text, const CodeTable& code, const Cell* address) {
  append(text, "0x%016" PRIxPTR " (", reinterpret_cast<uintptr_t>(address));
  append_place(text, code, address);
  text += ")\n";
}

}  // namespace

Term current_function(const Described& d) {
  if (const auto native = current_native(d)) {
    return make_tuple(d.to, {native->module, native->function, Term::small(native->arity)});
  }
  const Module* module = nullptr;
  const Cell* place = current_place(d, &module);
  const FunctionRange* function = place == nullptr ? nullptr : module->function_at(place);
  if (function == nullptr) return atoms::undefined;
  return make_tuple(d.to, {module->name, function->name, Term::small(function->arity)});
}

Term current_location(const Described& d) {
  if (const auto native = current_native(d)) return stub_entry(d, *native);
  const Module* module = nullptr;
  const Cell* place = current_place(d, &module);
  if (place == nullptr) return atoms::undefined;
  const Term entry = make_trace_entry(d.to, *module, place, atoms::true_, Term::nil());
  return entry.is_none() ? Term(atoms::undefined) : entry;
}

Term current_stacktrace(const Described& d) {
  ListBuilder trace(d.to);
  if (const auto native = current_native(d)) trace.add(stub_entry(d, *native));
  Word addresses[kMaxBacktraceDepth];
  const size_t count = gather_addresses(d.process, addresses, backtrace_depth(d.process));
  for (size_t i = 0; i < count; ++i) {
    const Cell* place = code_of_address(addresses[i]);
    const Module* module = d.process.runtime->code->find_code(place);
    if (module == nullptr) continue;
    const Term entry = make_trace_entry(d.to, *module, place, atoms::true_, Term::nil());
    if (!entry.is_none()) trace.add(entry);
  }
  return trace.finish();
}

size_t catch_level(const Process& p) {
  size_t catches = 0;
  for (const Word* slot = p.heap.limit; slot < p.heap.end; ++slot) {
    if (!is_return_word(*slot) && Term::from_bits(*slot).is_catch()) ++catches;
  }
  return catches;
}

void append_place(std::string& text, const CodeTable& code, const Cell* address) {
  const Module* module = code.find_code(address);
  const FunctionRange* function = module == nullptr ? nullptr : module->function_at(address);
  if (function != nullptr) {
    print_term(text, module->name);
    text += ':';
    print_term(text, function->name);
    const auto cell = static_cast<uint32_t>(address - module->cells);
    const Cell* start = &module->cells[module->is_stub(cell) ? cell : uint32_t{function->start}];
    text +=
        '/' + std::to_string(function->arity) + " + " +
        std::to_string(reinterpret_cast<uintptr_t>(address) - reinterpret_cast<uintptr_t>(start));
  } else if (const ExportEntry* stub = code.find_stub(address)) {
    print_term(text, stub->mfa.module);
    text += ':';
    print_term(text, stub->mfa.function);
    text += '/' + std::to_string(stub->mfa.arity) + " + 0";
  } else {
    text += "<terminate process normally>";
  }
}

std::string backtrace_text(const Process& p) {
  if (p.flags.sensitive) return {};
  const CodeTable& code = *p.runtime->code;
  std::string text = "Program counter: ";
  append_address(text, code, p.code_pointer);
  size_t y = 0;
  for (const Word* slot = p.heap.limit; slot < p.heap.end; ++slot) {
    if (is_return_word(*slot)) {
      append(text, "\n0x%016" PRIxPTR " Return addr ", reinterpret_cast<uintptr_t>(slot));
      append_address(text, code, reinterpret_cast<const Cell*>(*slot - 7));
      y = 0;
      continue;
    }
    std::string name = "y(" + std::to_string(y++) + ")";
    name.resize(std::max(name.size(), size_t{8}), ' ');
    text += name + ' ';
    const Term term = Term::from_bits(*slot);
    if (term.is_catch()) {
      text += "Catch ";
      append_address(text, code, reinterpret_cast<const Cell*>(term.payload()));
    } else {
      print_term(text, term);
      text += '\n';
    }
  }
  return text;
}

}  // namespace joist
