// Shared objects loaded at run time (NIFs, FFI).
#pragma once

#include <string>

#include "vm/base/result.h"

namespace joist {

// Unloads the object when destroyed: nothing of it may run or be referred to after that.
class DynLib {
 public:
  // The error is the dynamic linker's own text, as erlang:load_nif/2 shows it.
  static Result<DynLib> open(const std::string& path);

  ~DynLib();
  DynLib(DynLib&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  DynLib& operator=(DynLib&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }

  // Null if there is no such symbol.
  void* symbol(const char* name) const;

 private:
  explicit DynLib(void* handle) : handle_(handle) {}

  void* handle_;
};

}  // namespace joist
