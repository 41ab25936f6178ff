#include "vm/proc/signal.h"

#include "vm/base/check.h"
#include "vm/heap/copy.h"
#include "vm/heap/gc_blocks.h"

namespace joist {

Signal* new_signal(SignalKind kind, Term sender, size_t words) {
  auto* signal = static_cast<Signal*>(allocate_piece(sizeof(Signal) + words * sizeof(Word)));
  if (signal == nullptr) fatal("out of memory: a signal of %zu words", words);
  signal->fragment_next = nullptr;
  signal->capacity = signal->used = Signal::kHiddenWords + words;
  signal->filler = make_header(Boxed::kFiller, Signal::kHiddenWords - 1);
  signal->next = signal->previous = nullptr;
  signal->off_heap = nullptr;
  signal->off_heap_bytes = 0;
  signal->sender = sender;
  signal->value = Term::none();
  signal->id = 0;
  signal->detail = 0;
  signal->kind = kind;
  signal->is_priority = false;
  return signal;
}

Signal* new_signal_of(SignalKind kind, Term sender, Term value, const LiteralSpace* literals,
                      size_t extra_words) {
  if (!value.is_pointer()) [[likely]] {
    Signal* signal = new_signal(kind, sender, extra_words);
    signal->value = value;
    return signal;
  }
  const size_t words = copy_size(value, literals);
  Signal* signal = new_signal(kind, sender, words + extra_words);
  SignalBuilder builder(*signal);
  signal->value = copy_measured(builder, value, words, literals);
  return signal;
}

Signal* new_message_with_token(Term sender, Term value, Term token, const LiteralSpace* literals) {
  const size_t value_words = copy_size(value, literals);
  const size_t token_words = copy_size(token, literals);
  Signal* signal = new_signal(SignalKind::kMessage, sender, value_words + token_words);
  SignalBuilder builder(*signal);
  signal->value = copy_measured(builder, value, value_words, literals);
  const Term copy = copy_measured(builder, token, token_words, literals);
  signal->detail = static_cast<uint32_t>(copy.object() - signal->words + 1);
  return signal;
}

void release_signal(Signal* signal) {
  release_off_heap(signal->off_heap);
  // As release_fragments() has it, which frees signals whose message has become the heap's.
  free_piece(signal, sizeof(Fragment) + signal->capacity * sizeof(Word));
}

void release_signals(Signal* first) {
  while (first != nullptr) {
    Signal* next = first->next;
    release_signal(first);
    first = next;
  }
}

SignalBuilder::SignalBuilder(Signal& signal, size_t from) : signal_(signal) {
  top = signal.words + from;
  limit = signal.words + signal.value_words() + 1;  // see Allocator::alloc: a word is left over
  off_heap = signal.off_heap;
  off_heap_bytes = signal.off_heap_bytes;
}

SignalBuilder::~SignalBuilder() {
  JOIST_ASSERT(fragments == nullptr);
  signal_.off_heap = off_heap;
  signal_.off_heap_bytes = off_heap_bytes;
  off_heap = nullptr;
}

uint64_t reference_id(Term reference) {
  const RefNumbers& numbers = ref_numbers(reference);
  return numbers.number[0] | static_cast<uint64_t>(numbers.number[1]) << 18 |
         static_cast<uint64_t>(numbers.number[2]) << 50;
}

RefNumbers reference_numbers(uint64_t id) {
  return {3,
          {static_cast<uint32_t>(id & 0x3ffff), static_cast<uint32_t>(id >> 18),
           static_cast<uint32_t>(id >> 50), 0, 0}};
}

void set_alias_owner(RefNumbers& numbers, Term pid) {
  const Word payload = pid.payload() + 1;
  numbers.number[3] = static_cast<uint32_t>(payload);
  numbers.number[4] = static_cast<uint32_t>(payload >> 32);
}

Term alias_owner(Term reference) {
  if (!is_kind(reference, Boxed::kRef)) return Term::none();
  const RefNumbers& numbers = ref_numbers(reference);
  if (numbers.count != 3) return Term::none();
  const Word payload = static_cast<Word>(numbers.number[4]) << 32 | numbers.number[3];
  return payload == 0 ? Term::none() : Term::local_pid(payload - 1);
}

SignalQueue::Push SignalQueue::push(Signal* signal) {
  Signal* newest = newest_.load(std::memory_order_relaxed);
  do {
    if (newest == closed_mark()) return Push::kClosed;
    signal->next = newest;
  } while (!newest_.compare_exchange_weak(newest, signal, std::memory_order_seq_cst,
                                          std::memory_order_relaxed));
  return newest == nullptr ? Push::kFirst : Push::kAdded;
}

Signal* SignalQueue::oldest_first(Signal* newest) {
  Signal* oldest = nullptr;
  while (newest != nullptr) {
    Signal* older = newest->next;
    newest->next = oldest;
    oldest = newest;
    newest = older;
  }
  return oldest;
}

Signal* SignalQueue::take_all() {
  Signal* newest = newest_.load(std::memory_order_relaxed);
  if (newest == nullptr || newest == closed_mark()) return nullptr;
  return oldest_first(newest_.exchange(nullptr, std::memory_order_acquire));
}

Signal* SignalQueue::close() {
  Signal* newest = newest_.exchange(closed_mark(), std::memory_order_acq_rel);
  return newest == closed_mark() ? nullptr : oldest_first(newest);
}

}  // namespace joist
