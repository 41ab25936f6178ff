#include "vm/os/entropy.h"

#include <sys/random.h>

#include <cerrno>
#include <cstring>

#include "vm/base/check.h"

namespace joist {

uint64_t Entropy::seed() {
  uint8_t bytes[sizeof(uint64_t)];
  fill(bytes);
  uint64_t value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

void SystemEntropy::fill(std::span<uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = getrandom(bytes.data(), bytes.size(), 0);
    if (count < 0) {
      if (errno == EINTR) continue;
      fatal("the system gives no random bytes: %s", strerror(errno));
    }
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
}

}  // namespace joist
