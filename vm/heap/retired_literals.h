// Literal areas of purged code and of persistent terms that were replaced, which heaps may still
// refer to: they are released when every process has copied what it refers to.
//
// OTP's process erts_literal_area_collector does the asking: it is told that there is something to
// release, asks every process for something in turn, and calls next_round() when all have answered.
// One collection takes three rounds, for the reason that is told in vm/heap/leaving_literals.h:
//
//   counted:  those who measure a copy know of the areas once they have answered
//   copied:   nobody shares the areas' literals with others once all have answered
//   searched: all heaps, messages and registers are rid of them once all have answered
//
// Thread-safe.
#pragma once

#include <memory>
#include <vector>

#include "vm/base/sync.h"
#include "vm/heap/leaving_literals.h"

namespace joist {

class RetiredLiterals {
 public:
  explicit RetiredLiterals(LiteralSpace& space) : space_(space) {}
  ~RetiredLiterals();
  RetiredLiterals(const RetiredLiterals&) = delete;
  RetiredLiterals& operator=(const RetiredLiterals&) = delete;

  void add(const LiteralSpace::Area& area);
  // Once for each time there is something to collect and no collection goes on: whoever is told
  // makes the collector begin.
  bool take_news() { return has_news_.exchange(false, std::memory_order_acq_rel); }

  // When nobody is asked any more. True: all processes are to be asked; false: there is nothing to
  // do until the next news.
  bool next_round();
  // How much the next round releases, which takes long when it is much.
  size_t words_to_release();
  // What the processes that are asked now must be rid of before they answer; null: nothing.
  const LeavingLiterals* searched() const {
    return is_searching_.load(std::memory_order_acquire) ? copied_leaving(&space_) : nullptr;
  }

  // The process that asks; set before others run. none(): there is none, and areas stay.
  void set_collector(Term pid) { collector_ = pid; }
  Term collector() const { return collector_; }

 private:
  enum class Round { kIdle, kCounted, kCopied, kSearched };
  bool begin() JOIST_REQUIRES(mutex_);
  void finish();

  LiteralSpace& space_;
  Term collector_ = Term::none();
  std::atomic<bool> has_news_{false};
  std::atomic<bool> is_searching_{false};
  Mutex mutex_;
  Round round_ JOIST_GUARDED_BY(mutex_) = Round::kIdle;
  std::vector<LiteralSpace::Area> waiting_ JOIST_GUARDED_BY(mutex_);
  std::unique_ptr<LeavingLiterals> leaving_ JOIST_GUARDED_BY(mutex_);
  // Of the collection before: a copy that has begun then may still look at it.
  std::unique_ptr<LeavingLiterals> former_ JOIST_GUARDED_BY(mutex_);
};

}  // namespace joist
