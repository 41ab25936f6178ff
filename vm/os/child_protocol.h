// What the VM and the program that starts children for it (tools/joist-forker.cpp) say to each
// other over a socket that keeps messages apart. That program is small and has one thread, so that
// a large VM need not fork itself, and it is the parent that child processes report to.
//
//   VM      -> ChildRequest, with 4 descriptors: what the child reads, writes, its standard error,
//              and a file with strings, each ended by a zero byte:
//                command, current folder, wanted folder, environment..., arguments...
//   forker  -> ChildReport: started (or not), and, if that was asked for, exited
//
// When the VM's end of the socket is closed the forker ends; children go on.
#pragma once

#include <cstdint>

namespace joist {

namespace child_flags {
inline constexpr uint32_t kUsesStdio = 1;     // 0 and 1, otherwise 3 and 4
inline constexpr uint32_t kReads = 2;         // the child has something to read
inline constexpr uint32_t kWrites = 4;        // the child has somewhere to write to
inline constexpr uint32_t kIsExecutable = 8;  // with arguments; otherwise a command for the shell
inline constexpr uint32_t kTellsExit = 16;
inline constexpr uint32_t kHasFolder = 32;
}  // namespace child_flags

struct ChildRequest {
  uint64_t id;  // the VM's, for the reports
  uint32_t flags;
  uint32_t text_bytes;
  uint32_t environment_count;
  uint32_t argument_count;
};
inline constexpr int kChildDescriptors = 4;

struct ChildReport {
  enum Kind : int32_t { kStarted, kNotStarted, kExited };
  uint64_t id;
  Kind kind;
  int32_t value;  // process id; error; exit status, or 128 and the signal
};

// The forker finds its end of the socket there.
inline constexpr int kForkerSocket = 3;
inline constexpr const char* kForkerProgram = "joist-forker";  // beside the VM's own program

}  // namespace joist
