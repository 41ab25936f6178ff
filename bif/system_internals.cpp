#include "bif/system_internals.h"

#include <string>

#include "bif/library_modules.h"
#include "bif/registry.h"
#include "vm/code/code_table.h"
#include "vm/heap/builder.h"
#include "vm/heap/sizes.h"
#include "vm/io/ports.h"
#include "vm/sched/exclusive.h"
#include "vm/sched/system_logger.h"

namespace joist {

namespace {

bool exports(const Module& module, Term function, uint32_t arity) {
  for (const FunctionName& entry : module.exports) {
    if (entry.name == function && entry.arity == arity) return true;
  }
  return false;
}

}  // namespace

// Natives of other releases are no functions of this one's modules. Of a module that is not loaded
// nobody has called one yet; it is left out.
Term native_functions(Process& p) {
  ListBuilder natives(p.heap);
  for (std::span<const NativeEntry> table : native_tables()) {
    for (const NativeEntry& entry : table) {
      if (is_library_module(entry.module) ||
          is_erlang_code(entry.module, entry.function, p.runtime->otp_release) ||
          is_instruction(entry.module, entry.function) ||
          is_shadowed(entry, p.runtime->otp_release)) {
        continue;
      }
      const Term name = must_atom(entry.module);
      const Term function = must_atom(entry.function);
      const Module* module = p.runtime->code->find_module(name);
      if (module == nullptr || !exports(*module, function, entry.native.arity)) continue;
      natives.add(make_tuple(p.heap, {name, function, Term::small(entry.native.arity)}));
    }
  }
  return natives.finish();
}

Term heap_size_steps(Process& p) {
  ListBuilder steps(p.heap);
  size_t last = 0;
  for (size_t i = 0;; ++i) {
    const size_t words = next_heap_size(0, i);
    if (words == last) return steps.finish();
    steps.add(make_unsigned(p.heap, words));
    last = words;
  }
}

Term loaded_code_text(Process& p) {
  std::string lines;
  size_t bytes = 0;
  for (const Module* module : p.runtime->code->modules()) {
    const size_t size = module->code_bytes();
    bytes += size;
    lines += std::string(atom_text(module->name)) + ' ' + std::to_string(size) + '\n';
  }
  const std::string text = "Current code: " + std::to_string(bytes) + "\nOld code: 0\n" + lines;
  return make_binary(p.heap, text);
}

Term check_io(Process& p) {
  const size_t ports = p.runtime->ports->table().count();
  const auto pair = [&](const char* name, Term value) {
    return make_tuple(p.heap, {must_atom(name), value});
  };
  const Term epoll = must_atom("epoll");
  const Term limit = Term::small(static_cast<int64_t>(p.runtime->settings.port_limit));
  const Term properties[] = {
      pair("name", must_atom("erts_poll")),
      pair("primary", epoll),
      pair("kernel_poll", epoll),
      pair("memory_size", Term::small(static_cast<int64_t>(sizeof(PollSet)))),
      pair("total_poll_set_size", Term::small(static_cast<int64_t>(ports))),
      pair("lazy_updates", atoms::false_),
      pair("pending_updates", Term::small(0)),
      pair("batch_updates", atoms::false_),
      pair("concurrent_updates", atoms::true_),
      pair("fallback", atoms::false_),
      pair("max_fds", limit),
      pair("active_fds", Term::small(0)),
      pair("poll_threads", Term::small(1)),
  };
  return make_cons(p.heap, make_list(p.heap, properties), Term::nil());
}

namespace {

Term dump_text(Process& p, DumpPart part, Term item) {
  CrashDumper* dumper = p.runtime->logger->crash_dumper();
  if (dumper == nullptr) return p.not_supported("system_info");
  const Exclusive alone(p);
  if (!alone) return p.yield({item});
  return make_binary(p.heap, dumper->text_of(part, p));
}

}  // namespace

Term nodes_text(Process& p) { return dump_text(p, DumpPart::kNodes, atoms::dist); }
Term system_text(Process& p) { return dump_text(p, DumpPart::kSystem, atoms::info); }
Term processes_text(Process& p) { return dump_text(p, DumpPart::kProcesses, atoms::procs); }

Term scheduling_counts(Process& p) {
  ListBuilder counts(p.heap);
  for (const char* kind :
       {"process_max", "process_high", "process_normal", "process_low", "port"}) {
    counts.add(make_tuple(p.heap, {must_atom(kind), Term::small(0), Term::small(0)}));
  }
  return counts.finish();
}

}  // namespace joist
