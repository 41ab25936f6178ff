// Random terms of every kind together with what they are, kept outside of any heap: a text that
// is composed when the term is made and compared with what the heap says later.
#pragma once

#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "vm/heap/binary.h"
#include "vm/heap/heap.h"
#include "vm/term/bits.h"

namespace joist::test {

// Counts the buffers alive, so that a test can see that each died exactly once.
struct CountedBinaries {
  static inline int alive = 0;
  static Binary* make(size_t bytes) {
    ++alive;
    Binary* binary = new_binary(bytes);
    inner = binary->destroy;
    binary->destroy = [](Binary* dead) {
      --alive;
      inner(dead);
    };
    return binary;
  }
  static inline Binary::Destroy inner = nullptr;
};

inline std::string hex(Word word) {
  char text[32];
  snprintf(text, sizeof text, "%zx", static_cast<size_t>(word));
  return text;
}

inline std::string bits_text(BitsView bits) {
  std::string text = "<" + std::to_string(bits.size) + ":";
  for (size_t i = 0; i < bits.size; i += 8) {
    size_t count = bits.size - i < 8 ? bits.size - i : 8;
    text += hex(load_bits(bits.base, bits.offset + i, count));
  }
  return text + ">";
}

// The text of a term as it lies in memory. Recursive: for terms that a test made.
inline std::string describe(Term term) {
  if (!term.is_pointer()) return hex(term.bits());
  if (term.is_list()) {
    std::string text = "[";
    for (; term.is_list(); term = term.tail()) text += describe(term.head()) + " ";
    return text + "|" + describe(term) + "]";
  }
  const Word header = term.header();
  const Boxed kind = header_kind(header);
  if (kind == Boxed::kHeapBits || kind == Boxed::kSubBits) return bits_text(bits_view(term));
  if (kind == Boxed::kMatchContext) return "match" + bits_text(bits_view(term));
  Word* words = object_words(term);
  std::string text = std::string(kind_info(kind).name) + "(";
  size_t raw = kind_info(kind).raw_words;
  for (size_t i = 0; i < header_words(header); ++i) {
    if ((kind == Boxed::kMagicRef || kind == Boxed::kBinRef) && i == 1) continue;  // list link
    text += (i < raw ? hex(words[i]) : describe(term_words(words)[i])) + " ";
  }
  return text + ")";
}

struct Known {
  Term term = Term::nil();
  std::string text = describe(Term::nil());
};

class RandomTerms {
 public:
  explicit RandomTerms(uint64_t seed) : random_(seed) {}

  size_t below(size_t limit) { return random_() % limit; }

  // A new term that may refer to some of `known`.
  Known make(Allocator& heap, const std::vector<Known>& known) {
    const auto pick = [&] { return known[below(known.size())]; };
    switch (below(16)) {
      case 0:
        return of(Term::small(static_cast<int64_t>(below(1000)) - 500));
      case 1:
        return of(make_float(heap, below(2) != 0 ? 1.5e300 : 2.5));
      case 2:
        return of(make_big_limb(heap, below(2) != 0, (Word{1} << 63) + below(99)));
      case 3:
        return cons(heap, pick(), pick());
      case 4:
        return list(heap, known);
      case 5:
        return object(heap, make_header(Boxed::kTuple, below(40)), known);
      case 6:
        return object(heap, make_header(Boxed::kHashNode, 1 + below(16)), known);
      case 7:
        return object(heap, make_header(Boxed::kHashMap, 2 + below(16)), known);
      case 8:
        return object(heap, make_header(Boxed::kLocalFun, 2 + below(5)), known);
      case 9:
        return object(heap, make_header(Boxed::kRecord, 1 + below(5)), known);
      case 10:
        return binary(heap, below(64 * 8 + 1));
      case 11:
        return binary(heap, 65 * 8 + below(2000));
      case 12:
        return reference(heap);
      case 13:
        return magic_reference(heap);
      case 14:
        return part(heap, pick());
      default:
        return flat_map(heap, known);
    }
  }

  // A match context over a bitstring; any other term as it is.
  Known match_context(Allocator& heap, const Known& known) {
    if (!is_bits(known.term)) return known;
    const BitsView bits = bits_view(known.term);
    Word* words = heap.alloc(kMatchContextWords);
    words[0] = make_header(Boxed::kMatchContext, kMatchContextWords - 1);
    words[1] = reinterpret_cast<Word>(bits.base);
    words[2] = bits.offset;
    words[3] = bits.offset + bits.size;
    words[4] = header_kind(known.term.header()) == Boxed::kSubBits
                   ? reinterpret_cast<SubBits*>(known.term.object())->holder.bits()
                   : known.term.bits();
    return {Term::boxed(words), "match" + known.text};
  }

 private:
  static Known of(Term term) { return {term, describe(term)}; }

  Known cons(Allocator& heap, const Known& head, const Known& tail) {
    Term cell = make_cons(heap, head.term, tail.term);
    if (!tail.term.is_list()) return {cell, "[" + head.text + " |" + tail.text + "]"};
    return {cell, "[" + head.text + " " + tail.text.substr(1)};
  }

  Known list(Allocator& heap, const std::vector<Known>& known) {
    Known result;
    for (size_t i = below(30); i > 0; --i) {
      result = cons(heap, known[below(known.size())], result);
    }
    return result;
  }

  Known object(Allocator& heap, Word header, const std::vector<Known>& known) {
    Word* words = heap.alloc(1 + header_words(header));
    words[0] = header;
    const size_t raw = kind_info(header_kind(header)).raw_words;
    std::string text = std::string(kind_info(header_kind(header)).name) + "(";
    for (size_t i = 0; i < header_words(header); ++i) {
      if (i < raw) {
        words[1 + i] = random_();
        text += hex(words[1 + i]) + " ";
      } else {
        const Known& element = known[below(known.size())];
        words[1 + i] = element.term.bits();
        text += element.text + " ";
      }
    }
    return {Term::boxed(words), text + ")"};
  }

  Known flat_map(Allocator& heap, const std::vector<Known>& known) {
    Known keys = object(heap, make_header(Boxed::kTuple, 1 + below(5)), known);
    Word* words = heap.alloc(3);
    words[0] = make_header(Boxed::kFlatMap, 2);
    words[1] = keys.term.bits();
    const Known& value = known[below(known.size())];
    words[2] = value.term.bits();
    return {Term::boxed(words), "flat_map(" + keys.text + " " + value.text + " )"};
  }

  Known binary(Allocator& heap, size_t bits) {
    if (bits > kHeapBitsLimit * 8) {
      Binary* buffer = CountedBinaries::make((bits + 7) / 8);
      for (size_t i = 0; i < buffer->capacity; ++i) buffer->bytes[i] = random_();
      return of(make_bits_of(heap, buffer, bits));
    }
    uint8_t* bytes;
    Term term = make_bits_uninitialised(heap, bits, &bytes);
    for (size_t i = 0; i < (bits + 7) / 8; ++i) bytes[i] = random_();
    return of(term);
  }

  Known part(Allocator& heap, const Known& known) {
    if (!is_bits(known.term)) return known;
    const size_t size = bits_size(known.term);
    const size_t offset = below(size + 1);
    return of(make_part(heap, known.term, offset, below(size - offset + 1)));
  }

  RefNumbers numbers() {
    return {3, {static_cast<uint32_t>(random_()), static_cast<uint32_t>(random_()), 7, 0, 0}};
  }
  Known reference(Allocator& heap) {
    static const Word node = 0;
    const auto* fake = reinterpret_cast<const Node*>(&node);
    switch (below(4)) {
      case 0:
        return of(make_ref(heap, numbers()));
      case 1:
        return of(make_external_ref(heap, fake, numbers()));
      case 2:
        return of(make_external_pid(heap, fake, random_(), 1));
      default:
        return of(make_external_port(heap, fake, random_()));
    }
  }
  Known magic_reference(Allocator& heap) {
    return of(make_magic_ref(heap, numbers(), CountedBinaries::make(0)));
  }

  std::mt19937_64 random_;
};

}  // namespace joist::test
