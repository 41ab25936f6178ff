// Memory for code made at run time, mapped twice: writable at one address, executable at another,
// so that no page is ever both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace joist {

class CodeMemory {
 public:
  CodeMemory() = default;
  ~CodeMemory();
  CodeMemory(const CodeMemory&) = delete;
  CodeMemory& operator=(const CodeMemory&) = delete;

  // What map() asks of the system for the whole OS process. While there is one thread this takes no
  // time; later the system waits for all processors, up to tens of milliseconds. False: it has no
  // such thing.
  static bool prepare();

  // Maps `bytes`, executable within two gigabytes of `near`, which is code, and of all that lies
  // within a quarter of one around it. False: the system has no such place, or does not allow it;
  // then size() is 0. Once only.
  bool map(size_t bytes, const void* near);

  // The memory for writing is given back to the system at once: what counts is the other view.
  void write(size_t offset, std::span<const uint8_t> code) const;

  // To be called between writing and whatever makes that code run: no processor has any longer
  // what it read there before.
  void synchronize() const;

  size_t size() const { return size_; }
  const uint8_t* executable() const { return executable_; }
  bool contains(uintptr_t address) const {
    return address - reinterpret_cast<uintptr_t>(executable_) < size_;
  }

 private:
  uint8_t* writable_ = nullptr;
  uint8_t* executable_ = nullptr;
  size_t size_ = 0;
};

}  // namespace joist
