// The C interface of NIF libraries as compiled code sees it: what lies where in the structures that
// both sides touch (https://www.erlang.org/doc/man/erl_nif). Libraries compiled against erl_nif.h
// of OTP 25 to 29 load unchanged, so nothing here may move.
//
// A term is a word to libraries, opaque but for its identity; an environment is a pointer.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>

#include "vm/term/term.h"

namespace joist {

struct NifEnv;           // vm/nif/env.h
struct NifResourceType;  // vm/nif/resource.h

namespace abi {

inline constexpr int kNifMajor = 2;
inline constexpr int kDriverMajor = 3;
inline constexpr int kDriverMinor = 3;
inline constexpr const char* kVmVariant = "beam.vanilla";

// The minor version that the release's own libraries are compiled for.
constexpr int nif_minor(int otp_release) {
  return otp_release < 26 ? 16 : otp_release < 29 ? 17 : 18;
}

using NifFunction = Word (*)(NifEnv*, int argc, const Word argv[]);

struct NifFunc {
  const char* name;
  unsigned arity;
  NifFunction function;
  unsigned flags;  // from interface 2.7 on
};
// Before 2.7.
struct OldNifFunc {
  const char* name;
  unsigned arity;
  NifFunction function;
};
enum DirtyFlags : unsigned { kDirtyCpuBound = 1, kDirtyIoBound = 2 };

struct NifEntry {
  int major;
  int minor;
  const char* name;
  int function_count;
  NifFunc* functions;
  int (*load)(NifEnv*, void** priv_data, Word load_info);
  int (*reload)(NifEnv*, void** priv_data, Word load_info);
  int (*upgrade)(NifEnv*, void** priv_data, void** old_priv_data, Word load_info);
  void (*unload)(NifEnv*, void* priv_data);
  const char* vm_variant;            // from 2.1 on
  unsigned options;                  // from 2.7 on
  size_t sizeof_resource_type_init;  // from 2.12 on
  const char* min_erts;              // from 2.14 on
};

struct NifBinary {
  size_t size;
  uint8_t* data;
  void* owned;     // a Binary that the library has; null: the bytes are somebody else's
  void* spare[2];  // [0]: the term that was inspected
};

struct NifPid {
  Word pid;
};
struct NifPort {
  Word port;
};

struct Monitor {
  uint64_t id;
  uint64_t spare[3];
};
static_assert(sizeof(Monitor) == 4 * sizeof(void*));

using ResourceDtor = void(NifEnv*, void* object);
using ResourceStop = void(NifEnv*, void* object, int event, int is_direct_call);
using ResourceDown = void(NifEnv*, void* object, NifPid*, Monitor*);
using ResourceDynCall = void(NifEnv*, void* object, void* call_data);

struct ResourceTypeInit {
  ResourceDtor* dtor;
  ResourceStop* stop;
  ResourceDown* down;
  int members;  // with this one the caller says how many of the callbacks count
  ResourceDynCall* dyncall;
};

enum ResourceFlags : int { kResourceCreate = 1, kResourceTakeover = 2 };

enum SelectFlags : int {
  kSelectRead = 1,
  kSelectWrite = 2,
  kSelectStop = 4,
  kSelectCancel = 8,
  kSelectCustomMessage = 16,
  kSelectError = 32,
};
enum SelectResult : int {
  kStopCalled = 1,
  kStopScheduled = 2,
  kInvalidEvent = 4,
  kSelectFailed = 8,
  kReadCancelled = 16,
  kWriteCancelled = 32,
  kErrorCancelled = 64,
  kSelectNotSupported = 128,
};

enum CharEncoding : int { kLatin1 = 1, kUtf8 = 2 };

struct MapIterator {
  Word map;
  Word size;
  Word index;  // 0: before the first pair; size + 1: behind the last
  void* pairs;
  void* unused;
  void* spare[2];
};
static_assert(sizeof(MapIterator) == 7 * sizeof(void*));

enum UniqueInteger : int { kUniquePositive = 1, kUniqueMonotonic = 2 };
enum Hash : int { kInternalHash = 1, kPhash2 = 2 };
inline constexpr unsigned kBinaryToTermSafe = 0x20000000;

struct IoVec {
  static constexpr int kSmall = 16;
  int count;
  size_t size;
  iovec* vector;
  void** binaries;
  int flags;
  iovec small_vector[kSmall];
  void* small_binaries[kSmall];
};

enum class TermType : int {
  kAtom = 1,
  kBitstring,
  kFloat,
  kFun,
  kInteger,
  kList,
  kMap,
  kPid,
  kPort,
  kReference,
  kTuple,
};

enum TimeUnit : int { kSecond, kMillisecond, kMicrosecond, kNanosecond };

struct ThreadOptions {
  int suggested_stack_size;
};

struct SystemInfo {
  int driver_major_version;
  int driver_minor_version;
  char* erts_version;
  char* otp_release;
  int thread_support;
  int smp_support;
  int async_threads;
  int scheduler_threads;
  int nif_major_version;
  int nif_minor_version;
  int dirty_scheduler_support;
};

}  // namespace abi

inline Term term_of(Word word) { return Term::from_bits(word); }

}  // namespace joist
