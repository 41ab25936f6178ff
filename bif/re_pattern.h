// Compiled regular expressions: how a pattern is written down, and the cache that holds the
// compiled forms.
//
// Up to OTP 27 a pattern is a term that can be sent and stored: {re_pattern, Groups, Unicode,
// UseCrlf, Binary}. Here the binary is the pattern's source with its options,
//
//   "ERCP" | version 1 | dialect | newline | \R | options:32 | length:32 of the source | source
//
// and also the key under which RegexCache keeps what PCRE2 made of it. So the same form serves
// re:run/3 with a pattern as text, which then compiles once and not in every call. From OTP 28
// on the term holds a magic reference to the compiled form itself (Magic<RegexRef>).
//
// Life of a Regex: the cache and everybody who uses it hold a reference. The cache drops those
// used longest ago when their sizes pass kRegexCacheBytes; one that is in use lives on.
// Code for the processor is made when a pattern has proved worth it (kUsesBeforeJit), on a copy
// that is then published, because others may be matching with the original.
#pragma once

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <atomic>
#include <string>
#include <unordered_map>

#include "vm/base/bytes.h"
#include "vm/base/containers.h"
#include "vm/base/sync.h"
#include "vm/term/boxed.h"

namespace joist {

inline constexpr size_t kRegexCacheBytes = size_t{16} << 20;
inline constexpr uint32_t kUsesBeforeJit = 4;
inline constexpr size_t kSubjectWorthJit = 2048;  // bytes

// Which PCRE the release has: what a pattern means to it.
enum class RegexDialect : uint8_t { kPcre8 = 1, kPcre2 = 2 };
RegexDialect current_regex_dialect();

struct RegexSource {
  RegexDialect dialect;
  uint8_t newline = 0;   // PCRE2_NEWLINE_*; 0: the default
  uint8_t bsr = 0;       // PCRE2_BSR_*; 0: the default
  uint32_t options = 0;  // PCRE2_* for pcre2_compile
  std::string_view text;
};
inline constexpr size_t kRegexHeaderBytes = 16;
inline size_t encoded_regex_size(const RegexSource& source) {
  return kRegexHeaderBytes + source.text.size();
}
void encode_regex(const RegexSource& source, uint8_t* to);
// false: no such encoding. The text refers to `bytes`.
bool decode_regex(ByteSpan bytes, RegexSource* source);

struct RegexError {
  int code;  // of PCRE2
  size_t offset;
};

struct Regex : ListNode<> {
  std::atomic<uint32_t> references{1};
  std::atomic<uint32_t> uses{0};
  std::atomic<pcre2_code*> jit{nullptr};  // the copy that runs on the processor
  std::atomic<bool> jit_refused{false};
  pcre2_code* code = nullptr;
  std::string key;
  size_t bytes = 0;  // that the cache counts for it
  uint32_t groups = 0;
  uint32_t newline = 0;  // as compiled, from the pattern itself perhaps
  uint32_t bsr = 0;
  uint32_t options = 0;
  bool anchored = false;  // by its options or by itself: it begins at the offset, if at all
  RegexDialect dialect = RegexDialect::kPcre8;

  void retain() { references.fetch_add(1, std::memory_order_relaxed); }
  void release();
};

class RegexRef {
 public:
  RegexRef() = default;
  explicit RegexRef(Regex* regex) : regex_(regex) {}  // takes over a reference
  RegexRef(RegexRef&& other) : regex_(other.take()) {}
  RegexRef& operator=(RegexRef&& other) {
    if (regex_ != nullptr) regex_->release();
    regex_ = other.take();
    return *this;
  }
  ~RegexRef() {
    if (regex_ != nullptr) regex_->release();
  }
  Regex* operator->() const { return regex_; }
  Regex& operator*() const { return *regex_; }
  explicit operator bool() const { return regex_ != nullptr; }
  RegexRef copy() const {
    regex_->retain();
    return RegexRef(regex_);
  }
  Regex* take() {
    Regex* taken = regex_;
    regex_ = nullptr;
    return taken;
  }

 private:
  Regex* regex_ = nullptr;
};

// What a match needs besides the pattern; made rarely, used again.
struct RegexScratch {
  pcre2_match_data* data = nullptr;
  pcre2_match_context* context = nullptr;
  pcre2_jit_stack* stack = nullptr;
  uint32_t pairs = 0;
  RegexScratch* next = nullptr;
};

class RegexCache {
 public:
  RegexCache();
  ~RegexCache();
  RegexCache(const RegexCache&) = delete;
  RegexCache& operator=(const RegexCache&) = delete;

  // The compiled form of an encoded source. Empty: it does not compile, *error says why.
  RegexRef acquire(ByteSpan encoded, RegexError* error);

  // With room for `pairs` pairs of offsets.
  RegexScratch* borrow_scratch(uint32_t pairs);
  void give_back(RegexScratch* scratch);

 private:
  static constexpr size_t kShards = 8;
  struct Shard {
    Mutex mutex;
    std::unordered_map<std::string_view, Regex*> by_key JOIST_GUARDED_BY(mutex);
    List<Regex> by_use JOIST_GUARDED_BY(mutex);  // least recently used first
    size_t bytes JOIST_GUARDED_BY(mutex) = 0;
  };
  void insert(Shard& shard, Regex* regex) JOIST_REQUIRES(shard.mutex);

  Shard shards_[kShards];
  Mutex scratch_mutex_;
  RegexScratch* free_scratch_ JOIST_GUARDED_BY(scratch_mutex_) = nullptr;
};

// Not through the cache. nullptr: *error says why.
Regex* compile_regex(const RegexSource& source, ByteSpan encoded, RegexError* error);

struct RegexLimits {
  bool given = false;  // by the caller of re:run/3: counted as exactly as PCRE2 can
  uint32_t matches = 10000000;
  uint32_t depth = 10000000;
  size_t last_start = PCRE2_UNSET;  // where a match may begin at the latest; PCRE2_UNSET: anywhere
};
// pcre2_match with the processor's code where that pays and may be. Offsets are in the scratch.
int match_regex(Regex& regex, ByteSpan subject, size_t offset, uint32_t options,
                const RegexLimits& limits, RegexScratch* scratch);

}  // namespace joist
