// What erlang:fun_info(Fun, refc) tells: how many funs of an entry there are, and one more if the
// code they run is loaded.
//
// Funs are not counted as they come and go, which every fun would pay for; they are looked for when
// somebody asks, while nobody changes heaps. As in OTP a fun counts until its memory is given back,
// dead or not.
#pragma once

#include <unordered_map>

#include "vm/ets/store.h"
#include "vm/proc/process.h"

namespace joist {

struct FunEntry;
class EtsTables;

class FunCount final : private RowVisitor {
 public:
  void add(const FunIdentity& fun) { found_[word_of(fun)] = 0; }

  // Its heap and messages.
  void look_at(const Process& process);
  // Literals of code that is loaded, and persistent terms.
  void look_at_literals(const Runtime& runtime);
  // All rows, under the locks of where they are.
  void look_at_tables(EtsTables& tables, ReaderSlot* reader);

  size_t references(const FunEntry& fun) const;
  size_t words_seen() const { return words_seen_; }

 private:
  static Word word_of(const FunIdentity& fun) { return reinterpret_cast<Word>(&fun); }
  void look(const Word* words, size_t count);
  RowAction visit(EtsObject& row, EtsObject** replacement) override;
  bool wants_more() override { return true; }

  std::unordered_map<Word, size_t> found_;  // by the address of what identifies it
  size_t words_seen_ = 0;
};

// Of all processes, tables and literals, with the schedulers standing still (vm/sched/exclusive.h).
// Left out is what changes even so: processes that a dirty thread runs, and signals on their way.
// Charged to `p`.
size_t count_references(Process& p, const FunEntry& fun);

}  // namespace joist
