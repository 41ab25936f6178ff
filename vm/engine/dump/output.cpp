#include "vm/engine/dump/output.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <string>

#include "vm/os/exit.h"
#include "vm/os/file_descriptor.h"
#include "vm/term/print.h"

namespace joist {

void DumpOutput::write(const char* bytes, size_t count) {
  if (has_failed_ || count == 0) return;
  if (string_ != nullptr) {
    string_->append(bytes, count);
    return;
  }
  note_progress();
  const ByteSpan piece(reinterpret_cast<const uint8_t*>(bytes), count);
  if (write_pieces_waiting(descriptor_, {&piece, 1}).bytes < 0) has_failed_ = is_full_ = true;
}

void DumpOutput::flush() {
  if (is_full_) used_ = 0;
  const auto count = std::min(used_, static_cast<size_t>(left_));
  write(buffer_, count);
  left_ -= static_cast<int64_t>(count);
  if (count < used_ && !is_full_) {
    static constexpr std::string_view kCut = "\n=abort:CRASH DUMP SIZE LIMIT REACHED\n";
    write(kCut.data(), kCut.size());
    is_full_ = true;
  }
  used_ = 0;
}

void DumpOutput::text(std::string_view text) {
  while (!text.empty()) {
    if (used_ == sizeof buffer_) flush();
    const size_t count = std::min(text.size(), sizeof buffer_ - used_);
    std::memcpy(buffer_ + used_, text.data(), count);
    used_ += count;
    text.remove_prefix(count);
  }
}

void DumpOutput::print(const char* format, ...) {
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  const int length = std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  if (length > 0) text({line, std::min(static_cast<size_t>(length), sizeof line - 1)});
}

void DumpOutput::term(Term term) { text(term_text(term)); }

void DumpOutput::base64(ByteSpan bytes) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    uint32_t bits = 0;
    for (size_t k = 0; k < 3; ++k) bits = bits << 8 | (k < count ? bytes[i + k] : 0u);
    for (size_t k = 0; k < 4; ++k) byte(k <= count ? kDigits[bits >> (18 - 6 * k) & 63] : '=');
  }
}

}  // namespace joist
