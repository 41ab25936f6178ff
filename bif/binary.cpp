// The natives of stdlib's module binary.
#include "bif/binary_search.h"
#include "bif/magic.h"
#include "vm/heap/arith.h"
#include "vm/heap/builder.h"
#include "vm/proc/native.h"
#include "vm/term/bignum.h"

namespace joist {

namespace {

constexpr size_t kBytesPerReduction = 64;

void charge_bytes(Process& p, size_t count) {
  p.charge(static_cast<int64_t>(count / kBytesPerReduction));
}

// --- patterns ---

// The patterns that `term` (a binary or a list of binaries) stands for; null: badarg.
std::unique_ptr<BytePatterns> compile(Term term) {
  std::vector<Term> terms;
  if (is_bits(term)) {
    terms.push_back(term);
  } else {
    for (; term.is_list(); term = term.tail()) terms.push_back(term.head());
    if (!term.is_nil()) return nullptr;
  }
  if (terms.empty()) return nullptr;
  std::vector<ByteScratch> scratches(terms.size());
  std::vector<ByteSpan> patterns;
  patterns.reserve(terms.size());
  for (size_t i = 0; i < terms.size(); ++i) {
    if (!is_binary(terms[i]) || bits_size(terms[i]) == 0) return nullptr;
    patterns.push_back(binary_bytes(terms[i], scratches[i]));
  }
  return std::make_unique<BytePatterns>(patterns);
}

struct CompiledPattern {
  explicit CompiledPattern(std::unique_ptr<BytePatterns> made) : patterns(std::move(made)) {}
  std::unique_ptr<BytePatterns> patterns;
};

Term compile_pattern_1(Process& p, Term patterns) {
  std::unique_ptr<BytePatterns> compiled = compile(patterns);
  if (compiled == nullptr) return p.badarg();
  Term tag = compiled->single() ? atoms::bm : atoms::ac;
  return make_tuple(p.heap, {tag, Magic<CompiledPattern>::make(p, 0, std::move(compiled))});
}

// A pattern argument: compiled already, or just for this call.
class PatternArgument {
 public:
  bool load(Term term) {
    if (is_tuple(term)) {
      if (tuple_size(term) != 2) return false;
      CompiledPattern* compiled = Magic<CompiledPattern>::get(tuple_elements(term)[1]);
      if (compiled == nullptr) return false;
      patterns_ = compiled->patterns.get();
      return tuple_elements(term)[0] == (patterns_->single() ? atoms::bm : atoms::ac);
    }
    own_ = compile(term);
    patterns_ = own_.get();
    return patterns_ != nullptr;
  }
  const BytePatterns* operator->() const { return patterns_; }

 private:
  std::unique_ptr<BytePatterns> own_;
  const BytePatterns* patterns_ = nullptr;
};

// --- match, matches, split ---

struct SearchOptions {
  Part scope;
  bool global = false;
  bool trim = false;
  bool trim_all = false;
};

bool scope_option(Term option, size_t size, SearchOptions* options) {
  if (!is_tuple(option) || tuple_size(option) != 2) return false;
  std::span<Term> pair = tuple_elements(option);
  return pair[0] == atoms::scope && part_argument(pair[1], size, &options->scope);
}

bool split_option(Term option, size_t size, SearchOptions* options) {
  if (option == atoms::global) {
    options->global = true;
  } else if (option == atoms::trim) {
    options->trim = true;
  } else if (option == atoms::trim_all) {
    options->trim_all = true;
  } else {
    return scope_option(option, size, options);
  }
  return true;
}

// What is found in a subject, and what the natives make of it.
class Search {
 public:
  using ParseOption = bool (*)(Term, size_t, SearchOptions*);

  Search(Process& p, Term subject) : p_(p), subject_(subject) {}

  // False: an argument is wrong. A search in nothing does not look at the pattern.
  bool run(Term pattern, Term list, ParseOption parse, bool global) {
    if (!is_binary(subject_)) return false;
    size_ = bits_size(subject_) / 8;
    options_.scope = {0, size_};
    options_.global = global;
    if (!list.is_list() && !list.is_nil()) return false;
    for (; list.is_list(); list = list.tail()) {
      if (!parse(list.head(), size_, &options_)) return false;
    }
    size_t end = options_.scope.start + options_.scope.length;
    if (end == 0) return true;
    PatternArgument patterns;
    if (!patterns.load(pattern)) return false;
    ByteScratch scratch;
    ByteSpan text = binary_bytes(subject_, scratch);
    size_t from = options_.scope.start;
    do {
      std::optional<Part> found = patterns->find(text, from, end);
      if (!found) break;
      found_.push_back(*found);
      from = found->start + found->length;
    } while (options_.global);
    charge_bytes(p_, from - options_.scope.start);
    return true;
  }

  Term first_match() { return found_.empty() ? atoms::nomatch : pair(found_.front()); }

  Term all_matches() {
    Term list = Term::nil();
    for (size_t i = found_.size(); i-- > 0;) list = make_cons(p_.heap, pair(found_[i]), list);
    return list;
  }

  // From the last piece to the first. trim drops empty pieces behind the last that is not empty,
  // trim_all drops all empty pieces.
  Term pieces() {
    Term list = Term::nil();
    bool trimming = options_.trim || options_.trim_all;
    size_t end = size_;
    for (size_t i = found_.size() + 1; i-- > 0;) {
      size_t start = i == 0 ? 0 : found_[i - 1].start + found_[i - 1].length;
      if (start != end || !trimming) {
        Term piece = i == 0 && end == size_
                         ? subject_
                         : make_part(p_.heap, subject_, start * 8, (end - start) * 8);
        list = make_cons(p_.heap, piece, list);
        trimming = options_.trim_all;
      }
      if (i != 0) end = found_[i - 1].start;
    }
    return list;
  }

 private:
  Term pair(Part part) {
    return make_tuple(p_.heap, {Term::small(static_cast<int64_t>(part.start)),
                                Term::small(static_cast<int64_t>(part.length))});
  }

  Process& p_;
  Term subject_;
  size_t size_ = 0;
  SearchOptions options_;
  std::vector<Part> found_;
};

Term match_3(Process& p, Term subject, Term pattern, Term options) {
  Search search(p, subject);
  if (!search.run(pattern, options, scope_option, false)) return p.badarg();
  return search.first_match();
}
Term match_2(Process& p, Term subject, Term pattern) {
  return match_3(p, subject, pattern, Term::nil());
}

Term matches_3(Process& p, Term subject, Term pattern, Term options) {
  Search search(p, subject);
  if (!search.run(pattern, options, scope_option, true)) return p.badarg();
  return search.all_matches();
}
Term matches_2(Process& p, Term subject, Term pattern) {
  return matches_3(p, subject, pattern, Term::nil());
}

Term split_3(Process& p, Term subject, Term pattern, Term options) {
  Search search(p, subject);
  if (!search.run(pattern, options, split_option, false)) return p.badarg();
  return search.pieces();
}
Term split_2(Process& p, Term subject, Term pattern) {
  return split_3(p, subject, pattern, Term::nil());
}

// --- bytes and copies ---

Term byte_at(Process& p, Term binary, size_t index) {
  if (!is_binary(binary) || index >= bits_size(binary) / 8) return p.badarg();
  BitsView view = bits_view(binary);
  return Term::small(static_cast<int64_t>(load_bits(view.base, view.offset + index * 8, 8)));
}
Term at_2(Process& p, Term binary, Term position) {
  size_t index;
  return size_argument(position, &index) ? byte_at(p, binary, index) : p.badarg();
}
Term first_1(Process& p, Term binary) { return byte_at(p, binary, 0); }
Term last_1(Process& p, Term binary) {
  if (!is_binary(binary) || bits_size(binary) == 0) return p.badarg();
  return byte_at(p, binary, bits_size(binary) / 8 - 1);
}

Term copy_2(Process& p, Term binary, Term times) {
  size_t count, total_bits;
  if (!is_bits(binary)) return p.badarg();
  if (!size_argument(times, &count)) {
    // Of nothing there can be as many copies as a machine word counts.
    const bool counts = bits_size(binary) == 0 && is_big(times) && big_limbs(times).size() == 1;
    return counts && !big_is_negative(times) ? binary : p.badarg();
  }
  // OTP 25 looks at the bits only where there is something to copy.
  if (count == 0 && p.runtime->otp_release < 27) return make_binary(p.heap, ByteSpan());
  if (!is_binary(binary) || __builtin_mul_overflow(bits_size(binary), count, &total_bits)) {
    return p.badarg();
  }
  ByteScratch scratch;
  ByteSpan bytes = binary_bytes(binary, scratch);
  uint8_t* to;
  Term copy = make_bits_uninitialised(p.heap, total_bits, &to);
  if (!bytes.empty()) {
    for (size_t i = 0; i < count; ++i, to += bytes.size()) {
      std::memcpy(to, bytes.data(), bytes.size());
    }
  }
  charge_bytes(p, total_bits / 8);
  return copy;
}
Term copy_1(Process& p, Term binary) { return copy_2(p, binary, Term::small(1)); }

Term referenced_byte_size_1(Process& p, Term bits) {
  if (!is_bits(bits)) return p.badarg();
  size_t size = (bits_size(bits) + 7) / 8;
  if (is_kind(bits, Boxed::kSubBits)) {
    const auto* view = reinterpret_cast<const SubBits*>(bits.object());
    size = reinterpret_cast<const OffHeap*>(view->holder.object())->binary->capacity;
  }
  return make_unsigned(p.heap, size);
}

// --- common prefixes and suffixes ---

size_t common_prefix(ByteSpan a, ByteSpan b) {
  size_t limit = std::min(a.size(), b.size());
  return static_cast<size_t>(std::mismatch(a.begin(), a.begin() + limit, b.begin()).first -
                             a.begin());
}
size_t common_suffix(ByteSpan a, ByteSpan b) {
  size_t limit = std::min(a.size(), b.size());
  return static_cast<size_t>(std::mismatch(a.rbegin(), a.rbegin() + limit, b.rbegin()).first -
                             a.rbegin());
}

Term longest_common(Process& p, Term list, bool prefix) {
  if (!list.is_list() || !is_binary(list.head())) return p.badarg();
  ByteScratch first_scratch;
  ByteSpan common = binary_bytes(list.head(), first_scratch);
  for (list = list.tail(); list.is_list(); list = list.tail()) {
    if (!is_binary(list.head())) return p.badarg();
    ByteScratch scratch;
    ByteSpan bytes = binary_bytes(list.head(), scratch);
    common = prefix ? common.first(common_prefix(common, bytes))
                    : common.last(common_suffix(common, bytes));
    charge_bytes(p, common.size());
  }
  if (!list.is_nil()) return p.badarg();
  return Term::small(static_cast<int64_t>(common.size()));
}
Term longest_common_prefix_1(Process& p, Term list) { return longest_common(p, list, true); }
Term longest_common_suffix_1(Process& p, Term list) { return longest_common(p, list, false); }

// --- unsigned integers ---

bool is_endianness(Term term) { return term == atoms::big || term == atoms::little; }

Term encode_unsigned_2(Process& p, Term integer, Term endianness) {
  if (!is_integer(integer) || !is_endianness(endianness)) return p.badarg();
  Word storage;
  big::Number number = big::of_term(integer, &storage);
  if (number.negative) return p.badarg();
  size_t count = std::max<size_t>((big::bit_length(number) + 7) / 8, 1);
  uint8_t* bytes;
  Term binary = make_bits_uninitialised(p.heap, count * 8, &bytes);
  integer_to_bytes(integer, bytes, count, endianness == atoms::little);
  charge_bytes(p, count);
  return binary;
}
Term encode_unsigned_1(Process& p, Term integer) {
  return encode_unsigned_2(p, integer, atoms::big);
}

Term decode_unsigned_2(Process& p, Term binary, Term endianness) {
  if (!is_binary(binary) || !is_endianness(endianness)) return p.badarg();
  ByteScratch scratch;
  ByteSpan bytes = binary_bytes(binary, scratch);
  charge_bytes(p, bytes.size());
  if (bytes.empty()) return Term::small(0);
  Term integer = make_integer_from_bytes(p.heap, bytes.data(), bytes.size(), false,
                                         endianness == atoms::little);
  return integer.is_none() ? p.system_limit() : integer;
}
Term decode_unsigned_1(Process& p, Term binary) { return decode_unsigned_2(p, binary, atoms::big); }

const NativeEntry kNatives[] = {
    {"binary", "compile_pattern", native<compile_pattern_1>},
    {"binary", "match", native<match_2>},
    {"binary", "match", native<match_3>},
    {"binary", "matches", native<matches_2>},
    {"binary", "matches", native<matches_3>},
    {"binary", "split", native<split_2>},
    {"binary", "split", native<split_3>},
    {"binary", "at", native<at_2>},
    {"binary", "first", native<first_1>},
    {"binary", "last", native<last_1>},
    {"binary", "copy", native<copy_1>},
    {"binary", "copy", native<copy_2>},
    {"binary", "referenced_byte_size", native<referenced_byte_size_1>},
    {"binary", "longest_common_prefix", native<longest_common_prefix_1>},
    {"binary", "longest_common_suffix", native<longest_common_suffix_1>},
    {"binary", "encode_unsigned", native<encode_unsigned_1>},
    {"binary", "encode_unsigned", native<encode_unsigned_2>},
    {"binary", "decode_unsigned", native<decode_unsigned_1>},
    {"binary", "decode_unsigned", native<decode_unsigned_2>},
};

}  // namespace

std::span<const NativeEntry> binary_natives() { return kNatives; }

}  // namespace joist
