#include "vm/os/dynlib.h"

#include <dlfcn.h>

namespace joist {

Result<DynLib> DynLib::open(const std::string& path) {
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* reason = dlerror();
    return Error{reason != nullptr ? reason : path + ": cannot be loaded"};
  }
  return DynLib(handle);
}

DynLib::~DynLib() {
  if (handle_ != nullptr) dlclose(handle_);
}

void* DynLib::symbol(const char* name) const { return dlsym(handle_, name); }

}  // namespace joist
