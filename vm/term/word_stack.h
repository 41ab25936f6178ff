// The stack of a walk over terms: no native recursion, so terms may nest as deeply as memory
// holds. The first words are inside the object: most walks never allocate.
//
// Walks push terms and, to tell them what to do with these, operation words: these end in 111
// like headers, which no term does.
#pragma once

#include <cstdlib>
#include <cstring>
#include <utility>

#include "vm/term/term.h"

namespace joist {

class WordStack {
 public:
  WordStack() = default;
  ~WordStack() {
    if (words_ != inline_) std::free(words_);
  }
  WordStack(WordStack&& other) noexcept : size_(other.size_), capacity_(other.capacity_) {
    if (other.words_ == other.inline_) {
      std::memcpy(inline_, other.inline_, size_ * sizeof(Word));
    } else {
      words_ = std::exchange(other.words_, other.inline_);
    }
    other.size_ = 0;
    other.capacity_ = kInlineWords;
  }
  WordStack(const WordStack&) = delete;
  WordStack& operator=(const WordStack&) = delete;

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  // Forgets what was pushed since size() was `size`.
  void rollback(size_t size) { size_ = size; }

  void push(Word word) {
    if (size_ == capacity_) [[unlikely]]
      grow();
    words_[size_++] = word;
  }
  void push(Term term) { push(term.bits()); }
  void push(const Term* place) { push(reinterpret_cast<Word>(place)); }

  Word pop() {
    JOIST_ASSERT(size_ > 0);
    return words_[--size_];
  }
  Term pop_term() { return Term::from_bits(pop()); }
  const Term* pop_place() { return reinterpret_cast<const Term*>(pop()); }

  // Operation words: a small operation code with an argument.
  static constexpr Word operation(unsigned code, Word argument = 0) {
    return argument << 8 | static_cast<Word>(code) << 3 | 7;
  }
  static constexpr bool is_operation(Word word) { return (word & 7) == 7; }
  static constexpr unsigned operation_code(Word word) { return word >> 3 & 31; }
  static constexpr Word operation_argument(Word word) { return word >> 8; }

 private:
  [[gnu::noinline]] void grow() {
    size_t bytes = capacity_ * 2 * sizeof(Word);
    void* old = words_ == inline_ ? nullptr : words_;
    Word* bigger = static_cast<Word*>(std::realloc(old, bytes));
    if (bigger == nullptr) fatal("out of memory: a stack of %zu bytes", bytes);
    if (old == nullptr) std::memcpy(bigger, inline_, sizeof(inline_));
    words_ = bigger;
    capacity_ *= 2;
  }

  static constexpr size_t kInlineWords = 64;
  size_t size_ = 0;
  size_t capacity_ = kInlineWords;
  Word* words_ = inline_;
  Word inline_[kInlineWords];
};

}  // namespace joist
