// erlang:phash2: the hash of Bob Jenkins' "lookup2" mixing step, over the walk order that OTP
// has fixed. The hash so far flows through the whole walk; only the pairs of a map are hashed
// each from zero and then joined by exclusive or, so that their order does not matter.
#include "vm/term/atom.h"
#include "vm/term/bits.h"
#include "vm/term/compare_scalars.h"
#include "vm/term/hamt.h"
#include "vm/term/hash.h"
#include "vm/term/map.h"
#include "vm/term/node.h"
#include "vm/term/word_stack.h"

namespace joist {
namespace {

// Each kind of thing is mixed with its own multiple of the golden ratio.
constexpr uint32_t constant(uint32_t multiple) { return 0x9e3779b9u * multiple; }
constexpr uint32_t kNumber = constant(1);
constexpr uint32_t kNil = constant(2);
constexpr uint32_t kAtom = constant(3);
constexpr uint32_t kString = constant(4);
constexpr uint32_t kPid = constant(5);
constexpr uint32_t kPort = constant(6);
constexpr uint32_t kRef = constant(7);
constexpr uint32_t kTuple = constant(9);
constexpr uint32_t kNegative = constant(10);
constexpr uint32_t kPositive = constant(11);
constexpr uint32_t kFloat = constant(12);
constexpr uint32_t kBits = constant(13);
constexpr uint32_t kFunction = constant(14);
constexpr uint32_t kTailBits = constant(15);
constexpr uint32_t kMapSize = constant(16);
constexpr uint32_t kMapPairs = constant(19);
constexpr uint32_t kRecord = constant(23);
constexpr uint32_t kNilTag = 2;
constexpr uint32_t kNilAlone = 3468870702;

struct Mixer {
  uint32_t a;
  uint32_t b;
  uint32_t c;

  void mix() {
    a = (a - b - c) ^ c >> 13;
    b = (b - c - a) ^ a << 8;
    c = (c - a - b) ^ b >> 13;
    a = (a - b - c) ^ c >> 12;
    b = (b - c - a) ^ a << 16;
    c = (c - a - b) ^ b >> 5;
    a = (a - b - c) ^ c >> 3;
    b = (b - c - a) ^ a << 10;
    c = (c - a - b) ^ b >> 15;
  }
};

uint32_t little_endian(const uint8_t* bytes, size_t count) {
  uint32_t value = 0;
  for (size_t i = 0; i < count; ++i) value |= static_cast<uint32_t>(bytes[i]) << (8 * i);
  return value;
}

uint32_t hash_bytes(const uint8_t* bytes, size_t count, uint32_t start) {
  constexpr size_t kBlock = 12;
  Mixer mixer{kNumber, kNumber, start};
  size_t left = count;
  for (; left >= kBlock; left -= kBlock, bytes += kBlock) {
    mixer.a += little_endian(bytes, 4);
    mixer.b += little_endian(bytes + 4, 4);
    mixer.c += little_endian(bytes + 8, 4);
    mixer.mix();
  }
  mixer.c += static_cast<uint32_t>(count);
  mixer.a += little_endian(bytes, left < 4 ? left : 4);
  if (left > 4) mixer.b += little_endian(bytes + 4, left < 8 ? left - 4 : 4);
  // The lowest byte of c belongs to the length.
  if (left > 8) mixer.c += little_endian(bytes + 8, left - 8) << 8;
  mixer.mix();
  return mixer.c;
}

bool is_byte(Term term) { return (term.bits() & ~Word{0x3fc}) == 0; }

class Phash2Walk {
 public:
  uint32_t run(Term term) {
    do {
      step(term);
    } while (next(&term));
    return hash_;
  }

 private:
  enum : unsigned { kArray, kNode, kPairEnd, kMapEnd };

  void mix(uint32_t first, uint32_t second, uint32_t constant) {
    Mixer mixer{constant + first, constant + second, hash_};
    mixer.mix();
    hash_ = mixer.c;
  }
  void mix(uint32_t value, uint32_t constant) { mix(value, 0, constant); }

  // The next term to hash, after everything that ends before it.
  bool next(Term* term) {
    while (!stack_.empty()) {
      Word top = stack_.pop();
      if (!WordStack::is_operation(top)) {
        *term = Term::from_bits(top);
        return true;
      }
      switch (WordStack::operation_code(top)) {
        case kArray: {
          const Term* place = stack_.pop_place();
          push_array(place + 1, WordStack::operation_argument(top) - 1);
          *term = *place;
          return true;
        }
        case kNode:
          push_node(stack_.pop_term());
          break;
        case kPairEnd:
          pairs_ ^= hash_;
          hash_ = 0;
          break;
        default:  // kMapEnd
          hash_ = static_cast<uint32_t>(stack_.pop());
          mix(pairs_, kMapPairs);
          pairs_ = static_cast<uint32_t>(stack_.pop());
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

  void step(Term term) {
    if (term.is_list()) return step_list(term);
    if (term.is_boxed()) return step_boxed(term);
    if (term.is_small()) {
      step_integer(term.small_value());
    } else if (term.is_word_float()) {
      step_float(term.word_float_value());
    } else if (term.is_atom()) {
      uint32_t name = atom_entry(term).hash;
      if (hash_ == 0) {
        hash_ = name;
      } else {
        mix(name, kAtom);
      }
    } else if (term.is_nil()) {
      if (hash_ == 0) {
        hash_ = kNilAlone;
      } else {
        mix(kNilTag, kNil);
      }
    } else {
      step_identifier(term);
    }
  }

  void step_integer(int64_t value) {
    constexpr int64_t kLimit = int64_t{1} << 27;
    if (value < -kLimit || value >= kLimit) {
      uint64_t size = static_cast<uint64_t>(value);
      return step_limb(value < 0 ? 0 - size : size, value < 0);
    }
    uint32_t low = static_cast<uint32_t>(value);
    if (value < 0) mix(0 - low, kNumber);
    mix(low, kNumber);
  }
  void step_limb(Word limb, bool negative) {
    mix(static_cast<uint32_t>(limb), static_cast<uint32_t>(limb >> 32),
        negative ? kNegative : kPositive);
  }
  void step_float(double value) {
    Word bits = value == 0.0 ? 0 : std::bit_cast<Word>(value);
    mix(static_cast<uint32_t>(bits >> 32), static_cast<uint32_t>(bits), kFloat);
  }

  // Runs of bytes are hashed four at a time.
  void step_list(Term list) {
    uint32_t bytes = 0;
    unsigned count = 0;
    Term rest = list;
    while (rest.is_list() && is_byte(rest.head())) {
      bytes = bytes << 8 | static_cast<uint32_t>(rest.head().small_value());
      if (++count == 4) {
        mix(bytes, kString);
        bytes = count = 0;
      }
      rest = rest.tail();
    }
    if (count > 0) mix(bytes, kString);
    if (rest.is_list()) {
      stack_.push(rest.tail());
      rest = rest.head();
    }
    stack_.push(rest);
  }

  void step_boxed(Term term) {
    switch (header_kind(term.header())) {
      case Boxed::kTuple:
        mix(static_cast<uint32_t>(tuple_size(term)), kTuple);
        return push_array(tuple_elements(term).data(), tuple_size(term));
      case Boxed::kFlatMap:
      case Boxed::kHashMap:
        return step_map(term);
      case Boxed::kLocalFun:
      case Boxed::kExportFun:
        return step_fun(term);
      case Boxed::kRecord:
        return step_record(term);
      case Boxed::kPositiveBig:
      case Boxed::kNegativeBig:
        for (Word limb : big_limbs(term)) step_limb(limb, big_is_negative(term));
        return;
      case Boxed::kFloat:
        return step_float(float_value(term));
      case Boxed::kHeapBits:
      case Boxed::kSubBits:
        return step_bits(bits_view(term));
      default:
        return step_identifier(term);
    }
  }

  void step_bits(BitsView view) {
    uint32_t start = kBits + hash_;
    if (view.size == 0) {
      hash_ = start;
      return;
    }
    ByteScratch scratch;
    // Byte sizes of more than 32 bits are cut to these: OTP keeps to what it once was.
    size_t count = static_cast<uint32_t>(view.size / 8);
    size_t tail = view.size % 8;
    hash_ = hash_bytes(contiguous_bytes(view.part(0, count * 8), scratch).data(), count, start);
    if (tail == 0) return;
    uint64_t bits = load_bits(view.base, view.offset + count * 8, tail);
    mix(static_cast<uint32_t>(tail), static_cast<uint32_t>(bits), kTailBits);
  }

  void step_map(Term map) {
    size_t size = map_size(map);
    mix(static_cast<uint32_t>(size), kMapSize);
    if (size == 0) return;
    stack_.push(Word{pairs_});
    stack_.push(Word{hash_});
    stack_.push(WordStack::operation(kMapEnd));
    hash_ = pairs_ = 0;
    if (is_flat_map(map)) {
      for (size_t i = size; i-- > 0;) push_pair(flat_map_keys(map)[i], flat_map_values(map)[i]);
    } else {
      push_entries(hamt_root(map));
    }
  }
  void push_pair(Term key, Term value) {
    stack_.push(WordStack::operation(kPairEnd));
    stack_.push(value);
    stack_.push(key);
  }
  void push_node(Term node) {
    if (!is_hamt_collision(node)) return push_entries(hamt_node(node));
    const Word* words = hamt_node(node);
    push_pairs(hamt_entries(words), hamt_collision_pairs(words));
  }
  void push_entries(const Word* node) {
    size_t pairs = hamt_pair_count(*node);
    const Term* children = hamt_entries(node) + 2 * pairs;
    for (size_t i = 0; i < hamt_child_count(*node); ++i) {
      stack_.push(children[i]);
      stack_.push(WordStack::operation(kNode));
    }
    push_pairs(hamt_entries(node), pairs);
  }
  void push_pairs(const Term* entries, size_t count) {
    for (size_t i = 0; i < count; ++i) push_pair(entries[2 * i], entries[2 * i + 1]);
  }

  void step_fun(Term fun) {
    if (is_kind(fun, Boxed::kExportFun)) {
      const Mfa& mfa = export_fun_identity(fun)->mfa;
      mix(mfa.arity, atom_entry(mfa.module).hash, kNumber);
      return mix(atom_entry(mfa.function).hash, kFunction);
    }
    const FunIdentity& identity = *local_fun_identity(fun);
    std::span<Term> environment = local_fun_environment(fun);
    mix(static_cast<uint32_t>(environment.size()), atom_entry(identity.module).hash, kNumber);
    mix(identity.index, identity.old_unique, kNumber);
    push_array(environment.data(), environment.size());
  }

  // The definition counts as the tuple {Module, Name, IsExported, Field...}.
  void step_record(Term record) {
    const RecordDefinition& definition = *record_definition(record);
    std::vector<Word> tuple = {make_header(Boxed::kTuple, 3 + definition.field_count),
                               definition.module.bits(), definition.name.bits(),
                               boolean(definition.exported).bits()};
    for (uint32_t i = 0; i < definition.field_count; ++i) {
      tuple.push_back(definition.fields[i].bits());
    }
    mix(definition.field_count, Phash2Walk().run(Term::boxed(tuple.data())), kRecord);
    push_array(record_values(record).data(), record_values(record).size());
  }

  void step_identifier(Term term) {
    switch (type_rank(term)) {
      case TypeRank::kPid:
        return mix(static_cast<uint32_t>(pid_numbers(term).number), kPid);
      case TypeRank::kPort:
        return mix(static_cast<uint32_t>(port_number(term)),
                   static_cast<uint32_t>(port_number(term) >> 32), kPort);
      default:
        return mix(ref_numbers(term).number[0], kRef);
    }
  }

  uint32_t hash_ = 0;
  uint32_t pairs_ = 0;  // exclusive or over the hashes of the pairs of the innermost map
  WordStack stack_;
};

}  // namespace

uint32_t phash2(Term term) {
  if (term.is_atom()) return atom_entry(term).hash;
  return Phash2Walk().run(term);
}

}  // namespace joist
