// What the machine and its operating system call themselves.
#pragma once

#include <string>

namespace joist {

struct Host {
  std::string system;        // "linux"
  std::string architecture;  // GNU triplet: "x86_64-pc-linux-gnu"
  int version[3];            // of the system's kernel; parts that it does not have are 0
};

// Neither changes while the system runs: asked once.
const Host& host();

}  // namespace joist
