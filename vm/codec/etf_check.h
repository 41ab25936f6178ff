// The first pass of decoding: is it a term, and how many words does it need?
#pragma once

#include "vm/base/progress.h"
#include "vm/codec/etf_tags.h"

namespace joist::etf {

struct Extent {
  size_t bytes;      // the term takes, from its tag on
  size_t words;      // at most needed to build it, hash maps not counted
  size_t map_pairs;  // in maps that will be hash maps
};

// Where the atom that starts at `p` ends; null: no atom, or cut short.
const uint8_t* skip_atom(const uint8_t* p, const uint8_t* end);
// The same of a node name, which `local` terms leave out.
const uint8_t* skip_node(const uint8_t* p, const uint8_t* end, bool local);

// Structure only: names, creations and counts that OTP calls invalid are left to the second
// pass. Refused: cut short, an unknown tag, or a count that cannot be.
//
// Counts the terms that are still to come instead of nesting: whatever the input, this needs no
// memory. Since each term takes a byte, more terms than bytes to come is the end.
class ExternalCheck {
 public:
  ExternalCheck(ByteSpan bytes, bool local)
      : start_(bytes.data()), p_(start_), end_(start_ + bytes.size()), local_(local) {}

  Progress run(int64_t* budget) {
    for (; pending_ != 0; --pending_) {
      if (*budget <= 0) return Progress::kPaused;
      --*budget;
      if (pending_ > left() || !check_one()) return Progress::kRefused;
    }
    extent_.bytes = static_cast<size_t>(p_ - start_);
    return Progress::kDone;
  }
  // When done.
  const Extent& extent() const { return extent_; }

 private:
  size_t left() const { return static_cast<size_t>(end_ - p_); }

  bool skip(size_t count) {
    if (count > left()) return false;
    p_ += count;
    return true;
  }
  bool skip_payload(const uint8_t* after, size_t count) {
    if (after == nullptr) return false;
    p_ = after;
    return skip(count);
  }
  bool node_then(size_t count) { return skip_payload(skip_node(p_, end_, local_), count); }
  bool atom() {
    p_ = skip_atom(p_, end_);
    return p_ != nullptr;
  }
  // An integer where only 32 bits make sense (old index of a fun, arity).
  bool integer() {
    if (left() == 0) return false;
    switch (*p_++) {
      case kSmallInteger:
        return skip(1);
      case kInteger:
        return skip(4);
      case kSmallBig:
        return left() >= 2 && p_[0] <= 4 && p_[1] == 0 && skip(size_t{2} + p_[0]);
      default:
        return false;
    }
  }
  bool expect(size_t terms, size_t words) {
    pending_ += terms;
    extent_.words += words;
    return pending_ - 1 <= left();
  }

  bool check_one();
  bool check_big(size_t count);
  bool check_bits(size_t header);
  bool check_map();
  bool check_fun();
  bool check_record();
  bool check_reference(size_t after_node);

  const uint8_t* start_;
  const uint8_t* p_;
  const uint8_t* end_;
  bool local_;
  size_t pending_ = 1;
  Extent extent_{};
};

}  // namespace joist::etf
