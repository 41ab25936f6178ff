// The options of OTP's allocators (+M...), checked as OTP checks them. They have no effect: Joist
// has one allocator, which has none of these options.
#pragma once

#include <string>
#include <string_view>

#include "vm/base/result.h"

namespace joist::erl {

// The flag "MBas" is the option `as` of the allocator B; what follows the option in the same word,
// if anything does, is its value. The number of characters before the value; the error says that
// there is no such option.
Result<size_t> allocator_option_length(std::string_view word);

// Of a word that has an option. The error says what erl says of the value.
Result<void> check_allocator_value(std::string_view word, const std::string& value);

}  // namespace joist::erl
