// The C interface of drivers as compiled code sees it: what lies where in the structures that both
// sides touch (https://www.erlang.org/doc/man/driver_entry, .../erl_driver). Libraries compiled
// against erl_driver.h of OTP 25 to 29 load unchanged, so nothing here may move. What it shares
// with erl_nif.h (monitors, threads, versions) is in vm/nif/abi.h.
#pragma once

#include <sys/types.h>

#include "vm/nif/abi.h"
#include "vm/term/boxed.h"

namespace joist::abi {

// A port as drivers know it: the word of its identifier, which a later port does not have.
using PortHandle = Word;
inline constexpr PortHandle kNoPort = ~Word{0};

// A buffer is to a driver its size and its bytes: the end of a Binary, and what follows that.
struct DriverBinary {
  int64_t size;
  char bytes[];
};
static_assert(offsetof(Binary, capacity) + sizeof(DriverBinary) == sizeof(Binary));

// Only of one whose bytes lie right behind it.
inline bool has_bytes_behind(const Binary& binary) {
  return binary.bytes == reinterpret_cast<const uint8_t*>(&binary + 1);
}
inline DriverBinary* driver_binary(Binary& binary) {
  return reinterpret_cast<DriverBinary*>(&binary.capacity);
}
inline Binary* binary_of(DriverBinary* binary) {
  return reinterpret_cast<Binary*>(reinterpret_cast<char*>(binary) - offsetof(Binary, capacity));
}

struct IoVector {
  int count;
  size_t size;
  iovec* vector;
  DriverBinary** binaries;  // null where the bytes are somebody else's
};

struct DriverEntry {
  int (*init)();
  void* (*start)(PortHandle port, char* command);
  void (*stop)(void* data);
  void (*output)(void* data, char* bytes, size_t size);
  void (*ready_input)(void* data, void* event);
  void (*ready_output)(void* data, void* event);
  char* name;
  void (*finish)();
  void* reserved;
  ssize_t (*control)(void* data, unsigned operation, char* bytes, size_t size, char** reply,
                     size_t room);
  void (*timeout)(void* data);
  void (*outputv)(void* data, IoVector* vector);
  void (*ready_async)(void* data, void* job);
  void (*flush)(void* data);
  ssize_t (*call)(void* data, unsigned operation, char* bytes, size_t size, char** reply,
                  size_t room, unsigned* flags);
  void (*unused)();
  int marker;
  int major;
  int minor;
  int flags;
  void* reserved_too;
  void (*process_exit)(void* data, Monitor* monitor);
  void (*stop_select)(void* event, void* reserved);
  void (*emergency_close)(void* data);  // from 3.2 on
};

inline constexpr int kDriverMarker = static_cast<int>(0xfeeeeeed);
inline constexpr int kLeastDriverMajor = 2;

enum DriverFlags : int {
  kUsePortLocking = 1,
  kSoftBusy = 2,
  kNoBusyQueue = 4,
  kUseInitAck = 8,
};

// What `start` returns where it fails.
enum StartError : intptr_t { kGeneralError = -1, kErrnoError = -2, kBadArgument = -3 };

enum PortControlFlags : int { kControlBinary = 1 };
enum PortFlags : int { kPortBinary = 1, kPortLine = 2 };
inline constexpr unsigned kCallKeepsBuffer = 1;

// Modes of driver_select.
enum SelectMode : int { kDrvRead = 1, kDrvWrite = 2, kDrvUse = 4, kDrvUseNoCallback = 12 };

inline constexpr size_t kBusyDisabled = ~size_t{0};

// What a term is described by for erl_drv_output_term and its kin: a tag and its arguments each.
enum TermTag : Word {
  kTagNil = 1,
  kTagAtom,        // atom
  kTagInt,         // signed word
  kTagPort,        // port
  kTagBinary,      // DriverBinary*, size, offset
  kTagString,      // char*, length
  kTagTuple,       // size
  kTagList,        // elements and the tail
  kTagStringCons,  // char*, length
  kTagPid,         // pid
  kTagFloat,       // double*
  kTagExternal,    // char*, size
  kTagUnsigned,    // word
  kTagBytes,       // char*, size
  kTagInt64,       // int64_t*
  kTagUnsigned64,  // uint64_t*
  kTagMap,         // pairs
};

struct NowData {
  unsigned long megaseconds;
  unsigned long seconds;
  unsigned long microseconds;
};

}  // namespace joist::abi
