#include "vm/driver/described_term.h"

#include <cmath>
#include <cstring>
#include <vector>

#include "vm/driver/abi.h"
#include "vm/heap/builder.h"
#include "vm/heap/map_build.h"
#include "vm/sched/external_options.h"

namespace joist {

namespace {

// How many words follow a tag; negative: there is no such tag.
int argument_count(Word tag) {
  switch (tag) {
    case abi::kTagNil:
      return 0;
    case abi::kTagBinary:
      return 3;
    case abi::kTagString:
    case abi::kTagStringCons:
    case abi::kTagExternal:
    case abi::kTagBytes:
      return 2;
    default:
      return tag <= abi::kTagMap ? 1 : -1;
  }
}

template <typename T>
const T* pointer(Word word) {
  return reinterpret_cast<const T*>(word);
}

// Drivers fill the argument with an int; what is above that is not looked at.
int64_t count_of(Word word) { return static_cast<int>(word); }

class TermMachine {
 public:
  TermMachine(const Runtime& runtime, Allocator& heap) : runtime_(runtime), heap_(heap) {}

  bool run(std::span<const Word> words) {
    while (!words.empty()) {
      const Word tag = words[0];
      const int count = tag == 0 ? -1 : argument_count(tag);
      if (count < 0 || words.size() <= static_cast<size_t>(count)) return false;
      if (!step(tag, words.data() + 1)) return false;
      words = words.subspan(static_cast<size_t>(count) + 1);
    }
    return stack_.size() == 1;
  }
  Term result() const { return stack_[0]; }

 private:
  bool push(Term term) {
    stack_.push_back(term);
    return true;
  }
  bool push_if(bool holds, Word word) { return holds && push(Term::from_bits(word)); }

  bool step(Word tag, const Word* arguments) {
    const Word first = tag == abi::kTagNil ? 0 : arguments[0];
    switch (tag) {
      case abi::kTagNil:
        return push(Term::nil());
      case abi::kTagAtom:
        return push_if(Term::from_bits(first).is_atom(), first);
      case abi::kTagPort:
        return push_if(Term::from_bits(first).is_local_port(), first);
      case abi::kTagPid:
        return push_if(Term::from_bits(first).is_local_pid(), first);
      case abi::kTagInt:
        return push(make_integer(heap_, static_cast<int64_t>(first)));
      case abi::kTagUnsigned:
        return push(make_unsigned(heap_, first));
      case abi::kTagInt64:
        return push(make_integer(heap_, *pointer<int64_t>(first)));
      case abi::kTagUnsigned64:
        return push(make_unsigned(heap_, *pointer<uint64_t>(first)));
      case abi::kTagFloat: {
        const double value = *pointer<double>(first);
        return std::isfinite(value) && push(make_float(heap_, value));
      }
      case abi::kTagBinary:
        return binary(first, arguments[1], arguments[2]);
      case abi::kTagBytes:
        if (first == 0 && arguments[1] != 0) return false;
        return push(make_binary(heap_, ByteSpan(pointer<uint8_t>(first), arguments[1])));
      case abi::kTagString:
      case abi::kTagStringCons:
        return string(tag, first, arguments[1]);
      case abi::kTagExternal:
        return external(first, static_cast<int64_t>(arguments[1]));
      case abi::kTagTuple:
        return tuple(count_of(first));
      case abi::kTagList:
        return list(count_of(first));
      default:
        return map(count_of(first));
    }
  }

  bool binary(Word word, Word size, Word offset) {
    auto* driver_binary = reinterpret_cast<abi::DriverBinary*>(word);
    if (driver_binary == nullptr) return false;
    const auto whole = static_cast<Word>(driver_binary->size);
    if (size > whole || offset > whole - size) return false;
    Binary* buffer = abi::binary_of(driver_binary);
    return push(make_binary(heap_, ByteSpan(buffer->bytes + offset, size), buffer));
  }

  bool string(Word tag, Word characters, Word length) {
    if (characters == 0 || static_cast<int>(length) < 0) return false;
    Term tail = Term::nil();
    if (tag == abi::kTagStringCons) {
      if (stack_.empty()) return false;
      tail = stack_.back();
      stack_.pop_back();
    }
    return push(make_string(heap_, {pointer<char>(characters), length}, tail));
  }

  bool external(Word bytes, int64_t size) {
    if (bytes == 0 || size <= 0) return false;
    const ByteSpan span(pointer<uint8_t>(bytes), static_cast<size_t>(size));
    const std::optional<Decoded> decoded = decode_external(span, heap_, decode_options(runtime_));
    return decoded && push(decoded->term);
  }

  // The uppermost terms, which the caller drops.
  std::span<const Term> top(int64_t count) const {
    return std::span<const Term>(stack_).last(static_cast<size_t>(count));
  }
  bool has(int64_t count) const { return count <= static_cast<int64_t>(stack_.size()); }
  bool replace(int64_t count, Term term) {
    stack_.resize(stack_.size() - static_cast<size_t>(count));
    return push(term);
  }

  bool tuple(int64_t size) {
    if (size < 0 || !has(size)) return false;
    return replace(size, make_tuple(heap_, top(size)));
  }
  // The last element is the tail.
  bool list(int64_t size) {
    if (size <= 0 || !has(size)) return false;
    const std::span<const Term> elements = top(size);
    return replace(size, make_list(heap_, elements.first(elements.size() - 1), elements.back()));
  }
  bool map(int64_t size) {
    if (size < 0 || !has(2 * size)) return false;
    const Term made = make_map(heap_, top(2 * size));
    return map_size(made) == static_cast<size_t>(size) && replace(2 * size, made);
  }

  const Runtime& runtime_;
  Allocator& heap_;
  std::vector<Term> stack_;
};

}  // namespace

std::optional<Term> described_term(const Runtime& runtime, Allocator& heap,
                                   std::span<const Word> description) {
  TermMachine machine(runtime, heap);
  if (!machine.run(description)) return std::nullopt;
  return machine.result();
}

}  // namespace joist
