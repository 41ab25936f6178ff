// Ports, ETS tables and timers.
#include <algorithm>
#include <cinttypes>

#include "vm/engine/dump/sections.h"
#include "vm/ets/tables.h"
#include "vm/heap/builder.h"
#include "vm/io/ports.h"
#include "vm/sched/message_timers.h"
#include "vm/sched/schedulers.h"
#include "vm/term/print.h"

namespace joist {

namespace {

// The value of an item of port_info/2; none(): there is none.
Term port_item(Port& port, Term item, Allocator& to) {
  PortTask task;
  task.kind = PortTaskKind::kInfo;
  task.argument = item;
  const Term answer = port.carry_out(task, to);
  return is_tuple(answer) ? tuple_elements(answer)[1] : Term::none();
}

std::string_view port_sort(std::string_view driver) {
  if (driver == "spawn") return "Port controls external process";
  if (driver == "fd") return "Port is UNIX fd not opened by emulator";
  return "Port controls linked-in driver";
}

void dump_number(const Dump& dump, const char* name, Term value) {
  dump.out.print("%s: %" PRId64 "\n", name, value.is_small() ? value.small_value() : 0);
}

// What only who is in the port may look at.
void dump_inside(const Dump& dump, Port& port) {
  Allocator scratch;
  Term links = port_item(port, atoms::links, scratch);
  if (links.is_list()) {
    dump.out.text("Links: ");
    for (; links.is_list(); links = links.tail()) dump.out.term(links.head());
    dump.out.byte('\n');
  }
  if (const Term name = port.registered_name.get(); !name.is_none()) {
    dump.out.text("Registered as: ");
    dump.out.term(name);
    dump.out.byte('\n');
  }
  dump.out.text(port_sort(port.driver_info().name));
  dump.out.text(": ");
  for (Term name = port_item(port, atoms::name, scratch); name.is_list(); name = name.tail()) {
    dump.out.byte(static_cast<char>(name.head().small_value()));
  }
  dump.out.byte('\n');
  dump_number(dump, "Input", port_item(port, atoms::input, scratch));
  dump_number(dump, "Output", port_item(port, atoms::output, scratch));
  dump_number(dump, "Queue", port_item(port, atoms::queue_size, scratch));
  const Term data = port.data(scratch, dump.runtime.literals);
  if (!(data == atoms::undefined)) {
    dump.out.text("Port Data: ");
    dump.out.term(data);
    dump.out.byte('\n');
  }
}

void dump_port(const Dump& dump, Port& port, const PortThread& thread) {
  dump.out.text("=port:");
  dump.out.term(port.id());
  dump.out.text("\nState: CONNECTED");
  if (port.is_binary()) dump.out.text("|BINARY_IO");
  if (port.has_soft_eof()) dump.out.text("|SOFT_EOF");
  if (!port.is_open()) dump.out.text("|CLOSING");
  if (port.is_busy()) dump.out.text("|PORT_BUSY");
  dump.out.print("\nSlot: %" PRIu64 "\nConnected: ", port.id().payload());
  dump.out.term(port.owner());
  dump.out.byte('\n');
  if (!port.enter(thread)) return;
  dump_inside(dump, port);
  port.leave();
}

// Whatever the table's protection is.
StoreGate open_gate(const EtsTable& table) {
  return {table.rights, ets_rights::kOwner | ets_rights::kOthersRead | ets_rights::kBusy};
}

// For a reader: "3: [{key,value},{other,value}]" for each bucket that has rows. Of compressed rows,
// as OTP, only the keys.
void dump_rows(const Dump& dump, EtsTable& table, size_t buckets) {
  for (size_t number = 0; number < buckets; ++number) {
    Allocator scratch;
    Term rows = Term::nil();
    if (table.store().slot(number, open_gate(table), scratch, &rows) != StoreAnswer::kOk) return;
    if (rows.is_nil()) continue;
    dump.out.print("%zu: [", number);
    for (; rows.is_list(); rows = rows.tail()) {
      if (table.options.compressed) {
        dump.out.text("key=");
        dump.out.term(tuple_elements(rows.head())[table.options.key_position - 1]);
      } else {
        dump.out.term(rows.head());
      }
      if (rows.tail().is_list()) dump.out.byte(',');
    }
    dump.out.text("]\n");
  }
}

void dump_table(const Dump& dump, EtsTable& table) {
  Allocator scratch;
  DumpOutput& out = dump.out;
  out.text("=ets:");
  out.term(table.owner_term());
  out.print("\nSlot: %" PRIuPTR "\nTable: ", reinterpret_cast<uintptr_t>(&table));
  out.term(table.options.named ? table.name_term() : table.make_reference(scratch));
  out.text("\nName: ");
  out.term(table.name_term());
  out.byte('\n');
  if (table.hash() != nullptr) {
    const HashStore::Statistics all = table.hash()->statistics();
    out.print("Buckets: %zu\nChain Length Avg: %f\nChain Length Max: %zu\n", all.buckets,
              all.average_chain, all.longest_chain);
    out.print("Chain Length Min: %zu\nChain Length Std Dev: %f\n", all.shortest_chain,
              all.deviation);
    out.print("Chain Length Expected Std Dev: %f\n", all.expected_deviation);
    if (table.fix_count.load() == 0) {
      out.text("Fixed: false\n");
    } else {
      out.print("Fixed: %zu\n", all.kept_dead);
    }
    if (!dump.is_file) dump_rows(dump, table, all.buckets);
  } else {
    out.print("Ordered set (AVL tree), Elements: %zu\n", table.store().size());
  }
  static constexpr const char* kTypes[] = {"set", "ordered_set", "bag", "duplicate_bag"};
  const uint32_t rights = table.rights.load();
  const char* protection = (rights & ets_rights::kOthersWrite) != 0  ? "public"
                           : (rights & ets_rights::kOthersRead) != 0 ? "protected"
                                                                     : "private";
  const auto yes = [](bool value) { return value ? "true" : "false"; };
  const bool writes_concurrently = table.options.write_concurrency != EtsWriteConcurrency::kOff;
  out.print("Objects: %zu\nWords: %zu\nType: %s\nProtection: %s\n", table.store().size(),
            table.store().words(), kTypes[static_cast<size_t>(table.options.type)], protection);
  out.print("Compressed: %s\nWrite Concurrency: %s\nRead Concurrency: %s\n",
            yes(table.options.compressed), yes(writes_concurrently),
            yes(table.options.read_concurrency));
}

}  // namespace

void dump_ports(const Dump& dump) {
  EpochReader reader(dump.runtime.schedulers->epochs());
  reader.online();
  const PortThread thread = {Schedulers::kNone, &reader};
  const PortTable& table = dump.runtime.ports->table();
  std::vector<Port*> ports;
  size_t slot = 0;
  while (Port* port = table.next(&slot)) ports.push_back(port);
  std::sort(ports.begin(), ports.end(),
            [](Port* a, Port* b) { return a->id().payload() < b->id().payload(); });
  for (Port* port : ports) dump_port(dump, *port, thread);
  reader.offline();
}

void dump_tables(const Dump& dump) {
  for (EtsTable* table : dump.runtime.ets->all()) dump_table(dump, *table);
}

void dump_timers(const Dump& dump) {
  constexpr int64_t kNanosecondsPerMillisecond = 1'000'000;
  for (const MessageTimers::Description& timer : dump.runtime.message_timers->list()) {
    dump.out.text("=timer:");
    dump.out.term(timer.receiver);
    dump.out.text("\nMessage: ");
    dump.out.term(timer.message);
    dump.out.print("\nTime left: %" PRId64 "\n", timer.left_ns / kNanosecondsPerMillisecond);
  }
}

}  // namespace joist
