// The one source of unpredictable bytes: seeds, cookies, hash salts. The Vm owns one and hands it
// down, so that a deterministic run can supply its own.
#pragma once

#include <cstdint>
#include <span>

namespace joist {

class Entropy {
 public:
  virtual ~Entropy() = default;

  virtual void fill(std::span<uint8_t> bytes) = 0;

  uint64_t seed();
};

class SystemEntropy final : public Entropy {
 public:
  void fill(std::span<uint8_t> bytes) override;
};

}  // namespace joist
