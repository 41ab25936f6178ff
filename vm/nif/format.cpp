#include "vm/nif/format.h"

#include <cstdint>
#include <cstdio>
#include <cstring>

#include "vm/nif/abi.h"
#include "vm/term/print.h"

namespace joist {

namespace {

template <typename Value>
void append_one(std::string& text, const std::string& conversion, Value value) {
  const int length = snprintf(nullptr, 0, conversion.c_str(), value);
  if (length <= 0) return;
  const size_t before = text.size();
  text.resize(before + static_cast<size_t>(length) + 1);
  snprintf(text.data() + before, static_cast<size_t>(length) + 1, conversion.c_str(), value);
  text.pop_back();
}

}  // namespace

std::string formatted(const char* format, va_list given) {
  va_list arguments;
  va_copy(arguments, given);
  std::string text;
  while (*format != 0) {
    if (*format != '%') {
      text.push_back(*format++);
      continue;
    }
    // Flags, width, precision and length as they are, but for numbers that are arguments.
    std::string conversion(1, *format++);
    int longs = 0;
    while (*format != 0 && strchr("-+ #0123456789.*hlqjzt", *format) != nullptr) {
      if (*format == '*') {
        conversion += std::to_string(va_arg(arguments, int));
      } else {
        conversion.push_back(*format);
      }
      longs += strchr("lqjzt", *format) != nullptr;
      ++format;
    }
    const char kind = *format;
    if (kind == 0) break;
    ++format;
    conversion.push_back(kind);
    if (kind == '%') {
      text.push_back('%');
    } else if (kind == 'T') {
      print_term(text, term_of(va_arg(arguments, Word)));
    } else if (kind == 's') {
      append_one(text, conversion, va_arg(arguments, const char*));
    } else if (kind == 'p') {
      append_one(text, conversion, va_arg(arguments, void*));
    } else if (strchr("eEfFgGaA", kind) != nullptr) {
      append_one(text, conversion, va_arg(arguments, double));
    } else if (longs != 0) {
      append_one(text, conversion, va_arg(arguments, long));
    } else {
      append_one(text, conversion, va_arg(arguments, int));
    }
  }
  va_end(arguments);
  return text;
}

}  // namespace joist
