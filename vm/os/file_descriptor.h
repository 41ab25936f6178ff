// Open files, as prim_file needs them. Transfers go on until everything is done, the file ends, or
// there is an error; interrupted calls are repeated.
#pragma once

#include <cstdint>
#include <span>

#include "vm/base/bytes.h"
#include "vm/os/file_system.h"

namespace joist {

namespace open_mode {
inline constexpr uint32_t kRead = 1;
inline constexpr uint32_t kWrite = 2;  // alone: empties the file
inline constexpr uint32_t kAppend = 4;
inline constexpr uint32_t kExclusive = 8;
inline constexpr uint32_t kSync = 16;
inline constexpr uint32_t kAnyType = 32;  // directories, too
inline constexpr uint32_t kDirectory = 64;
}  // namespace open_mode

PosixError open_file(const char* path, uint32_t modes, int* descriptor);
// The descriptor is closed in any case.
PosixError close_file(int descriptor);
bool is_open(int descriptor);

struct Transfer {
  int64_t bytes;  // -1: error
  PosixError error;
};
Transfer read_file_bytes(int descriptor, uint8_t* to, size_t count);
Transfer read_file_bytes_at(int descriptor, int64_t offset, uint8_t* to, size_t count);
// None of the pieces is empty.
Transfer write_pieces(int descriptor, std::span<const ByteSpan> pieces);
// The same, waiting where the descriptor itself does not.
Transfer write_pieces_waiting(int descriptor, std::span<const ByteSpan> pieces);
Transfer write_pieces_at(int descriptor, int64_t offset, std::span<const ByteSpan> pieces);

enum class SeekOrigin : uint8_t { kBegin, kCurrent, kEnd };
PosixError seek_file(int descriptor, SeekOrigin origin, int64_t offset, int64_t* position);
PosixError sync_file(int descriptor, bool data_only);
// Ends the file where it is to be read or written next.
PosixError truncate_file(int descriptor);
PosixError allocate_file(int descriptor, int64_t offset, int64_t length);
enum class Advice : uint8_t { kNormal, kRandom, kSequential, kWillNeed, kDontNeed, kNoReuse };
PosixError advise_file(int descriptor, int64_t offset, int64_t length, Advice advice);
// Access is what the mode bits give to the user that runs the VM.
PosixError read_descriptor_info(int descriptor, FileInfo* info);

}  // namespace joist
