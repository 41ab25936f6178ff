#include "bif/re_pattern.h"

#include <algorithm>
#include <cstring>

#include "bif/re_options.h"
#include "bif/re_tables.h"
#include "vm/term/rules.h"

namespace joist {

namespace {

constexpr uint8_t kEncodingVersion = 1;
constexpr char kMagic[] = {'E', 'R', 'C', 'P'};

constexpr RegexTable kLatin1Table = make_regex_table(true);

// Of an entry besides its code: the record, its places in the map and the list.
constexpr size_t kEntryBytes = sizeof(Regex) + 64;

void put_32(uint8_t* to, uint32_t value) {
  for (int i = 0; i < 4; ++i) to[i] = static_cast<uint8_t>(value >> (24 - 8 * i));
}
uint32_t get_32(const uint8_t* from) {
  return uint32_t{from[0]} << 24 | uint32_t{from[1]} << 16 | uint32_t{from[2]} << 8 | from[3];
}

std::string_view view_of(ByteSpan bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

uint32_t info_32(const pcre2_code* code, uint32_t what) {
  uint32_t value = 0;
  pcre2_pattern_info(code, what, &value);
  return value;
}
size_t info_size(const pcre2_code* code, uint32_t what) {
  size_t value = 0;
  pcre2_pattern_info(code, what, &value);
  return value;
}

// ERTS' limit; and what a thread's native stack has room for, as PCRE2's compiler recurs for each
// pair of parentheses.
constexpr uint32_t kMaxNesting = 10000;
constexpr uint32_t kMaxNativeNesting = 1000;
int too_deep_for_stack(uint32_t depth, void*) { return depth > kMaxNativeNesting; }
// What PCRE 8 had work space for.
constexpr uint32_t kMaxPcre8Nesting = 799;
int too_deep_for_pcre8(uint32_t depth, void*) { return depth > kMaxPcre8Nesting; }

// Where PCRE2 looks up which bytes a match of \w can begin with, it takes characters from 128 to
// 255 that are spaces, not those of words: without a look at the tables it finds all. So does PCRE
// 8, but for those that \w+ begins with, which it takes only below 128.
bool is_misled(const RegexSource& source, std::string_view text) {
  if (source.dialect != RegexDialect::kPcre8 || (source.options & PCRE2_UTF) == 0 ||
      (source.options & PCRE2_UCP) != 0) {
    return false;
  }
  constexpr std::string_view kWord = "\\w";
  for (size_t at = text.find(kWord); at != text.npos; at = text.find(kWord, at + kWord.size())) {
    if (text.substr(at + kWord.size(), 1) != "+") return true;
  }
  return false;
}

// One attempt to compile, with PCRE2's additional options.
pcre2_code* compile_text(const RegexSource& source, std::string_view text, uint32_t extra_options,
                         RegexError* error) {
  pcre2_compile_context* context = pcre2_compile_context_create(nullptr);
  pcre2_set_newline(context, source.newline != 0 ? source.newline : PCRE2_NEWLINE_LF);
  pcre2_set_bsr(context, source.bsr != 0 ? source.bsr : PCRE2_BSR_UNICODE);
  pcre2_set_compile_extra_options(context, extra_options);
  pcre2_set_parens_nest_limit(context, kMaxNesting);
  if (source.dialect == RegexDialect::kPcre8) {
    pcre2_set_character_tables(context, kLatin1Table.data());
    pcre2_set_compile_recursion_guard(context, too_deep_for_pcre8, nullptr);
  } else {
    pcre2_set_compile_recursion_guard(context, too_deep_for_stack, nullptr);
  }
  const uint32_t options = source.options | PCRE2_USE_OFFSET_LIMIT |
                           (is_misled(source, text) ? uint32_t{PCRE2_NO_START_OPTIMIZE} : 0);
  pcre2_code* code = pcre2_compile(reinterpret_cast<const uint8_t*>(text.data()), text.size(),
                                   options, &error->code, &error->offset, context);
  pcre2_compile_context_free(context);
  return code;
}

// Where the backslash of a reference such as \81 is that PCRE 8 takes for digits, as there are
// not so many groups.
bool find_literal_digits(std::string_view text, size_t end, size_t* backslash) {
  size_t first = std::min(end, text.size());
  while (first > 0 && text[first - 1] >= '0' && text[first - 1] <= '9') --first;
  if (first == 0 || first >= text.size() || text[first - 1] != '\\' || text[first] < '8') {
    return false;
  }
  *backslash = first - 1;
  return true;
}

// PCRE 8 took some things literally that PCRE2 refuses: a backslash before a letter that means
// nothing (there), \8 without eight groups, and the hyphen in [\d-z]. Each costs another attempt,
// so that the errors of patterns without them are PCRE2's own.
pcre2_code* compile_as_pcre8(const RegexSource& source, RegexError* error) {
  uint32_t extra_options = PCRE2_EXTRA_ALLOW_LOOKAROUND_BSK;
  std::string text(source.text);
  while (true) {
    pcre2_code* code = compile_text(source, text, extra_options, error);
    if (code != nullptr) return code;
    size_t at = error->offset;
    size_t backslash;
    if (error->code == PCRE2_ERROR_UNKNOWN_ESCAPE &&
        (extra_options & PCRE2_EXTRA_BAD_ESCAPE_IS_LITERAL) == 0) {
      extra_options |= PCRE2_EXTRA_BAD_ESCAPE_IS_LITERAL;
    } else if (error->code == PCRE2_ERROR_ESCAPE_INVALID_IN_CLASS && at > 0 &&
               text[at - 1] == '\\') {
      text.erase(at - 1, 1);
    } else if (error->code == PCRE2_ERROR_CLASS_INVALID_RANGE && at < text.size() &&
               text[at] == '-') {
      text.insert(at, 1, '\\');
    } else if (error->code == PCRE2_ERROR_INVALID_HYPHEN_IN_OPTIONS && at > 0) {
      text.erase(at - 1, 1);
    } else if (error->code == PCRE2_ERROR_BAD_SUBPATTERN_REFERENCE &&
               find_literal_digits(text, at, &backslash)) {
      text.erase(backslash, 1);
    } else {
      // Back to where it is in the source.
      auto shift = static_cast<int64_t>(source.text.size()) - static_cast<int64_t>(text.size());
      error->offset = static_cast<size_t>(std::max<int64_t>(0, static_cast<int64_t>(at) + shift));
      return nullptr;
    }
  }
}

}  // namespace

RegexDialect current_regex_dialect() {
  return term_rules().otp_release >= 28 ? RegexDialect::kPcre2 : RegexDialect::kPcre8;
}

void encode_regex(const RegexSource& source, uint8_t* to) {
  std::memcpy(to, kMagic, 4);
  to[4] = kEncodingVersion;
  to[5] = static_cast<uint8_t>(source.dialect);
  to[6] = source.newline;
  to[7] = source.bsr;
  put_32(to + 8, source.options);
  put_32(to + 12, static_cast<uint32_t>(source.text.size()));
  if (!source.text.empty()) {
    std::memcpy(to + kRegexHeaderBytes, source.text.data(), source.text.size());
  }
}

bool decode_regex(ByteSpan bytes, RegexSource* source) {
  if (bytes.size() < kRegexHeaderBytes || std::memcmp(bytes.data(), kMagic, 4) != 0) return false;
  if (bytes[4] != kEncodingVersion || bytes[5] < 1 || bytes[5] > 2) return false;
  source->dialect = static_cast<RegexDialect>(bytes[5]);
  source->newline = bytes[6];
  source->bsr = bytes[7];
  source->options = get_32(bytes.data() + 8);
  source->text = view_of(bytes.subspan(kRegexHeaderBytes));
  return source->text.size() == get_32(bytes.data() + 12);
}

void Regex::release() {
  if (references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  pcre2_code_free(code);
  if (pcre2_code* copy = jit.load(std::memory_order_relaxed)) pcre2_code_free(copy);
  delete this;
}

Regex* compile_regex(const RegexSource& source, ByteSpan encoded, RegexError* error) {
  *error = {PCRE2_ERROR_INTERNAL_UNKNOWN_NEWLINE, 0};
  if (source.newline > kMaxRegexNewline || source.bsr > PCRE2_BSR_ANYCRLF) return nullptr;
  if (source.dialect == RegexDialect::kPcre8 && source.newline == PCRE2_NEWLINE_NUL) {
    return nullptr;
  }
  pcre2_code* code = source.dialect == RegexDialect::kPcre8
                         ? compile_as_pcre8(source, error)
                         : compile_text(source, source.text, 0, error);
  if (code == nullptr) return nullptr;

  auto* regex = new Regex;
  regex->code = code;
  regex->key = view_of(encoded);
  regex->bytes = kEntryBytes + regex->key.size() + info_size(code, PCRE2_INFO_SIZE);
  regex->groups = info_32(code, PCRE2_INFO_CAPTURECOUNT);
  regex->newline = info_32(code, PCRE2_INFO_NEWLINE);
  regex->bsr = info_32(code, PCRE2_INFO_BSR);
  regex->options = source.options;
  regex->anchored = (info_32(code, PCRE2_INFO_ALLOPTIONS) & PCRE2_ANCHORED) != 0;
  regex->dialect = source.dialect;
  return regex;
}

// --- the cache ---

RegexCache::RegexCache() = default;

RegexCache::~RegexCache() {
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    while (Regex* regex = shard.by_use.pop_front()) regex->release();
  }
  MutexLock lock(scratch_mutex_);
  while (RegexScratch* scratch = free_scratch_) {
    free_scratch_ = scratch->next;
    pcre2_match_data_free(scratch->data);
    pcre2_match_context_free(scratch->context);
    if (scratch->stack != nullptr) pcre2_jit_stack_free(scratch->stack);
    delete scratch;
  }
}

void RegexCache::insert(Shard& shard, Regex* regex) {
  shard.by_key.emplace(regex->key, regex);
  shard.by_use.push_back(regex);
  shard.bytes += regex->bytes;
  while (shard.bytes > kRegexCacheBytes / kShards) {
    Regex* oldest = shard.by_use.front();
    if (oldest == regex) break;
    oldest->unlink();
    shard.by_key.erase(oldest->key);
    shard.bytes -= oldest->bytes;
    oldest->release();
  }
}

RegexRef RegexCache::acquire(ByteSpan encoded, RegexError* error) {
  std::string_view key = view_of(encoded);
  Shard& shard = shards_[std::hash<std::string_view>()(key) % kShards];
  {
    MutexLock lock(shard.mutex);
    auto found = shard.by_key.find(key);
    if (found != shard.by_key.end()) {
      Regex* regex = found->second;
      if (shard.by_use.back() != regex) {
        regex->unlink();
        shard.by_use.push_back(regex);
      }
      regex->retain();
      return RegexRef(regex);
    }
  }
  RegexSource source;
  if (!decode_regex(encoded, &source)) {
    *error = {PCRE2_ERROR_BADMAGIC, 0};
    return RegexRef();
  }
  Regex* regex = compile_regex(source, encoded, error);
  if (regex == nullptr) return RegexRef();
  regex->retain();  // the cache's
  MutexLock lock(shard.mutex);
  if (shard.by_key.contains(regex->key)) {
    regex->release();  // somebody else was faster: this one serves its caller only
  } else {
    insert(shard, regex);
  }
  return RegexRef(regex);
}

RegexScratch* RegexCache::borrow_scratch(uint32_t pairs) {
  RegexScratch* scratch = nullptr;
  {
    MutexLock lock(scratch_mutex_);
    if (free_scratch_ != nullptr) {
      scratch = free_scratch_;
      free_scratch_ = scratch->next;
    }
  }
  if (scratch == nullptr) {
    scratch = new RegexScratch;
    scratch->context = pcre2_match_context_create(nullptr);
  }
  if (scratch->pairs < pairs) {
    constexpr uint32_t kUsualPairs = 16;
    pcre2_match_data_free(scratch->data);
    scratch->pairs = pairs < kUsualPairs ? kUsualPairs : pairs;
    scratch->data = pcre2_match_data_create(scratch->pairs, nullptr);
  }
  return scratch;
}

void RegexCache::give_back(RegexScratch* scratch) {
  MutexLock lock(scratch_mutex_);
  scratch->next = free_scratch_;
  free_scratch_ = scratch;
}

// --- matching ---

namespace {

// The copy with code for the processor, made now if the time has come.
pcre2_code* jit_code(Regex& regex, size_t subject_bytes) {
  pcre2_code* code = regex.jit.load(std::memory_order_acquire);
  if (code != nullptr || regex.jit_refused.load(std::memory_order_relaxed)) return code;
  uint32_t uses = regex.uses.fetch_add(1, std::memory_order_relaxed);
  if (uses < kUsesBeforeJit && subject_bytes < kSubjectWorthJit) return nullptr;
  code = pcre2_code_copy(regex.code);
  if (code == nullptr || pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) != 0) {
    pcre2_code_free(code);
    regex.jit_refused.store(true, std::memory_order_relaxed);
    return nullptr;
  }
  pcre2_code* expected = nullptr;
  if (regex.jit.compare_exchange_strong(expected, code, std::memory_order_acq_rel)) return code;
  pcre2_code_free(code);
  return expected;
}

}  // namespace

int match_regex(Regex& regex, ByteSpan subject, size_t offset, uint32_t options,
                const RegexLimits& limits, RegexScratch* scratch) {
  constexpr size_t kJitStackStart = size_t{32} << 10;
  constexpr size_t kJitStackLimit = size_t{1} << 20;
  static const uint8_t kNothing = 0;
  const uint8_t* text = subject.empty() ? &kNothing : subject.data();
  pcre2_set_match_limit(scratch->context, limits.matches);
  pcre2_set_depth_limit(scratch->context, limits.depth);
  pcre2_set_offset_limit(scratch->context, limits.last_start);
  // The processor's code counts in its own way and knows no depth.
  pcre2_code* fast = limits.given ? nullptr : jit_code(regex, subject.size());
  if (fast != nullptr) {
    if (scratch->stack == nullptr) {
      scratch->stack = pcre2_jit_stack_create(kJitStackStart, kJitStackLimit, nullptr);
      pcre2_jit_stack_assign(scratch->context, nullptr, scratch->stack);
    }
    int result =
        pcre2_match(fast, text, subject.size(), offset, options, scratch->data, scratch->context);
    if (result != PCRE2_ERROR_JIT_STACKLIMIT) return result;
  }
  return pcre2_match(regex.code, text, subject.size(), offset, options | PCRE2_NO_JIT,
                     scratch->data, scratch->context);
}

}  // namespace joist
