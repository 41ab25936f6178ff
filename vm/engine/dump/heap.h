// Terms of processes in the form that OTP's crashdump_viewer reads: each object on a line of its
// own, by its address, and in other lines as a pointer (https://www.erlang.org/doc/apps/erts/
// crash_dump). Nothing is changed by it, and little memory is needed: a bit for each word of a
// heap, to show no object twice.
//
//   y0:H7F01                      an element: pointer, I small, A atom, P pid, p port, N nil
//   7F01:t2:A2:ok,H7F11           a tuple of two
//   7F11:lI1|N                    a list cell
//
// What the format has no words for stands there as something of the same value: a float that is
// held in its word, and a pair of a hash map, get a line with an address that no object has.
#pragma once

#include <memory>
#include <unordered_set>
#include <vector>

#include "vm/engine/dump/output.h"
#include "vm/proc/process.h"

namespace joist {

// Which words of some pieces of memory have been seen.
class SeenWords {
 public:
  void add(const Word* from, const Word* to) {
    if (from < to) ranges_.push_back({from, to, 0});
  }
  // After the last add(). False: no memory; then nothing is ever found.
  bool prepare();
  // Marks it; false: it was marked before, or is in none of the pieces.
  bool mark(const Word* word);

 private:
  struct Range {
    const Word* from;
    const Word* to;
    size_t first_bit;
  };
  struct Free {
    void operator()(uint8_t* bits) const { free(bits); }
  };
  std::vector<Range> ranges_;
  std::unique_ptr<uint8_t, Free> bits_;
};

class HeapDump {
 public:
  HeapDump(const Runtime& runtime, DumpOutput& out);

  // What a line says of a term.
  void element(Term term);
  // A new section, of objects in these pieces of memory. False: no memory for it.
  bool begin_section(SeenWords seen);
  // The lines of all objects that it leads to and that the section has not had yet. Literals wait.
  void objects(Term root);

  // The lines of the literals that came up, or that are named here. After it, nothing else does.
  void literal(Term root);
  void literal_objects();
  // The sections of the off-heap binaries that came up.
  void binaries();

 private:
  void object(Term term);
  void cell(Term term);
  void boxed(Term term);
  void elements(std::span<const Term> terms);
  void flat_map(Term term);
  void hash_node(const Word* words, size_t pairs, size_t children);
  void bits(Term term);
  void bytes_of_binary(Binary* binary, size_t offset, size_t size);
  void match_context(Term term);
  void fun(Term term);
  void external(Term term);
  void number(Term term);
  void follow(std::span<const Term> terms);
  void line(const Word* address);

  const Runtime& runtime_;
  DumpOutput& out_;
  SeenWords seen_;
  SeenWords seen_literals_;
  bool in_literals_ = false;
  std::vector<Term> pending_;
  std::vector<Term> literals_;
  std::unordered_set<Word> floats_;
  std::unordered_set<Binary*> seen_binaries_;
  std::vector<Binary*> binaries_;
};

}  // namespace joist
