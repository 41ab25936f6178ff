// The VM's environment variables: a copy of the OS process's, taken at the start. `os:putenv`
// changes the copy and child processes get it; libc's own `environ` cannot be changed safely while
// other threads (NIFs among them) read it. Names and values are bytes. Safe from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "vm/base/sync.h"

namespace joist {

// The number by which the OS knows this process.
int64_t os_process_id();

class Environment {
 public:
  // Starts as the OS process's variables.
  Environment();

  std::optional<std::string> get(const std::string& name) const JOIST_EXCLUDES(mutex_);
  void set(const std::string& name, const std::string& value) JOIST_EXCLUDES(mutex_);
  void unset(const std::string& name) JOIST_EXCLUDES(mutex_);
  // "NAME=value" for each variable, by name.
  std::vector<std::string> all() const JOIST_EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  std::map<std::string, std::string> variables_ JOIST_GUARDED_BY(mutex_);
};

}  // namespace joist
