// The external term format (erts documentation, "External Term Format"): terms to bytes and back.
//
//   131 term                          what term_to_binary makes
//   131 80 size:32 zlib(term)         compressed
//   131 121 hash:32 term              `local`: pids, ports and references without their node; the
//                                     hash tells whether this VM made it
//
// Decoding takes two passes. The first checks the structure and counts the words of the result;
// it needs no memory, and refuses counts that the input is too short for. The second builds the
// term in one piece. Both are iterative. Encoding runs one walk over the term, over a sink that
// counts or over one that writes, so that sizes and bytes cannot disagree.
//
// Nothing here knows code or process tables: an ExternalResolver finds what funs, references and
// records stand for.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "vm/base/bytes.h"
#include "vm/base/progress.h"
#include "vm/codec/atom_references.h"
#include "vm/heap/allocator.h"
#include "vm/term/node.h"

namespace joist {

// How the external format names a fun.
struct ExternalFun {
  Term module;
  uint32_t index;
  uint32_t old_index;
  uint32_t old_unique;
  const uint8_t* unique;  // 16 bytes
  uint32_t arity;         // as the caller sees it
  uint32_t free_count;
};

// What decoding asks the VM for. A null result refuses the input; the default answers know
// nothing.
class ExternalResolver {
 public:
  // Only existing: a function that is not loaded is refused (option `safe`).
  virtual const ExportIdentity* find_export(const Mfa&, bool /*only_existing*/) { return nullptr; }
  // The entry of that fun, or a new one that no code stands behind yet.
  virtual const FunIdentity* find_fun(const ExternalFun&) { return nullptr; }
  virtual const RecordDefinition* find_record(Term /*module*/, Term /*name*/, bool /*exported*/,
                                              std::span<const Term> /*fields*/) {
    return nullptr;
  }
  // What a magic reference of this VM stands for, with a reference for the caller; null: these
  // are the numbers of an ordinary reference.
  virtual Binary* find_magic(const RefNumbers&) { return nullptr; }
  // A magic reference is being encoded: find_magic() must know it from now on.
  virtual void keep_magic(Term /*reference*/) {}

 protected:
  ~ExternalResolver() = default;
};

struct DecodeOptions {
  bool has_version = true;          // starts with 131; otherwise a bare term (distribution)
  bool safe = false;                // no new atoms, no functions that are not loaded
  const Node* this_node = nullptr;  // null: nonode@nohost
  uint64_t local_key = 0;           // keys the hash of `local`; see EncodeOptions
  ExternalResolver* resolver = nullptr;
  std::span<const Term> atom_cache;  // what ATOM_CACHE_REF refers to (distribution)
};

struct Decoded {
  Term term;
  size_t used;  // bytes of the input, version byte included
};

// nullopt: not a valid external term. Then nothing is left on the heap but garbage that a
// collector can read.
std::optional<Decoded> decode_external(ByteSpan bytes, Allocator& heap,
                                       const DecodeOptions& options);

struct EncodeOptions {
  bool has_version = true;          // starts with 131; otherwise a bare term (distribution)
  bool utf8_atoms = true;           // else Latin-1 names as ATOM_EXT (term_to_binary before OTP 26)
  bool new_floats = true;           // else 31 characters (minor_version 0)
  bool v4_ports = true;             // else NEW_PORT_EXT where the number fits (before OTP 26)
  bool init_creates_funs = true;    // pid in funs: that of init; else the creator (before OTP 27)
  bool deterministic = false;       // pairs of maps in the order of their keys
  bool local = false;               // LOCAL_EXT
  const Node* this_node = nullptr;  // null: nonode@nohost
  uint64_t local_key = 0;           // secret of this VM: others' local terms are refused
  ExternalResolver* resolver = nullptr;
  // Not null: atoms that get a number there are written as that (distribution).
  AtomReferences* atoms = nullptr;
  // Aliases take their owner along, so that they are still aliases when they come back
  // (distribution).
  bool whole_aliases = false;

  // What term_to_binary/1 of that OTP release does.
  static EncodeOptions of_release(int otp_release);
};

// Bytes of the external form, version byte included. nullopt: a binary in it is too long for the
// format.
std::optional<size_t> external_size(Term term, const EncodeOptions& options);
// The same, or nullopt because it takes more than the budget.
std::optional<size_t> external_size(Term term, const EncodeOptions& options, int64_t* budget);
// Writes exactly external_size() bytes.
void encode_external(Term term, const EncodeOptions& options, uint8_t* bytes);
// The external form as a binary term. level 0: not compressed; else zlib's level, or -1 for its
// default. none(): too long for the format.
Term external_binary(Allocator& heap, Term term, const EncodeOptions& options, int level = 0);

// The same three in slices; what they refuse is too long for the format, or no external term.
// Terms and input must stay where they are meanwhile.

class ExternalMeasure {
 public:
  ExternalMeasure(Term term, const EncodeOptions& options);
  ExternalMeasure(ExternalMeasure&&);
  ~ExternalMeasure();
  Progress run(int64_t* budget);
  size_t size() const;  // when done

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class ExternalEncoding {
 public:
  ExternalEncoding(Allocator& heap, Term term, const EncodeOptions& options, int level);
  ExternalEncoding(ExternalEncoding&&);
  ~ExternalEncoding();
  Progress run(int64_t* budget);
  Term result() const;  // a binary, when done

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class ExternalDecoding {
 public:
  ExternalDecoding(Allocator& heap, ByteSpan bytes, const DecodeOptions& options);
  ExternalDecoding(ExternalDecoding&&);
  ~ExternalDecoding();
  Progress run(int64_t* budget);
  Decoded result() const;  // when done

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace joist
