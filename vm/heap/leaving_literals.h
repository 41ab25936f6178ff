// Literal areas that are about to be released, because their code has been purged or their
// persistent term replaced: whoever copies a term copies these literals too, instead of sharing
// them, so that nobody gets a new reference to one.
//
// A copy is measured first and made then, perhaps by a thread that has been at it for long. So that
// it never makes more than it has measured, areas are counted before they are copied, and not
// copied any more before they are not counted:
//
//   counted   ____|################|____
//   copied    ________|########|________
//
// and in between every process has passed an instruction boundary (vm/heap/retired_literals.h).
#pragma once

#include <atomic>
#include <vector>

#include "vm/heap/literals.h"

namespace joist {

// Immutable.
class LeavingLiterals {
 public:
  explicit LeavingLiterals(std::vector<LiteralSpace::Area> areas);
  LeavingLiterals(const LeavingLiterals&) = delete;
  LeavingLiterals& operator=(const LeavingLiterals&) = delete;

  // Whether the address lies in one of the areas.
  bool contains(Word address) const {
    return address - lowest_ < size_ && index_of(address) != kNone;
  }
  // Which one; kNone: none of them.
  static constexpr size_t kNone = SIZE_MAX;
  size_t index_of(Word address) const;
  size_t count() const { return areas_.size(); }
  const LiteralSpace::Area& area(size_t index) const { return areas_[index]; }

 private:
  std::vector<LiteralSpace::Area> areas_;  // by address
  Word lowest_ = 0;
  Word size_ = 0;  // of what all areas span
};

// What lies at the beginning of a literal space.
struct LeavingControl {
  std::atomic<const LeavingLiterals*> counted;  // null: none
  std::atomic<const LeavingLiterals*> copied;
};

// null: the space has not been made.
inline LeavingControl* leaving_control(const LiteralSpace* space) {
  if (space == nullptr || space->size() == 0) return nullptr;
  return reinterpret_cast<LeavingControl*>(const_cast<char*>(space->base()));
}
inline const LeavingLiterals* counted_leaving(const LiteralSpace* space) {
  const LeavingControl* control = leaving_control(space);
  return control == nullptr ? nullptr : control->counted.load(std::memory_order_acquire);
}
inline const LeavingLiterals* copied_leaving(const LiteralSpace* space) {
  const LeavingControl* control = leaving_control(space);
  return control == nullptr ? nullptr : control->copied.load(std::memory_order_acquire);
}

}  // namespace joist
