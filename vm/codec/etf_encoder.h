// The walk over a term that makes its external form, as a template over where the bytes go.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "vm/base/progress.h"
#include "vm/codec/etf_sink.h"
#include "vm/heap/builder.h"
#include "vm/term/compare.h"
#include "vm/term/map.h"

namespace joist::etf {

// Walks a term and tells a sink its bytes. The stack holds what is left of each compound term
// that has been entered; the last part leaves the stack before it is walked.
template <typename Sink>
class Encoder {
 public:
  Encoder(const EncodeOptions& options, Sink& sink)
      : options_(options), sink_(sink), this_node_(node_or_default(options.this_node)) {}

  void start(Term term) { put(term); }
  // Refused: a binary is too long for the format.
  Progress run(int64_t* budget) {
    left_ = *budget;
    while (!stack_.empty() && !too_long_ && left_ > 0) {
      --left_;
      advance();
    }
    *budget = left_;
    if (too_long_) return Progress::kRefused;
    return stack_.empty() ? Progress::kDone : Progress::kPaused;
  }

 private:
  enum class Kind : uint8_t {
    kElements,  // `left` terms at `first`
    kPairs,     // `left` terms: keys at `first` and values at `second` in turn
    kHashMap,   // pairs of the latest map iterator; `pending` is a value to come, or none
    kCells,     // a list from cell `first` on; `left` cells were before; length goes to `patch`
    kFunSize,   // bytes since `patch` go there
    kBits,      // the last `left` bytes of the bitstring `pending`
  };
  struct Frame {
    const Term* first;
    union {
      const Term* second;  // kPairs
      size_t patch;        // kCells, kFunSize: where in the output
      Word pending;        // kHashMap, kBits
    };
    uint64_t left : 56;
    Kind kind : 8;
  };
  static_assert(sizeof(Frame) == 24);

  void push(Kind kind, const Term* first, Word other, size_t left) {
    Frame frame;
    frame.first = first;
    frame.pending = other;
    frame.left = left;
    frame.kind = kind;
    stack_.push_back(frame);
  }

  void advance();
  void advance_cells(Frame frame);
  void advance_hash_map();
  void advance_bits();

  void put(Term term);
  void put_boxed(Term term);
  void put_small(int64_t value);
  void put_magnitude(bool negative, const void* little_endian, size_t count);
  void put_atom(Term atom);
  void put_float(double value);
  void put_list(Term list);
  void put_bits(Term bits);
  void put_map(Term map);
  void put_sorted_map(Term map, size_t size);
  void put_fun(Term fun);
  void put_record(Term record);
  void put_node(const Node* node);
  void put_pid(const Node* node, uint64_t number, uint64_t serial);
  void put_any_pid(Term pid);
  void put_port(const Node* node, uint64_t number);
  void put_reference(const Node* node, Term reference);

  const EncodeOptions& options_;
  Sink& sink_;
  const Node* this_node_;
  bool too_long_ = false;
  int64_t left_ = 0;  // of the budget
  std::vector<Frame> stack_;
  std::vector<MapIterator> iterators_;
  std::vector<std::unique_ptr<Term[]>> sorted_pairs_;
};

template <typename Sink>
void Encoder<Sink>::advance() {
  Frame& frame = stack_.back();
  switch (frame.kind) {
    case Kind::kElements: {
      size_t depth = stack_.size();
      for (;;) {  // elements that push nothing are done in one go
        Frame& top = stack_.back();
        Term term = *top.first++;
        bool last = --top.left == 0;
        if (last) stack_.pop_back();
        put(term);
        if (last || stack_.size() != depth || --left_ <= 0) return;
      }
    }
    case Kind::kPairs: {
      Term term = *frame.first++;
      std::swap(frame.first, frame.second);
      if (--frame.left == 0) stack_.pop_back();
      put(term);
      return;
    }
    case Kind::kHashMap:
      advance_hash_map();
      return;
    case Kind::kCells: {
      Frame copy = frame;
      stack_.pop_back();
      advance_cells(copy);
      return;
    }
    case Kind::kFunSize: {
      size_t patch = frame.patch;
      stack_.pop_back();
      sink_.patch32(patch, sink_.position() - patch);
      return;
    }
    case Kind::kBits:
      advance_bits();
      return;
  }
}

template <typename Sink>
void Encoder<Sink>::advance_cells(Frame frame) {
  const Term* cell = frame.first;
  size_t count = frame.left;
  for (;;) {
    Term head = cell[0];
    Term tail = cell[1];
    ++count;
    if (!tail.is_list()) {
      sink_.patch32(frame.patch, count);
      if (head.is_small()) {
        put_small(head.small_value());
        put(tail);
        return;
      }
      push(Kind::kElements, cell + 1, 0, 1);
      put(head);
      return;
    }
    cell = term_words(tail.cell());
    --left_;
    if (head.is_small() && left_ > 0) {
      put_small(head.small_value());
      continue;
    }
    push(Kind::kCells, cell, frame.patch, count);
    size_t depth = stack_.size();
    put(head);
    if (stack_.size() != depth || left_ <= 0) return;
    stack_.pop_back();
  }
}

template <typename Sink>
void Encoder<Sink>::advance_hash_map() {
  Frame& frame = stack_.back();
  if (frame.pending != Term::none().bits()) {
    Term value = Term::from_bits(frame.pending);
    frame.pending = Term::none().bits();
    put(value);
    return;
  }
  Term key, value;
  if (!iterators_.back().next(&key, &value)) {
    iterators_.pop_back();
    stack_.pop_back();
    return;
  }
  frame.pending = value.bits();
  put(key);
}

template <typename Sink>
void Encoder<Sink>::put(Term term) {
  if (term.is_small()) {
    put_small(term.small_value());
  } else if (term.is_atom()) {
    put_atom(term);
  } else if (term.is_nil()) {
    sink_.u8(kNil);
  } else if (term.is_list()) {
    put_list(term);
  } else if (term.is_boxed()) {
    put_boxed(term);
  } else if (term.is_word_float()) {
    put_float(term.word_float_value());
  } else if (term.is_local_pid()) {
    put_pid(this_node_, local_pid_number(term), local_pid_serial(term));
  } else {
    JOIST_CHECK(term.is_local_port());
    put_port(this_node_, term.payload());
  }
}

template <typename Sink>
void Encoder<Sink>::put_boxed(Term term) {
  const Word* words = object_words(term);
  switch (header_kind(term.header())) {
    case Boxed::kTuple: {
      size_t size = tuple_size(term);
      if (size <= 0xff) {
        sink_.u8(kSmallTuple);
        sink_.u8(static_cast<uint8_t>(size));
      } else {
        sink_.u8(kLargeTuple);
        sink_.u32(size);
      }
      if (size != 0) push(Kind::kElements, tuple_elements(term).data(), 0, size);
      return;
    }
    case Boxed::kFlatMap:
    case Boxed::kHashMap:
      put_map(term);
      return;
    case Boxed::kLocalFun:
      put_fun(term);
      return;
    case Boxed::kExportFun: {
      const Mfa& mfa = export_fun_identity(term)->mfa;
      sink_.u8(kExport);
      put_atom(mfa.module);
      put_atom(mfa.function);
      put_small(mfa.arity);
      return;
    }
    case Boxed::kRecord:
      put_record(term);
      return;
    case Boxed::kPositiveBig:
    case Boxed::kNegativeBig: {
      std::span<const Word> limbs = big_limbs(term);
      size_t unused = static_cast<size_t>(std::countl_zero(limbs.back())) / 8;
      put_magnitude(big_is_negative(term), limbs.data(), limbs.size() * 8 - unused);
      return;
    }
    case Boxed::kFloat:
      put_float(float_value(term));
      return;
    case Boxed::kHeapBits:
    case Boxed::kSubBits:
      put_bits(term);
      return;
    case Boxed::kRef:
    case Boxed::kMagicRef:
      put_reference(this_node_, term);
      return;
    case Boxed::kExternalRef:
      put_reference(external_node(term), term);
      return;
    case Boxed::kExternalPid:
      put_pid(external_node(term), words[1], words[2]);
      return;
    case Boxed::kExternalPort:
      put_port(external_node(term), words[1]);
      return;
    default:
      fatal("no external form of a boxed object of kind %s",
            kind_info(header_kind(term.header())).name);
  }
}

template <typename Sink>
void Encoder<Sink>::put_small(int64_t value) {
  if (static_cast<uint64_t>(value) < 256) {
    sink_.u8(kSmallInteger);
    sink_.u8(static_cast<uint8_t>(value));
  } else if (value == static_cast<int32_t>(value)) {
    sink_.u8(kInteger);
    sink_.u32(static_cast<uint32_t>(value));
  } else {
    uint64_t magnitude =
        value < 0 ? uint64_t{0} - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
    size_t unused = static_cast<size_t>(std::countl_zero(magnitude)) / 8;
    put_magnitude(value < 0, &magnitude, 8 - unused);
  }
}

template <typename Sink>
void Encoder<Sink>::put_magnitude(bool negative, const void* little_endian, size_t count) {
  if (count < 256) {
    sink_.u8(kSmallBig);
    sink_.u8(static_cast<uint8_t>(count));
  } else {
    sink_.u8(kLargeBig);
    sink_.u32(count);
  }
  sink_.u8(negative ? 1 : 0);
  sink_.bytes(little_endian, count);
}

template <typename Sink>
void Encoder<Sink>::put_atom(Term atom) {
  if (options_.atoms != nullptr) {
    if (const std::optional<uint8_t> number = options_.atoms->number_of(atom)) {
      sink_.u8(kAtomCacheRef);
      sink_.u8(*number);
      return;
    }
  }
  const AtomEntry& entry = atom_entry(atom);
  if (!options_.utf8_atoms && entry.latin1) {
    sink_.u8(kAtom);
    sink_.u16(entry.characters);
    sink_.latin1(entry.text, entry.characters);
    return;
  }
  size_t count = entry.text.size();
  if (count > 255) {
    sink_.u8(kAtomUtf8);
    sink_.u16(count);
  } else {
    sink_.u8(kSmallAtomUtf8);
    sink_.u8(static_cast<uint8_t>(count));
  }
  sink_.bytes(entry.text.data(), count);
}

template <typename Sink>
void Encoder<Sink>::put_float(double value) {
  if (options_.new_floats) {
    sink_.u8(kNewFloat);
    sink_.u64(std::bit_cast<uint64_t>(value));
  } else {
    sink_.u8(kFloat);
    sink_.float_text(value);
  }
}

// The length of a proper list of at most 65535 bytes; 0: not such a list.
inline size_t byte_string_length(Term list) {
  size_t count = 0;
  for (; list.is_list(); list = list.tail()) {
    constexpr Word kNoByte = ~Term::small(255).bits();
    if ((list.head().bits() & kNoByte) != 0 || ++count > 0xffff) return 0;
  }
  return list.is_nil() ? count : 0;
}

template <typename Sink>
void Encoder<Sink>::put_list(Term list) {
  if (size_t count = byte_string_length(list); count != 0) {
    sink_.u8(kString);
    sink_.u16(count);
    left_ -= static_cast<int64_t>(count / kBytesPerStep);
    if constexpr (Sink::kWrites) {
      for (; list.is_list(); list = list.tail()) {
        sink_.u8(static_cast<uint8_t>(list.head().small_value()));
      }
    } else {
      sink_.bytes(nullptr, count);
    }
    return;
  }
  sink_.u8(kList);
  size_t patch = sink_.position();
  sink_.u32(0);
  push(Kind::kCells, term_words(list.cell()), patch, 0);
}

template <typename Sink>
void Encoder<Sink>::put_bits(Term bits) {
  BitsView view = bits_view(bits);
  size_t count = (view.size + 7) / 8;
  if (count >= UINT32_MAX) {
    too_long_ = true;
    return;
  }
  unsigned last_bits = view.size % 8;
  sink_.u8(last_bits == 0 ? kBinary : kBitBinary);
  sink_.u32(count);
  if (last_bits != 0) sink_.u8(static_cast<uint8_t>(last_bits));
  if (Sink::kWrites && count > kManyBytes) {
    push(Kind::kBits, nullptr, bits.bits(), count);
  } else {
    sink_.bits(view);
  }
}

template <typename Sink>
void Encoder<Sink>::advance_bits() {
  Frame& frame = stack_.back();
  const BitsView view = bits_view(Term::from_bits(frame.pending));
  const size_t done = (view.size + 7) / 8 - frame.left;
  const size_t count = std::min<size_t>(frame.left, kManyBytes);
  left_ -= kManyBytes / kBytesPerStep;
  sink_.bits(view.part(done * 8, std::min(count * 8, view.size - done * 8)));
  frame.left -= count;
  if (frame.left == 0) stack_.pop_back();
}

template <typename Sink>
void Encoder<Sink>::put_map(Term map) {
  size_t size = map_size(map);
  sink_.u8(kMap);
  sink_.u32(size);
  if (size == 0) return;
  if (options_.deterministic && Sink::kWrites) {
    put_sorted_map(map, size);
  } else if (is_flat_map(map)) {
    push(Kind::kPairs, flat_map_keys(map).data(),
         reinterpret_cast<Word>(flat_map_values(map).data()), 2 * size);
  } else {
    iterators_.emplace_back(map);
    push(Kind::kHashMap, nullptr, Term::none().bits(), 0);
  }
}

template <typename Sink>
void Encoder<Sink>::put_sorted_map(Term map, size_t size) {
  struct Pair {
    Term key, value;
  };
  sorted_pairs_.emplace_back(new Term[2 * size]);
  Term* pairs = sorted_pairs_.back().get();
  MapIterator iterator(map);
  for (size_t i = 0; iterator.next(&pairs[2 * i], &pairs[2 * i + 1]); ++i) {
  }
  Pair* first = reinterpret_cast<Pair*>(pairs);
  std::sort(first, first + size,
            [](const Pair& a, const Pair& b) { return compare_exact(a.key, b.key) < 0; });
  push(Kind::kElements, pairs, 0, 2 * size);
}

template <typename Sink>
void Encoder<Sink>::put_fun(Term fun) {
  const FunIdentity* identity = local_fun_identity(fun);
  std::span<Term> environment = local_fun_environment(fun);
  sink_.u8(kNewFun);
  size_t patch = sink_.position();
  sink_.u32(0);
  sink_.u8(static_cast<uint8_t>(identity->arity));
  sink_.bytes(identity->unique, sizeof identity->unique);
  sink_.u32(identity->index);
  sink_.u32(environment.size());
  put_atom(identity->module);
  put_small(identity->index);  // as it was before unique names; the compiler counts alike
  put_small(identity->old_unique);
  put_any_pid(options_.init_creates_funs ? make_local_pid(0, 0) : local_fun_creator(fun));
  push(Kind::kFunSize, nullptr, patch, 0);
  if (!environment.empty()) push(Kind::kElements, environment.data(), 0, environment.size());
}

template <typename Sink>
void Encoder<Sink>::put_record(Term record) {
  const RecordDefinition* definition = record_definition(record);
  sink_.u8(kRecord);
  sink_.u32(definition->field_count);
  sink_.u8(definition->exported ? 1 : 0);
  put_atom(definition->module);
  put_atom(definition->name);
  for (uint32_t i = 0; i < definition->field_count; ++i) put_atom(definition->fields[i]);
  std::span<Term> values = record_values(record);
  if (!values.empty()) push(Kind::kElements, values.data(), 0, values.size());
}

// Name; in a `local` term this node has none.
template <typename Sink>
void Encoder<Sink>::put_node(const Node* node) {
  if (options_.local && node == this_node_) {
    sink_.u8(kNil);
  } else {
    put_atom(node->name);
  }
}

template <typename Sink>
void Encoder<Sink>::put_pid(const Node* node, uint64_t number, uint64_t serial) {
  sink_.u8(kNewPid);
  put_node(node);
  sink_.u32(number);
  sink_.u32(serial);
  sink_.u32(options_.local && node == this_node_ ? 0 : node->creation);
}

template <typename Sink>
void Encoder<Sink>::put_any_pid(Term pid) {
  if (pid.is_local_pid()) {
    put_pid(this_node_, local_pid_number(pid), local_pid_serial(pid));
  } else {
    put_pid(external_node(pid), object_words(pid)[1], object_words(pid)[2]);
  }
}

template <typename Sink>
void Encoder<Sink>::put_port(const Node* node, uint64_t number) {
  bool wide = options_.v4_ports || number >> 28 != 0;
  sink_.u8(wide ? kV4Port : kNewPort);
  put_node(node);
  if (wide) {
    sink_.u64(number);
  } else {
    sink_.u32(number);
  }
  sink_.u32(options_.local && node == this_node_ ? 0 : node->creation);
}

template <typename Sink>
void Encoder<Sink>::put_reference(const Node* node, Term reference) {
  if (Sink::kWrites && options_.resolver != nullptr && is_kind(reference, Boxed::kMagicRef)) {
    options_.resolver->keep_magic(reference);
  }
  const RefNumbers& numbers = ref_numbers(reference);
  sink_.u8(kNewerReference);
  uint32_t count = numbers.count;
  if (options_.whole_aliases && is_kind(reference, Boxed::kRef) && count == kPlainReferenceWords &&
      (numbers.number[3] | numbers.number[4]) != 0) {
    count = kAliasReferenceWords;
  }
  sink_.u16(count);
  put_node(node);
  sink_.u32(options_.local && node == this_node_ ? 0 : node->creation);
  for (uint32_t i = 0; i < count; ++i) sink_.u32(numbers.number[i]);
}

}  // namespace joist::etf
