// Errors of the host world (files, chunks, arguments), by value: a function that can fail
// returns Result<T>. Errors of the Erlang world (badarg and its kin) never travel here: see
// vm/proc/native.h.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "vm/base/check.h"

namespace joist {

struct Error {
  std::string text;  // one line, no trailing newline, names the thing that is wrong
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() {
    JOIST_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const {
    JOIST_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  T take() { return std::move(value()); }
  const Error& error() const {
    JOIST_CHECK(!ok());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  void take() const { JOIST_CHECK(ok()); }
  const Error& error() const {
    JOIST_CHECK(error_.has_value());
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

// printf into an Error.
[[gnu::format(printf, 1, 2)]] Error make_error(const char* format, ...);

}  // namespace joist

// `auto x = JOIST_TRY(f());` yields the value of f() or returns its error from this function.
#define JOIST_TRY(expression)                          \
  ({                                                   \
    auto joist_try_result = (expression);              \
    if (!joist_try_result.ok()) [[unlikely]]           \
      return ::joist::Error(joist_try_result.error()); \
    joist_try_result.take();                           \
  })
