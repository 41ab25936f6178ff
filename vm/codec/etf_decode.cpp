#include <algorithm>
#include <bit>
#include <cmath>

#include "vm/codec/etf_decoder.h"
#include "vm/codec/etf_zlib.h"
#include "vm/heap/builder.h"
#include "vm/heap/map_build.h"
#include "vm/term/compare.h"

namespace joist {

namespace etf {

Decoder::~Decoder() {
  if (words_ != nullptr) release_block();
}

void Decoder::start(const Extent& extent) {
  if (extent.words != 0) {
    word_count_ = extent.words + 1;
    words_ = heap_.alloc(word_count_);
    block_.top = words_;
    block_.limit = words_ + word_count_;
  }
  if (extent.map_pairs != 0) {
    pairs_.reset(new Word[2 * extent.map_pairs]);
    next_pairs_ = pairs_.get();
  }
}

Progress Decoder::run(int64_t* budget) {
  left_ = *budget;
  Progress progress = decode_all();
  if (progress == Progress::kDone) progress = copy_bytes();
  if (progress == Progress::kRefused && words_ != nullptr) {
    Word* words = words_;
    release_block();
    heap_.give_back(words, word_count_);
  }
  if (progress == Progress::kDone) progress = build_maps();
  *budget = left_;
  return progress;
}

Progress Decoder::copy_bytes() {
  while (!copies_.empty()) {
    if (left_ <= 0) return Progress::kPaused;
    PendingCopy& copy = copies_.back();
    const size_t count = std::min(copy.left, kManyBytes);
    __builtin_memcpy(copy.to, copy.from, count);
    left_ -= kManyBytes / kBytesPerStep;
    copy.to += count;
    copy.from += count;
    copy.left -= count;
    if (copy.left != 0) continue;
    copy.to[-1] &= copy.last_mask;
    copies_.pop_back();
  }
  return Progress::kDone;
}

void Decoder::finish_block() {
  JOIST_CHECK(block_.fragments == nullptr);
  if (words_ != nullptr) {
    heap_.give_back(block_.top, static_cast<size_t>(block_.limit - block_.top));
    words_ = nullptr;
  }
  for (OffHeap* object = block_.off_heap; object != nullptr;) {
    OffHeap* next = object->next;
    heap_.link_off_heap(object);
    object = next;
  }
  block_.off_heap = nullptr;
}

void Decoder::release_block() {
  for (OffHeap* object = block_.off_heap; object != nullptr; object = object->next) {
    object->binary->release();
  }
  block_.off_heap = nullptr;
  words_ = nullptr;
}

Progress Decoder::decode_all() {
  while (slot_ != nullptr) {
    if (left_ <= 0) return Progress::kPaused;
    --left_;
    if (!decode_one(slot_)) return Progress::kRefused;
    if (stack_.empty()) {
      slot_ = nullptr;
      return Progress::kDone;
    }
    Frame& frame = stack_.back();
    slot_ = frame.slot;
    if (--frame.left == 0) {
      stack_.pop_back();
    } else {
      // Only the cells of a list lie so: their tails are not there yet.
      if (frame.step == 2) put(frame.slot + 1, Term::list(frame.slot + 2));
      frame.slot += frame.step;
      std::swap(frame.step, frame.other_step);
    }
  }
  return Progress::kDone;
}

bool Decoder::decode_one(Word* slot) {
  uint8_t tag = *p_++;
  switch (tag) {
    case kSmallInteger:
      put(slot, Term::small(*p_++));
      return true;
    case kInteger:
      put(slot, Term::small(static_cast<int32_t>(load32(p_))));
      p_ += 4;
      return true;
    case kNil:
      put(slot, Term::nil());
      return true;
    case kList:
      return decode_list(slot);
    case kSmallTuple:
      p_ += 1;
      return decode_tuple(slot, p_[-1]);
    case kLargeTuple:
      p_ += 4;
      return decode_tuple(slot, load32(p_ - 4));
    case kString:
      decode_string(slot);
      return true;
    case kBinary:
      p_ += 4;
      decode_bits(slot, load32(p_ - 4), 8);
      return true;
    case kBitBinary:
      return decode_bit_binary(slot);
    case kSmallBig:
      p_ += 1;
      return decode_big(slot, p_[-1]);
    case kLargeBig:
      p_ += 4;
      return decode_big(slot, load32(p_ - 4));
    case kNewFloat: {
      double value = std::bit_cast<double>(load64(p_));
      if (!std::isfinite(value)) return false;
      put(slot, make_float(block_, value));
      p_ += 8;
      return true;
    }
    case kFloat:
      return decode_float_text(slot);
    case kMap:
      decode_map(slot);
      return true;
    case kNewFun:
      return decode_fun(slot);
    case kExport:
      return decode_export(slot);
    case kRecord:
      return decode_record(slot);
    case kPid:
    case kNewPid:
      return decode_pid(slot, tag);
    case kPort:
    case kNewPort:
    case kV4Port:
      return decode_port(slot, tag);
    case kReference:
    case kNewReference:
    case kNewerReference:
      return decode_reference(slot, tag);
    default:
      --p_;
      return decode_atom(slot);
  }
}

bool Decoder::decode_list(Word* slot) {
  size_t count = load32(p_);
  p_ += 4;
  if (count == 0) {  // only a tail
    push(slot, 1, 1, 1);
    return true;
  }
  Word* cells = block_.alloc(2 * count);
  put(slot, Term::list(cells));
  // Flat lists of integers are read here and now, as far as the budget goes.
  const size_t most = std::min(count, static_cast<size_t>(std::max<int64_t>(left_, 64)));
  size_t done = 0;
  for (; done < most; ++done) {
    if (*p_ == kSmallInteger) {
      put(cells + 2 * done, Term::small(p_[1]));
      p_ += 2;
    } else if (*p_ == kInteger) {
      put(cells + 2 * done, Term::small(static_cast<int32_t>(load32(p_ + 1))));
      p_ += 5;
    } else {
      break;
    }
    put(cells + 2 * done + 1, Term::list(cells + 2 * done + 2));
  }
  left_ -= static_cast<int64_t>(done);
  Word* last_tail = cells + 2 * count - 1;
  if (done == count && *p_ == kNil) {
    ++p_;
    put(last_tail, Term::nil());
    return true;
  }
  push(last_tail, 1, 1, 1);
  push(cells + 2 * done, count - done, 2, 2);
  return true;
}

void Decoder::decode_string(Word* slot) {
  size_t count = load16(p_);
  p_ += 2;
  if (count == 0) {
    put(slot, Term::nil());
    return;
  }
  Word* cells = block_.alloc(2 * count);
  put(slot, Term::list(cells));
  for (size_t i = 0; i < count; ++i) {
    put(cells + 2 * i, Term::small(p_[i]));
    put(cells + 2 * i + 1, Term::list(cells + 2 * i + 2));
  }
  put(cells + 2 * count - 1, Term::nil());
  p_ += count;
  left_ -= static_cast<int64_t>(count / kBytesPerStep);
}

bool Decoder::decode_tuple(Word* slot, size_t count) {
  Word* words = block_.alloc(1 + count);
  words[0] = make_header(Boxed::kTuple, count);
  put(slot, Term::boxed(words));
  push(words + 1, count, 1, 1);
  return true;
}

// Keys and values alternate in the input. In a flat map they go to two arrays that are a fixed
// distance apart:
//
//   | tuple header | key... | map header | keys | value... |
void Decoder::decode_map(Word* slot) {
  size_t count = load32(p_);
  p_ += 4;
  if (count > kFlatMapLimit) {
    put(slot, Term::nil());
    maps_.push_back({slot, next_pairs_, count});
    push(next_pairs_, 2 * count, 1, 1);
    next_pairs_ += 2 * count;
    return;
  }
  Word* words = block_.alloc(1 + count + 2 + count);
  Word* map = words + 1 + count;
  words[0] = make_header(Boxed::kTuple, count);
  map[0] = make_header(Boxed::kFlatMap, 1 + count);
  put(map + 1, Term::boxed(words));
  put(slot, Term::boxed(map));
  if (count == 0) return;
  maps_.push_back({map, nullptr, count});
  int32_t distance = static_cast<int32_t>(count) + 2;
  push(words + 1, 2 * count, distance, 1 - distance);
}

// The first pass has seen that it is one.
uint32_t Decoder::small_integer() {
  uint32_t value = 0;
  switch (*p_++) {
    case kSmallInteger:
      return *p_++;
    case kInteger:
      p_ += 4;
      return load32(p_ - 4);
    default:  // kSmallBig
      for (size_t i = p_[0]; i > 0; --i) value = value << 8 | p_[1 + i];
      p_ += 2 + p_[0];
      return value;
  }
}

bool Decoder::decode_fun(Word* slot) {
  ExternalFun fun;
  fun.arity = p_[4];
  fun.unique = p_ + 5;
  fun.index = load32(p_ + 21);
  fun.free_count = load32(p_ + 25);
  p_ += 29;
  Word module, creator;
  if (!decode_atom(&module)) return false;
  fun.module = Term::from_bits(module);
  fun.old_index = small_integer();
  fun.old_unique = small_integer();
  uint8_t tag = *p_++;
  if ((tag != kPid && tag != kNewPid) || !decode_pid(&creator, tag)) return false;
  const FunIdentity* entry =
      options_.resolver != nullptr ? options_.resolver->find_fun(fun) : nullptr;
  if (entry == nullptr) return false;
  Word* words = block_.alloc(1 + kLocalFunFixedWords + fun.free_count);
  words[0] = make_header(Boxed::kLocalFun, kLocalFunFixedWords + fun.free_count);
  words[1] = reinterpret_cast<Word>(entry);
  words[2] = creator;
  put(slot, Term::boxed(words));
  push(words + 1 + kLocalFunFixedWords, fun.free_count, 1, 1);
  return true;
}

bool Decoder::decode_export(Word* slot) {
  Word module, function;
  if (!decode_atom(&module) || !decode_atom(&function)) return false;
  uint32_t arity = small_integer();
  if (arity > 255 || options_.resolver == nullptr) return false;
  Mfa mfa{Term::from_bits(module), Term::from_bits(function), arity};
  const ExportIdentity* entry = options_.resolver->find_export(mfa, options_.safe);
  if (entry == nullptr) return false;
  put(slot, make_export_fun(block_, entry));
  return true;
}

bool Decoder::decode_record(Word* slot) {
  size_t count = load32(p_);
  uint8_t flags = p_[4];
  p_ += 5;
  Word module, name;
  if (flags > 1 || !decode_atom(&module) || !decode_atom(&name)) return false;
  std::vector<Term> fields(count);
  for (Term& field : fields) {
    Word word;
    if (!decode_atom(&word)) return false;
    field = Term::from_bits(word);
  }
  std::vector<Term> sorted(fields);
  std::sort(sorted.begin(), sorted.end(), [](Term a, Term b) { return a.bits() < b.bits(); });
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) return false;
  if (options_.resolver == nullptr) return false;
  const RecordDefinition* definition = options_.resolver->find_record(
      Term::from_bits(module), Term::from_bits(name), flags == 1, fields);
  if (definition == nullptr) return false;
  Word* words = block_.alloc(2 + count);
  words[0] = make_header(Boxed::kRecord, 1 + count);
  words[1] = reinterpret_cast<Word>(definition);
  put(slot, Term::boxed(words));
  push(words + 2, count, 1, 1);
  return true;
}

// Innermost first: a map may be a key of another.
Progress Decoder::build_maps() {
  if (maps_left_ == SIZE_MAX) {
    finish_block();
    maps_left_ = maps_.size();
  }
  for (; maps_left_ > 0; --maps_left_) {
    if (left_ <= 0) return Progress::kPaused;
    --left_;
    const PendingMap& map = maps_[maps_left_ - 1];
    if (map.pairs == nullptr) {
      if (!sort_flat_map(map)) {
        abandon_maps(maps_left_);
        return Progress::kRefused;
      }
      continue;
    }
    const Progress built = build_hash_map(map);
    if (built == Progress::kRefused) abandon_maps(maps_left_ - 1);
    if (built != Progress::kDone) return built;
  }
  return Progress::kDone;
}

// Refused: a key occurs twice.
Progress Decoder::build_hash_map(const PendingMap& map) {
  constexpr int64_t kStepsPerPair = 4;
  if (!trie_) {
    trie_.emplace(heap_, map.count);
    trie_pairs_ = 0;
  }
  for (; trie_pairs_ < map.count; ++trie_pairs_) {
    if ((left_ -= kStepsPerPair) < 0) return Progress::kPaused;
    trie_->add(Term::from_bits(map.pairs[2 * trie_pairs_]),
               Term::from_bits(map.pairs[2 * trie_pairs_ + 1]));
  }
  const Progress built = trie_->run(&left_);
  if (built != Progress::kDone) return built;
  const Term made = trie_->result();
  trie_.reset();
  put(map.place, made);
  return map_size(made) == map.count ? Progress::kDone : Progress::kRefused;
}

// False: a key occurs twice.
bool Decoder::sort_flat_map(const PendingMap& map) {
  Term* values = term_words(map.place + 2);
  Term* keys = term_words(object_words(Term::from_bits(map.place[1])));
  for (size_t i = 1; i < map.count; ++i) {
    Term key = keys[i];
    Term value = values[i];
    size_t to = i;
    for (; to > 0; --to) {
      int order = compare_flatmap_keys(keys[to - 1], key);
      if (order == 0) return false;
      if (order < 0) break;
      keys[to] = keys[to - 1];
      values[to] = values[to - 1];
    }
    keys[to] = key;
    values[to] = value;
  }
  return true;
}

// After a failure the block stays as garbage, because hash maps that refer to it are built
// already; what is no proper map becomes a tuple.
void Decoder::abandon_maps(size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const PendingMap& map = maps_[i];
    if (map.pairs == nullptr) map.place[0] = make_header(Boxed::kTuple, 1 + map.count);
  }
}

}  // namespace etf

// Unpacks, checks and decodes.
struct ExternalDecoding::State {
  State(Allocator& given_heap, ByteSpan given, const DecodeOptions& given_options)
      : heap(given_heap), bytes(given), options(given_options) {}

  Progress run(int64_t* budget);
  bool unpack();
  bool begin_terms();

  Allocator& heap;
  ByteSpan bytes;
  DecodeOptions options;
  std::optional<etf::Inflated> inflated;
  bool local = false;
  size_t header = 0;  // bytes before the term
  std::optional<etf::ExternalCheck> check;
  std::optional<etf::Decoder> decoder;
  size_t used = 0;
};

// False: not even the beginning of a term.
bool ExternalDecoding::State::unpack() {
  ByteSpan body = bytes;
  if (options.has_version) {
    if (bytes.empty() || bytes[0] != etf::kVersion) return false;
    body = bytes.subspan(1);
    header = 1;
    if (bytes.size() >= 6 && bytes[1] == etf::kCompressed) {
      const size_t size = etf::load32(bytes.data() + 2);
      inflated = etf::inflate_exactly(bytes.subspan(6), size);
      if (!inflated) return false;
      body = ByteSpan(inflated->bytes.get(), size);
      bytes = body;
      header = 0;
    }
  }
  local = !body.empty() && body[0] == etf::kLocal;
  if (local) {
    header += 5;
    if (body.size() < 5) return false;
    body = body.subspan(5);
  }
  check.emplace(body, local);
  return true;
}

// The structure is right: the hash of a local term?
bool ExternalDecoding::State::begin_terms() {
  const etf::Extent& extent = check->extent();
  const ByteSpan body = bytes.subspan(header, extent.bytes);
  if (local && etf::load32(body.data() - 4) != etf::local_checksum(body, options.local_key)) {
    return false;
  }
  used = inflated ? 6 + inflated->consumed : header + extent.bytes;
  decoder.emplace(body, heap, options, local);
  decoder->start(extent);
  return true;
}

Progress ExternalDecoding::State::run(int64_t* budget) {
  if (!check && !unpack()) return Progress::kRefused;
  if (!decoder) {
    const Progress checked = check->run(budget);
    if (checked != Progress::kDone) return checked;
    if (!begin_terms()) return Progress::kRefused;
  }
  return decoder->run(budget);
}

ExternalDecoding::ExternalDecoding(Allocator& heap, ByteSpan bytes, const DecodeOptions& options)
    : state_(new State(heap, bytes, options)) {}
ExternalDecoding::ExternalDecoding(ExternalDecoding&&) = default;
ExternalDecoding::~ExternalDecoding() = default;
Progress ExternalDecoding::run(int64_t* budget) { return state_->run(budget); }
Decoded ExternalDecoding::result() const { return {state_->decoder->result(), state_->used}; }

std::optional<Decoded> decode_external(ByteSpan bytes, Allocator& heap,
                                       const DecodeOptions& options) {
  ExternalDecoding::State state(heap, bytes, options);
  int64_t budget = INT64_MAX;
  if (state.run(&budget) != Progress::kDone) return std::nullopt;
  return Decoded{state.decoder->result(), state.used};
}

}  // namespace joist
