// Text on its way to a file descriptor, or into a string: gathered in a buffer of its own, so that
// a VM without memory can still tell what has happened, and cut short where there is a limit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "vm/base/bytes.h"
#include "vm/term/term.h"

namespace joist {

class DumpOutput {
 public:
  explicit DumpOutput(int descriptor, int64_t limit = INT64_MAX)
      : descriptor_(descriptor), left_(limit) {}
  explicit DumpOutput(std::string& string) : descriptor_(-1), string_(&string), left_(INT64_MAX) {}
  ~DumpOutput() { flush(); }
  DumpOutput(const DumpOutput&) = delete;
  DumpOutput& operator=(const DumpOutput&) = delete;

  void text(std::string_view text);
  void byte(char c) {
    if (used_ == sizeof buffer_) flush();
    buffer_[used_++] = c;
  }
  [[gnu::format(printf, 2, 3)]] void print(const char* format, ...);
  // As erlang:display/1 shows it.
  void term(Term term);
  void base64(ByteSpan bytes);

  void flush();
  // The limit is reached, or the descriptor takes no more: nothing is written from now on.
  bool is_full() const { return is_full_; }
  bool has_failed() const { return has_failed_; }

 private:
  void write(const char* bytes, size_t count);

  const int descriptor_;
  std::string* const string_ = nullptr;
  int64_t left_;
  bool is_full_ = false;
  bool has_failed_ = false;
  size_t used_ = 0;
  char buffer_[size_t{16} << 10];
};

}  // namespace joist
