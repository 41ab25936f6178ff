// The VM's own log: what it has to say to its operator, never what Erlang code prints. One line a
// message on standard error. Safe to call from any thread. Only log.cpp includes spdlog.
#pragma once

#include <cstdarg>
#include <memory>

namespace joist {

enum class LogLevel { kDebug, kInfo, kWarning, kError, kOff };

class Log {
 public:
  explicit Log(LogLevel lowest_written = LogLevel::kWarning);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  [[gnu::format(printf, 2, 3)]] void debug(const char* format, ...);
  [[gnu::format(printf, 2, 3)]] void info(const char* format, ...);
  [[gnu::format(printf, 2, 3)]] void warning(const char* format, ...);
  [[gnu::format(printf, 2, 3)]] void error(const char* format, ...);

 private:
  struct Sink;
  [[gnu::format(printf, 3, 0)]] void write(LogLevel level, const char* format, va_list arguments);

  std::unique_ptr<Sink> sink_;
};

}  // namespace joist
