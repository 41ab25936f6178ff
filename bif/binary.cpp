// The natives of stdlib's module binary.
#include <algorithm>
#include <deque>

#include "bif/binary_search.h"
#include "bif/in_slices.h"
#include "bif/magic.h"
#include "vm/heap/arith.h"
#include "vm/heap/binary.h"
#include "vm/proc/native.h"
#include "vm/sched/dirty_call.h"
#include "vm/sched/system_flags.h"
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
  using Make = Progress (Search::*)(int64_t* budget);

  // `make` makes the result of what was found.
  Search(Allocator& heap, Term subject, Make make) : heap_(heap), subject_(subject), make_(make) {}

  // Sets up the search; wrong arguments refuse it. Where there is nothing to search in, the pattern
  // is looked at from OTP 27 on only.
  void prepare(Term pattern, Term list, ParseOption parse, bool global, int otp_release) {
    always_loads_ = otp_release >= 27;
    refused_ = !set_up(pattern, list, parse, global);
  }

  Progress run(int64_t* budget) {
    if (refused_) return Progress::kRefused;
    if (!searched_) {
      const Progress progress = search(budget);
      if (progress != Progress::kDone) return progress;
      searched_ = true;
      piece_end_ = size_;
      trimming_ = options_.trim || options_.trim_all;
    }
    return (this->*make_)(budget);
  }

  Progress first_match(int64_t*) {
    result_ = found_.empty() ? atoms::nomatch : pair(found_.front());
    return Progress::kDone;
  }

  Progress all_matches(int64_t* budget) {
    for (; !found_.empty(); found_.pop_back()) {
      if ((*budget -= kStepsPerPart) < 0) return Progress::kPaused;
      result_ = make_cons(heap_, pair(found_.back()), result_);
    }
    return Progress::kDone;
  }

  // From the last piece to the first. trim drops empty pieces behind the last that is not empty,
  // trim_all drops all empty pieces.
  Progress pieces(int64_t* budget) {
    while (!all_pieces_) {
      if ((*budget -= kStepsPerPart) < 0) return Progress::kPaused;
      all_pieces_ = found_.empty();
      size_t start = all_pieces_ ? 0 : found_.back().start + found_.back().length;
      if (start != piece_end_ || !trimming_) {
        Term piece = all_pieces_ && piece_end_ == size_
                         ? subject_
                         : make_part(heap_, subject_, start * 8, (piece_end_ - start) * 8);
        result_ = make_cons(heap_, piece, result_);
        trimming_ = options_.trim_all;
      }
      if (all_pieces_) break;
      piece_end_ = found_.back().start;
      found_.pop_back();
    }
    return Progress::kDone;
  }

  Term result() const { return result_; }

 private:
  static constexpr int64_t kStepsPerPart = 6;
  static constexpr int64_t kStepsPerFind = 12;
  static constexpr size_t kSmallestStretch = 1024;

  bool set_up(Term pattern, Term list, ParseOption parse, bool global) {
    if (!is_binary(subject_)) return false;
    size_ = bits_size(subject_) / 8;
    options_.scope = {0, size_};
    options_.global = global;
    if (!list.is_list() && !list.is_nil()) return false;
    for (; list.is_list(); list = list.tail()) {
      if (!parse(list.head(), size_, &options_)) return false;
    }
    from_ = options_.scope.start;
    end_ = options_.scope.start + options_.scope.length;
    if (end_ == 0 && !always_loads_) return true;
    return patterns_.load(pattern);
  }

  // Goes through the subject in stretches: a match that begins in one may end behind it.
  Progress search(int64_t* budget) {
    if (from_ >= end_) return Progress::kDone;
    ByteScratch scratch;
    const size_t longest = patterns_->longest();
    while (from_ < end_) {
      if (*budget <= 0) return Progress::kPaused;
      const auto affordable = static_cast<size_t>(*budget) * kBytesPerStep;
      const size_t reach = std::max({affordable, kSmallestStretch, longest});
      const size_t stretch = std::min(reach, end_ - from_);
      const size_t to = std::min(end_, from_ + stretch + longest - 1);
      ByteSpan text =
          contiguous_bytes(bits_view(subject_).part(from_ * 8, (to - from_) * 8), scratch);
      size_t at = 0;
      while (at < stretch && *budget > 0) {
        std::optional<Part> found = patterns_->find(text, at, text.size());
        if (!found || found->start >= stretch) {
          at = stretch;
          break;
        }
        found_.push_back({from_ + found->start, found->length});
        at = found->start + found->length;
        *budget -= kStepsPerFind;
        if (!options_.global) {
          *budget -= static_cast<int64_t>(at) / kBytesPerStep;
          return Progress::kDone;
        }
      }
      *budget -= static_cast<int64_t>(at) / kBytesPerStep + 1;
      from_ += at;
    }
    return Progress::kDone;
  }

  Term pair(Part part) {
    return make_tuple(heap_, {Term::small(static_cast<int64_t>(part.start)),
                              Term::small(static_cast<int64_t>(part.length))});
  }

  Allocator& heap_;
  Term subject_;
  Make make_;
  size_t size_ = 0;
  size_t from_ = 0;  // where the search goes on
  size_t end_ = 0;
  bool refused_ = false;
  bool always_loads_ = false;
  bool searched_ = false;
  SearchOptions options_;
  PatternArgument patterns_;
  // Not part of the result yet. It grows and shrinks without moving what it has: there may be
  // millions.
  std::deque<Part> found_;
  size_t piece_end_ = 0;
  bool trimming_ = false;
  bool all_pieces_ = false;
  Term result_ = Term::nil();
};

struct SearchKind {
  Search::ParseOption parse;
  bool global;  // by default
  Search::Make make;
};
constexpr SearchKind kMatch = {scope_option, false, &Search::first_match};
constexpr SearchKind kMatches = {scope_option, true, &Search::all_matches};
constexpr SearchKind kSplit = {split_option, false, &Search::pieces};

Term searched(Process& p, const SearchKind& kind, Term subject, Term pattern, Term options,
              std::initializer_list<Term> arguments) {
  return in_slices<Search>(
      p, arguments,
      [&] {
        Search search(p.heap, subject, kind.make);
        search.prepare(pattern, options, kind.parse, kind.global, p.runtime->otp_release);
        return search;
      },
      [](Search& search) { return search.result(); }, refuse_argument,
      step_limit(p, SliceKind::kBinary));
}

Term match_3(Process& p, Term subject, Term pattern, Term options) {
  return searched(p, kMatch, subject, pattern, options, {subject, pattern, options});
}
Term match_2(Process& p, Term subject, Term pattern) {
  return searched(p, kMatch, subject, pattern, Term::nil(), {subject, pattern});
}
Term matches_3(Process& p, Term subject, Term pattern, Term options) {
  return searched(p, kMatches, subject, pattern, options, {subject, pattern, options});
}
Term matches_2(Process& p, Term subject, Term pattern) {
  return searched(p, kMatches, subject, pattern, Term::nil(), {subject, pattern});
}
Term split_3(Process& p, Term subject, Term pattern, Term options) {
  return searched(p, kSplit, subject, pattern, options, {subject, pattern, options});
}
Term split_2(Process& p, Term subject, Term pattern) {
  return searched(p, kSplit, subject, pattern, Term::nil(), {subject, pattern});
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

// A binary again and again: what is there already is copied behind itself.
class Copies {
 public:
  Copies(Allocator& heap, Term binary, size_t total_bits)
      : size_(bits_size(binary) / 8), total_(total_bits / 8) {
    copy_ = make_bits_uninitialised(heap, total_bits, &bytes_);
    view_ = bits_view(binary);
  }

  // Refused: there is no memory.
  Progress run(int64_t* budget) {
    if (copy_.is_none()) return Progress::kRefused;
    while (done_ < total_) {
      if (*budget <= 0) return Progress::kPaused;
      if (done_ < size_) {
        const size_t count = take_bytes(size_ - done_, budget);
        copy_bits(bytes_ + done_, 0, view_.base, view_.offset + done_ * 8, count * 8);
        done_ += count;
        continue;
      }
      // From a place where a copy begins; the two must not overlap.
      const size_t whole = done_ - done_ % size_;
      const size_t from = done_ % size_;
      const size_t count = take_bytes(std::min(total_ - done_, whole - from), budget);
      std::memcpy(bytes_ + done_, bytes_ + from, count);
      done_ += count;
    }
    return Progress::kDone;
  }
  Term result() const { return copy_; }

 private:
  BitsView view_;
  size_t size_;
  size_t total_;
  size_t done_ = 0;
  uint8_t* bytes_ = nullptr;
  Term copy_;
};

Term copied(Process& p, Term binary, Term times, std::initializer_list<Term> arguments) {
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
  return in_slices<Copies>(
      p, arguments, [&] { return Copies(p.heap, binary, total_bits); },
      [](Copies& copies) { return copies.result(); },
      [](Process& process) { return process.system_limit(); }, step_limit(p, SliceKind::kBinary));
}
Term copy_2(Process& p, Term binary, Term times) {
  return copied(p, binary, times, {binary, times});
}
Term copy_1(Process& p, Term binary) { return copied(p, binary, Term::small(1), {binary}); }

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
  // What is compared takes at most as long as going through the first one, for each of them.
  constexpr size_t kMostBytesAtOnce = size_t{1} << 20;
  if (!list.is_list() || !is_binary(list.head())) return p.badarg();
  if (on_scheduler(p) && bits_size(list.head()) / 8 > kMostBytesAtOnce) {
    return hand_over(p, {list});
  }
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
  Term binary = must_make_bits(p.heap, count * 8, &bytes);
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
