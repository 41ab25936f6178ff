// Byte streams of the OS by descriptor: pipes, terminals, sockets. Nothing here blocks on a
// descriptor that is set non-blocking; interrupted calls are repeated.
#pragma once

#include <cstdint>
#include <span>

#include "vm/base/bytes.h"

namespace joist {

struct StreamResult {
  int64_t bytes;  // -1: see error; of a read, 0: the stream has ended
  int error;

  // Nothing was done because it would have to wait.
  bool must_wait() const;
};

StreamResult read_stream(int descriptor, uint8_t* to, size_t count);
inline constexpr size_t kMostPieces = 64;
// Writes a part of the pieces, of which there are at most kMostPieces.
StreamResult write_stream(int descriptor, std::span<const ByteSpan> pieces);
void close_stream(int descriptor);

// Whether waiting is left to the caller; belongs to what the descriptor refers to, which other
// descriptors and other OS processes may refer to as well.
void set_blocking(int descriptor, bool blocking);

enum class StreamKind : uint8_t {
  kFile,  // or another that never waits for long
  kTerminal,
  kOther,  // pipes, sockets
  kNone,   // no open descriptor
};
StreamKind stream_kind(int descriptor);
// Opens the terminal that `descriptor` refers to anew under the same number, so that setting it
// non-blocking is no concern of others. False: that is not allowed.
bool reopen_terminal(int descriptor);
bool window_size(int descriptor, uint32_t* columns, uint32_t* rows);

// Both ends are closed in programs that this one turns into.
struct PipeEnds {
  int read;
  int write;
};
int open_pipe(PipeEnds* ends);             // the error, or 0
int duplicate(int descriptor, int* copy);  // the error, or 0
int check_executable(const char* path);    // the error, or 0
int open_plain_file(const char* path, bool read, bool write, int* descriptor);

// Opens what is closed of standard input, output and error as the null device: else the next file
// would take the number, and what is written to the stream would end up in it.
void open_standard_streams();

// A write to a stream that nobody reads is an error of that write, not the end of the VM.
void ignore_broken_pipes();

}  // namespace joist
