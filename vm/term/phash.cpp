// erlang:phash: multiply by a prime and add, byte by byte.
#include <vector>

#include "vm/term/atom.h"
#include "vm/term/bits.h"
#include "vm/term/compare_scalars.h"
#include "vm/term/hash.h"
#include "vm/term/node.h"
#include "vm/term/word_stack.h"

namespace joist {
namespace {

// Primes a little above 2^28, by the names that OTP's sources number them with.
constexpr uint32_t kPrime1 = 268440163;
constexpr uint32_t kPrime2 = 268439161;
constexpr uint32_t kPrime3 = 268435459;
constexpr uint32_t kPrime4 = 268436141;
constexpr uint32_t kPrime5 = 268438633;
constexpr uint32_t kPrime6 = 268437017;
constexpr uint32_t kPrime8 = 268437511;
constexpr uint32_t kPrime9 = 268439627;
constexpr uint32_t kPrime10 = 268440479;
constexpr uint32_t kPrime11 = 268440577;
constexpr uint32_t kPrime12 = 268440581;
constexpr uint32_t kPrime13 = 268440593;
constexpr uint32_t kPrime14 = 268440611;
constexpr uint32_t kPrime15 = 268440629;

bool is_byte(Term term) { return (term.bits() & ~Word{0x3fc}) == 0; }

class PhashWalk {
 public:
  uint32_t run(Term term) {
    do {
      step(term);
    } while (next(&term));
    return hash_;
  }

 private:
  enum : unsigned { kArray, kTail, kListEnd, kTupleEnd, kRecordEnd };

  void add(uint32_t value, uint32_t prime) { hash_ = hash_ * prime + value; }
  void add_atom(Term atom) { add(atom_entry(atom).hash, kPrime1); }
  void add_bytes(uint32_t word, uint32_t prime) {
    for (int i = 0; i < 4; ++i, word >>= 8) add(word & 0xff, prime);
  }

  bool next(Term* term) {
    while (!stack_.empty()) {
      Word top = stack_.pop();
      uint32_t argument = static_cast<uint32_t>(WordStack::operation_argument(top));
      switch (WordStack::operation_code(top)) {
        case kArray: {
          const Term* place = stack_.pop_place();
          push_array(place + 1, WordStack::operation_argument(top) - 1);
          *term = *place;
          return true;
        }
        case kTail:
          *term = stack_.pop_term();
          if (!term->is_list()) stack_.push(WordStack::operation(kListEnd));
          return true;
        case kListEnd:
          hash_ *= kPrime8;
          break;
        case kTupleEnd:
          add(argument, kPrime9);
          break;
        default:  // kRecordEnd
          add(argument, kPrime15);
          break;
      }
    }
    return false;
  }

  void push_array(const Term* place, size_t count) {
    if (count == 0) return;
    stack_.push(place);
    stack_.push(WordStack::operation(kArray, count));
  }
  void push_tail(Term tail) {
    stack_.push(tail);
    stack_.push(WordStack::operation(kTail));
  }

  void step(Term term) {
    if (term.is_list()) return step_list(term);
    if (term.is_boxed()) return step_boxed(term);
    if (term.is_small()) {
      int64_t value = term.small_value();
      Word limb = static_cast<Word>(value < 0 ? -value : value);
      step_integer({&limb, 1}, value < 0);
    } else if (term.is_word_float()) {
      step_float(term.word_float_value());
    } else if (term.is_atom()) {
      add_atom(term);
    } else if (term.is_nil()) {
      add(1, kPrime3);
    } else {
      step_identifier(term);
    }
  }

  void step_list(Term list) {
    while (is_byte(list.head())) {
      add(static_cast<uint32_t>(list.head().small_value()), kPrime2);
      list = list.tail();
      if (!list.is_list()) return push_tail(list);
    }
    push_tail(list.tail());
    push_array(reinterpret_cast<const Term*>(list.cell()), 1);
  }

  // Four bytes for each 32 bits that the magnitude needs; always at least four.
  void step_integer(std::span<const Word> limbs, bool negative) {
    for (size_t i = 0; i < limbs.size(); ++i) {
      add_bytes(static_cast<uint32_t>(limbs[i]), kPrime2);
      uint32_t high = static_cast<uint32_t>(limbs[i] >> 32);
      if (high != 0 || i + 1 < limbs.size()) add_bytes(high, kPrime2);
    }
    hash_ *= negative ? kPrime4 : kPrime3;
  }

  void step_float(double value) {
    Word bits = value == 0.0 ? 0 : std::bit_cast<Word>(value);
    add(static_cast<uint32_t>(bits) ^ static_cast<uint32_t>(bits >> 32), kPrime6);
  }

  void step_bits(BitsView view) {
    size_t count = view.size / 8;
    ByteScratch scratch;
    for (uint8_t byte : contiguous_bytes(view.part(0, count * 8), scratch)) add(byte, kPrime1);
    if (size_t tail = view.size % 8; tail != 0) {
      add(static_cast<uint32_t>(load_bits(view.base, view.offset + count * 8, tail)), kPrime1);
      add(static_cast<uint32_t>(tail), kPrime12);
    }
    add(static_cast<uint32_t>(count), kPrime4);
  }

  void step_boxed(Term term) {
    switch (header_kind(term.header())) {
      case Boxed::kTuple:
        stack_.push(WordStack::operation(kTupleEnd, tuple_size(term)));
        return push_array(tuple_elements(term).data(), tuple_size(term));
      case Boxed::kFlatMap:
      case Boxed::kHashMap:
        return add(kPrime14 + phash2(term), kPrime13);
      case Boxed::kLocalFun:
      case Boxed::kExportFun:
        return step_fun(term);
      case Boxed::kRecord:
        return step_record(term);
      case Boxed::kPositiveBig:
      case Boxed::kNegativeBig:
        return step_integer(big_limbs(term), big_is_negative(term));
      case Boxed::kFloat:
        return step_float(float_value(term));
      case Boxed::kHeapBits:
      case Boxed::kSubBits:
        return step_bits(bits_view(term));
      default:
        return step_identifier(term);
    }
  }

  void step_fun(Term fun) {
    if (is_kind(fun, Boxed::kExportFun)) {
      const Mfa& mfa = export_fun_identity(fun)->mfa;
      add(mfa.arity, kPrime11);
      add_atom(mfa.module);
      return add_atom(mfa.function);
    }
    const FunIdentity& identity = *local_fun_identity(fun);
    std::span<Term> environment = local_fun_environment(fun);
    add(static_cast<uint32_t>(environment.size()), kPrime10);
    add_atom(identity.module);
    add(identity.index, kPrime2);
    add(identity.old_unique, kPrime2);
    push_array(environment.data(), environment.size());
  }

  // The definition counts as the tuple {FieldOrder, Phash2, Module, Name, IsExported, Field...}
  // where Phash2 is that of the elements behind it as a tuple. OTP sorts fields by the index of
  // their atoms, so the hash differs between its instances: this is that of an instance which saw
  // the atoms in the order of the definition.
  void step_record(Term record) {
    const RecordDefinition& definition = *record_definition(record);
    std::vector<Word> declared = {make_header(Boxed::kTuple, 3 + definition.field_count),
                                  definition.module.bits(), definition.name.bits(),
                                  boolean(definition.exported).bits()};
    std::vector<Word> order = {make_header(Boxed::kTuple, definition.field_count)};
    for (uint32_t i = 0; i < definition.field_count; ++i) {
      declared.push_back(definition.fields[i].bits());
      order.push_back(Term::small(i).bits());
    }
    std::vector<Word> tuple = {make_header(Boxed::kTuple, declared.size() + 1),
                               Term::boxed(order.data()).bits(),
                               Term::small(phash2(Term::boxed(declared.data()))).bits()};
    tuple.insert(tuple.end(), declared.begin() + 1, declared.end());
    PhashWalk definition_walk;
    definition_walk.hash_ = hash_;
    hash_ = definition_walk.run(Term::boxed(tuple.data()));
    std::span<Term> values = record_values(record);
    stack_.push(WordStack::operation(kRecordEnd, values.size() + 1));
    push_array(values.data(), values.size());
  }

  void step_identifier(Term term) {
    switch (type_rank(term)) {
      case TypeRank::kPid:
        add_bytes(static_cast<uint32_t>(pid_numbers(term).number), kPrime5);
        hash_ *= kPrime6;
        return;
      case TypeRank::kPort: {
        uint64_t number = port_number(term);
        if (number >> 32 != 0) add_bytes(static_cast<uint32_t>(number >> 32), kPrime11);
        add_bytes(static_cast<uint32_t>(number), kPrime9);
        break;
      }
      default:
        add_bytes(ref_numbers(term).number[0], kPrime9);
        break;
    }
    hash_ *= kPrime10;
  }

  uint32_t hash_ = 0;
  WordStack stack_;
};

}  // namespace

uint32_t phash(Term term) { return PhashWalk().run(term); }

}  // namespace joist
