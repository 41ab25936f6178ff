#include "tools/erl/allocator_flags.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <initializer_list>
#include <span>

namespace joist::erl {

namespace {

enum class Value {
  kBoolean,
  kTrue,  // and nothing else
  kAmount,
  kKilobytes,
  kMegabytes,
  kShiftedKilobytes,  // fit in an int as bytes
  kPercent,           // or "de": as it is where it is enabled by default
  kStrategy,
  kCarrierPool,
  kEnabled,
  kPhysicalMemory,
  kInstances,
  kAll,  // what all allocators are like
  kAnything,
};

struct Option {
  std::string_view name;
  Value value;
  bool migrates = false;  // of allocators whose carriers may go to others
};

// Longer names before those they begin with. Of one allocator:
constexpr Option kOptions[] = {
    {"acul", Value::kPercent, true}, {"acnl", Value::kAmount, true},
    {"acfml", Value::kAmount, true}, {"acful", Value::kPercent, true},
    {"asbcst", Value::kKilobytes},   {"as", Value::kStrategy},
    {"atags", Value::kBoolean},      {"cp", Value::kCarrierPool, true},
    {"e", Value::kEnabled},          {"lmbcs", Value::kKilobytes},
    {"mbcgs", Value::kAmount},       {"mbsd", Value::kAmount},
    {"mmbcs", Value::kKilobytes},    {"mmmbc", Value::kAmount},
    {"mmsbc", Value::kAmount},       {"rsbcmt", Value::kAmount},
    {"rsbcst", Value::kAmount},      {"rmbcmt", Value::kAmount},
    {"ramv", Value::kBoolean},       {"sbct", Value::kKilobytes},
    {"smbcs", Value::kKilobytes},    {"t", Value::kBoolean},
};
// Of what gives memory to them, of all of them, and of all of the emulator.
constexpr Option kOthers[] = {
    {"MIscs", Value::kMegabytes},
    {"MMamcbf", Value::kKilobytes},
    {"MMrmcbf", Value::kAmount},
    {"MMmcs", Value::kAmount},
    {"MMscs", Value::kMegabytes},
    {"MMsco", Value::kBoolean},
    {"MMscrpm", Value::kBoolean},
    {"MMscrfsd", Value::kAmount},
    {"MYtt", Value::kShiftedKilobytes},
    {"MYtp", Value::kShiftedKilobytes},
    {"MYm", Value::kAnything},
    {"MYe", Value::kTrue},
    {"Mea", Value::kAll},
    {"Mlpm", Value::kPhysicalMemory},
    {"Mdai", Value::kInstances},
    {"Muycs", Value::kKilobytes},
    {"Mummc", Value::kAmount},
    {"Musac", Value::kBoolean},
};
constexpr std::string_view kAllocators = "BIDEFHLRSTZu";
constexpr size_t kPrefix = 2;  // "MB"

// Literals and temporary data: cannot be disabled, carriers stay.
bool is_special(char allocator) { return allocator == 'I' || allocator == 'T'; }

const Option* find(std::span<const Option> options, std::string_view text) {
  const auto place = std::find_if(options.begin(), options.end(),
                                  [&](const Option& o) { return text.starts_with(o.name); });
  return place == options.end() ? nullptr : &*place;
}

const Option* find_of_one(std::string_view word) {
  if (word.size() <= kPrefix || kAllocators.find(word[1]) == std::string_view::npos) return nullptr;
  const Option* option = find(kOptions, word.substr(kPrefix));
  return option != nullptr && option->migrates && is_special(word[1]) ? nullptr : option;
}

// How much of a word without an option OTP has understood.
size_t understood(std::string_view word) {
  if (word.size() < kPrefix) return 1;
  return kAllocators.find(word[1]) != std::string_view::npos ||
                 std::string_view("MYld").find(word[1]) != std::string_view::npos
             ? kPrefix
             : 1;
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> all) {
  return std::find(all.begin(), all.end(), text) != all.end();
}

// As far as it is a number: "12x" is 12.
bool is_amount(const std::string& text, int64_t most) {
  const char* begin = text.c_str();
  begin += *begin == '+' ? 1 : 0;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(begin, text.c_str() + text.size(), value);
  return error == std::errc() && end != begin && value >= 0 && value <= most;
}

bool is_strategy(char allocator, std::string_view text) {
  return is_one_of(text, {"bf", "aobf", "gf", "af", "aoff", "aoffcbf", "aoffcaobf", "ageffcaoff",
                          "ageffcbf", "ageffcaobf"}) ||
         (allocator == 'Z' && text == "chaosff");
}

bool is_carrier_pool(std::string_view text) {
  return text.size() == 1 && std::string_view("BDEFHLRS@:").find(text[0]) != std::string_view::npos;
}

bool is_right(const Option& option, char allocator, const std::string& value) {
  constexpr int64_t kMostKilobytes = int64_t{1} << 54;
  constexpr int64_t kMostMegabytes = int64_t{1} << 44;
  const bool is_boolean = is_one_of(value, {"true", "false"});
  switch (option.value) {
    case Value::kBoolean:
      return is_boolean && !(option.name == "t" && allocator == 'I' && value == "true");
    case Value::kEnabled:
      return is_boolean && !(is_special(allocator) && value == "false");
    case Value::kTrue:
      return value == "true";
    case Value::kAmount:
      return is_amount(value, INT64_MAX);
    case Value::kKilobytes:
      return is_amount(value, kMostKilobytes);
    case Value::kMegabytes:
      return is_amount(value, kMostMegabytes);
    case Value::kShiftedKilobytes:
      return is_amount(value, INT32_MAX / 1024);
    case Value::kPercent:
      return value == "de" || is_amount(value, 100);
    case Value::kStrategy:
      return is_strategy(allocator, value);
    case Value::kCarrierPool:
      return is_carrier_pool(value);
    case Value::kPhysicalMemory:
      return is_one_of(value, {"all", "no"});
    case Value::kInstances:
      return value == "max" || is_amount(value, INT64_MAX);
    case Value::kAll:
      return is_one_of(value, {"min", "max", "config", "r9c", "r10b", "r11b"});
    case Value::kAnything:
      return true;
  }
  return false;
}

std::string quoted(std::string_view word, size_t length) {
  return "\"" + std::string(word.substr(0, length)) + "\"";
}

}  // namespace

Result<size_t> allocator_option_length(std::string_view word) {
  if (const Option* option = find(kOthers, word)) return option->name.size();
  if (const Option* option = find_of_one(word)) return kPrefix + option->name.size();
  return make_error("bad %s parameter", quoted(word, understood(word)).c_str());
}

Result<void> check_allocator_value(std::string_view word, const std::string& value) {
  const Option* option = find(kOthers, word);
  const size_t before = option != nullptr ? 0 : kPrefix;
  if (option == nullptr) option = find_of_one(word);
  if (option == nullptr || is_right(*option, word[1], value)) return {};
  if (option->value == Value::kAll) {
    return make_error("bad %s parameter", quoted(word, option->name.size()).c_str());
  }
  // OTP names a strategy by its first letter alone.
  const size_t length = option->value == Value::kStrategy ? 1 : option->name.size();
  return make_error("bad %s value: %s", quoted(word, before + length).c_str(), value.c_str());
}

}  // namespace joist::erl
