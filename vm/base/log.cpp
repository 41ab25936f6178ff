#include "vm/base/log.h"

#define SPDLOG_NO_EXCEPTIONS
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <cstdio>

namespace joist {

namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kOff:
      break;
  }
  return spdlog::level::off;
}

}  // namespace

struct Log::Sink {
  spdlog::logger logger{"joist", std::make_shared<spdlog::sinks::stderr_sink_mt>()};
};

Log::Log(LogLevel lowest_written) : sink_(std::make_unique<Sink>()) {
  sink_->logger.set_level(spdlog_level(lowest_written));
  sink_->logger.set_pattern("%n: %l: %v");
}

Log::~Log() = default;

void Log::write(LogLevel level, const char* format, va_list arguments) {
  if (!sink_->logger.should_log(spdlog_level(level))) return;
  char text[1024];
  std::vsnprintf(text, sizeof text, format, arguments);
  sink_->logger.log(spdlog_level(level), spdlog::string_view_t(text));
}

#define JOIST_LOG_FUNCTION(name, level)     \
  void Log::name(const char* format, ...) { \
    va_list arguments;                      \
    va_start(arguments, format);            \
    write(level, format, arguments);        \
    va_end(arguments);                      \
  }

JOIST_LOG_FUNCTION(debug, LogLevel::kDebug)
JOIST_LOG_FUNCTION(info, LogLevel::kInfo)
JOIST_LOG_FUNCTION(warning, LogLevel::kWarning)
JOIST_LOG_FUNCTION(error, LogLevel::kError)

#undef JOIST_LOG_FUNCTION

}  // namespace joist
