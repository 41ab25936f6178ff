#include "vm/os/environment.h"

#include <unistd.h>

namespace joist {

int64_t os_process_id() { return getpid(); }

Environment::Environment() {
  const MutexLock lock(mutex_);
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string text = *variable;
    const size_t equals = text.find('=');
    if (equals != std::string::npos) {
      variables_.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
}

std::optional<std::string> Environment::get(const std::string& name) const {
  const MutexLock lock(mutex_);
  const auto found = variables_.find(name);
  if (found == variables_.end()) return std::nullopt;
  return found->second;
}

void Environment::set(const std::string& name, const std::string& value) {
  const MutexLock lock(mutex_);
  variables_[name] = value;
}

void Environment::unset(const std::string& name) {
  const MutexLock lock(mutex_);
  variables_.erase(name);
}

std::vector<std::string> Environment::all() const {
  const MutexLock lock(mutex_);
  std::vector<std::string> lines;
  lines.reserve(variables_.size());
  for (const auto& [name, value] : variables_) lines.push_back(name + "=" + value);
  return lines;
}

}  // namespace joist
