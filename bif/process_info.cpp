// erlang:process_info/2 of the calling process: what its record and its heap know.
#include "bif/heap_options.h"
#include "bif/registry.h"
#include "bif/spawn_options.h"
#include "vm/heap/builder.h"

namespace joist {

namespace {

Term words_term(Process& p, size_t words) { return make_unsigned(p.heap, words); }

Term property(Process& p, Term name, Term value) { return make_tuple(p.heap, {name, value}); }

size_t total_heap_words(const Heap& heap) {
  return heap.young_words() + heap.old_words() + heap.fragment_words;
}

Term garbage_collection(Process& p) {
  const HeapOptions& options = p.heap.options;
  const Term max = max_heap_size_map(p.heap, options, p.runtime->otp_release);
  const Term vheap = words_term(p, options.min_off_heap_bytes / sizeof(Word));
  const Term items[] = {
      property(p, atoms::max_heap_size, max),
      property(p, atoms::min_bin_vheap_size, vheap),
      property(p, atoms::min_heap_size, words_term(p, options.min_heap_words)),
      property(p, atoms::fullsweep_after, words_term(p, options.fullsweep_after)),
      property(p, atoms::minor_gcs, words_term(p, p.heap.minors_since_full)),
  };
  return make_list(p.heap, items);
}

Term garbage_collection_info(Process& p) {
  const Heap& h = p.heap;
  const struct {
    Term name;
    size_t words;
  } values[] = {
      {atoms::old_heap_block_size, h.old_words()},
      {atoms::heap_block_size, h.young_words()},
      {atoms::mbuf_size, h.fragment_words},
      {atoms::recent_size, static_cast<size_t>(h.high_water - h.start)},
      {atoms::stack_size, h.stack_words()},
      {atoms::old_heap_size, static_cast<size_t>(h.old_top - h.old_start)},
      {atoms::heap_size, static_cast<size_t>(h.top - h.start)},
      {atoms::bin_vheap_size, h.off_heap_bytes / sizeof(Word)},
      {atoms::bin_vheap_block_size, h.off_heap_limit / sizeof(Word)},
      {atoms::bin_old_vheap_size, h.old_off_heap_bytes / sizeof(Word)},
      {atoms::bin_old_vheap_block_size, h.old_off_heap_limit / sizeof(Word)},
  };
  ListBuilder list(p.heap);
  for (const auto& value : values) {
    list.add(property(p, value.name, words_term(p, value.words)));
  }
  return list.finish();
}

// {Address, Size, ReferenceCount} of each off-heap binary.
Term binaries(Process& p) {
  Term list = Term::nil();
  for (const OffHeap* head : {p.heap.off_heap, p.heap.old_off_heap}) {
    for (const OffHeap* object = head; object != nullptr; object = object->next) {
      if (header_kind(object->header) != Boxed::kBinRef) continue;
      const Binary* binary = object->binary;
      const int64_t count = __atomic_load_n(&binary->reference_count, __ATOMIC_RELAXED);
      const Term address = make_unsigned(p.heap, reinterpret_cast<uintptr_t>(binary->bytes));
      const Term size = words_term(p, binary->capacity);
      const Term entry = make_tuple(p.heap, {address, size, make_integer(p.heap, count)});
      list = make_cons(p.heap, entry, list);
      p.charge(1);
    }
  }
  return list;
}

using Getter = Term (*)(Process& p);
struct Item {
  Term name;
  Getter get;
};
constexpr Item kItems[] = {
    {atoms::status, [](Process&) { return atoms::running; }},
    {atoms::trap_exit, [](Process& p) { return boolean(p.trap_exit); }},
    {atoms::error_handler, [](Process& p) { return p.flags.error_handler; }},
    {atoms::priority, [](Process& p) { return priority_atom(p.priority); }},
    {atoms::group_leader, [](Process& p) { return p.group_leader; }},
    {atoms::message_queue_data, [](Process& p) { return p.flags.message_queue_data; }},
    {atoms::total_heap_size, [](Process& p) { return words_term(p, total_heap_words(p.heap)); }},
    {atoms::heap_size, [](Process& p) { return words_term(p, p.heap.young_words()); }},
    {atoms::stack_size, [](Process& p) { return words_term(p, p.heap.stack_words()); }},
    {atoms::memory,
     [](Process& p) {
       return words_term(p, total_heap_words(p.heap) * sizeof(Word) + sizeof(Process));
     }},
    {atoms::garbage_collection, garbage_collection},
    {atoms::garbage_collection_info, garbage_collection_info},
    {atoms::fullsweep_after,
     [](Process& p) { return words_term(p, p.heap.options.fullsweep_after); }},
    {atoms::min_heap_size, [](Process& p) { return words_term(p, p.heap.options.min_heap_words); }},
    {atoms::min_bin_vheap_size,
     [](Process& p) { return words_term(p, p.heap.options.min_off_heap_bytes / sizeof(Word)); }},
    {atoms::max_heap_size,
     [](Process& p) { return max_heap_size_map(p.heap, p.heap.options, p.runtime->otp_release); }},
    {atoms::binary, binaries},
};
// Known to OTP; what they tell is not there to be told.
constexpr Term kMissing[] = {
    atoms::registered_name,
    atoms::current_function,
    atoms::current_location,
    atoms::initial_call,
    atoms::message_queue_len,
    atoms::messages,
    atoms::links,
    atoms::monitors,
    atoms::monitored_by,
    atoms::dictionary,
    atoms::catchlevel,
    atoms::backtrace,
    atoms::last_calls,
    atoms::reductions,
    atoms::suspending,
    atoms::current_stacktrace,
    atoms::sequential_trace_token,
};

// {Name, Value}; none() after raising.
Term describe(Process& p, Term name) {
  for (const Item& item : kItems) {
    if (item.name == name) return property(p, name, item.get(p));
  }
  for (Term missing : kMissing) {
    if (missing == name) return p.not_supported("process_info item");
  }
  return p.badarg();
}

Term process_info_2(Process& p, Term pid, Term what) {
  if (!pid.is_local_pid()) return p.badarg();
  if (!(pid == p.pid)) return p.not_supported("process_info of another process");
  if (what.is_atom()) return describe(p, what);
  ListBuilder result(p.heap);
  for (; what.is_list(); what = what.tail()) {
    const Term item = describe(p, what.head());
    if (item.is_none()) return item;
    result.add(item);
  }
  return what.is_nil() ? result.finish() : p.badarg();
}

constexpr NativeEntry kProcessInfoNatives[] = {
    {"erlang", "process_info", native<process_info_2>},
};

}  // namespace

std::span<const NativeEntry> process_info_natives() { return kProcessInfoNatives; }

}  // namespace joist
