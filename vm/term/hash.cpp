// The internal hash. Equal terms have equal shapes (also maps: vm/term/hamt.h), so one walk
// over the words does, but for the few kinds whose words may differ in equal terms.
//
// Of large terms only a part counts, so that natives with large keys do not take long: the words
// that the walk meets first, and of long bitstrings those at both ends.
#include "vm/term/hash.h"

#include "vm/term/bits.h"
#include "vm/term/rules.h"
#include "vm/term/word_stack.h"

namespace joist {
namespace {

class HashWalk {
 public:
  uint32_t run(Term term) {
    do {
      step(term);
    } while (left_ > 0 && next(&term));
    return static_cast<uint32_t>(hash_ ^ hash_ >> 32);
  }

 private:
  static constexpr unsigned kArray = 0;
  static constexpr int64_t kMostWords = int64_t{64} << 10;
  // At each end.
  static constexpr size_t kMostBits = size_t{8 * 64} << 10;

  // Multiplication carries bits upwards only: those of a float, which are high, are folded down.
  void add(Word word) {
    --left_;
    hash_ ^= word;
    hash_ = (hash_ ^ hash_ >> 32) * 0x9e3779b97f4a7c15;
    hash_ ^= hash_ >> 29;
  }

  bool next(Term* term) {
    if (stack_.empty()) return false;
    Word top = stack_.pop();
    if (!WordStack::is_operation(top)) {
      *term = Term::from_bits(top);
      return true;
    }
    const Term* place = stack_.pop_place();
    size_t count = WordStack::operation_argument(top);
    while (count > 1 && !place->is_pointer() && left_ > 0) {
      add(place->bits());
      ++place;
      --count;
    }
    push_array(place + 1, count - 1);
    *term = *place;
    return true;
  }

  void push_array(const Term* place, size_t count) {
    if (count == 0) return;
    stack_.push(place);
    stack_.push(WordStack::operation(kArray, count));
  }

  void step(Term term) {
    if (term.is_list()) return step_list(term);
    if (term.is_boxed()) return step_boxed(term);
    add(term.bits());
  }

  void step_list(Term list) {
    constexpr Word kCell = 1;
    while (list.is_list() && left_ > 0) {
      Term head = list.head();
      list = list.tail();
      add(kCell);
      if (head.is_pointer()) {
        stack_.push(list);
        stack_.push(head);
        return;
      }
      add(head.bits());
    }
    stack_.push(list);
  }

  void step_boxed(Term term) {
    Word header = term.header();
    Boxed kind = header_kind(header);
    const Word* words = object_words(term);
    switch (kind) {
      case Boxed::kHeapBits:
      case Boxed::kSubBits:
        return step_bits(bits_view(term));
      case Boxed::kFloat:
        return step_float(float_value(term));
      case Boxed::kRef:
      case Boxed::kMagicRef:
      case Boxed::kExternalRef:
        return step_ref(ref_numbers(term));
      case Boxed::kExportFun: {
        const Mfa& mfa = export_fun_identity(term)->mfa;
        add(mfa.module.bits());
        add(mfa.function.bits());
        return add(mfa.arity);
      }
      case Boxed::kLocalFun: {
        const FunIdentity& identity = *local_fun_identity(term);
        add(identity.module.bits());
        add(Word{identity.index} << 32 | identity.old_unique);
        std::span<Term> environment = local_fun_environment(term);
        return push_array(environment.data(), environment.size());
      }
      default:
        break;
    }
    add(header);
    size_t count = header_words(header);
    size_t raw = kind_info(kind).raw_words == kAllRaw ? count : kind_info(kind).raw_words;
    for (size_t i = 0; i < raw && left_ > 0; ++i) add(words[i]);
    push_array(reinterpret_cast<const Term*>(words + raw), count - raw);
  }

  void step_float(double value) {
    bool zero = value == 0.0 && !term_rules().signed_zero;
    add(Term::word_float(0.0).bits());
    if (!zero) add(std::bit_cast<Word>(value));
  }

  // A reference of fewer numbers equals one with zeros behind; three are usual.
  void step_ref(const RefNumbers& numbers) {
    for (uint32_t i = 0; i < numbers.count; ++i) {
      if (i < 3 || numbers.number[i] != 0) add(numbers.number[i]);
    }
    for (uint32_t i = numbers.count; i < 3; ++i) add(0);
  }

  void step_bits(BitsView view) {
    add(make_header(Boxed::kHeapBits, view.size));
    size_t done = 0;
    if (view.size > 2 * kMostBits) {
      for (; done < kMostBits; done += 64) add(load_bits_64(view.base, view.offset + done));
      done = view.size - kMostBits;
    }
    for (; view.size - done > 64; done += 64) add(load_bits_64(view.base, view.offset + done));
    if (done < view.size) add(load_bits(view.base, view.offset + done, view.size - done));
  }

  Word hash_ = 0x2545f4914f6cdd1d;
  int64_t left_ = kMostWords;
  WordStack stack_;
};

}  // namespace

uint32_t internal_hash(Term term) { return HashWalk().run(term); }

}  // namespace joist
