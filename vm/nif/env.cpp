#include "vm/nif/env.h"

#include <cstdlib>

namespace joist {

uint8_t* NifEnv::copy_space(size_t count) {
  constexpr size_t kPrefix = 16;
  void* memory = malloc(kPrefix + count);
  if (memory == nullptr) return nullptr;
  auto* copy = static_cast<Copy*>(memory);
  copy->next = copies;
  copies = copy;
  return static_cast<uint8_t*>(memory) + kPrefix;
}

void NifEnv::drop_copies() {
  while (copies != nullptr) {
    Copy* next = copies->next;
    free(copies);
    copies = next;
  }
}

}  // namespace joist
