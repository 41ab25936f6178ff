#include "vm/engine/dump/heap.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>

#include "vm/codec/etf.h"
#include "vm/heap/builder.h"
#include "vm/term/atom.h"
#include "vm/term/bits.h"
#include "vm/term/hamt.h"
#include "vm/term/map.h"
#include "vm/term/print.h"

namespace joist {

// --- what has been seen ---

bool SeenWords::prepare() {
  std::sort(ranges_.begin(), ranges_.end(),
            [](const Range& a, const Range& b) { return a.from < b.from; });
  size_t bit = 0;
  for (Range& range : ranges_) {
    range.first_bit = bit;
    bit += static_cast<size_t>(range.to - range.from);
  }
  bits_.reset(static_cast<uint8_t*>(calloc(bit / 8 + 1, 1)));
  if (bits_ == nullptr) ranges_.clear();
  return bits_ != nullptr;
}

bool SeenWords::mark(const Word* word) {
  auto after =
      std::upper_bound(ranges_.begin(), ranges_.end(), word,
                       [](const Word* wanted, const Range& range) { return wanted < range.from; });
  if (after == ranges_.begin()) return false;
  const Range& range = after[-1];
  if (word >= range.to || reinterpret_cast<uintptr_t>(word) % sizeof(Word) != 0) return false;
  const size_t bit = range.first_bit + static_cast<size_t>(word - range.from);
  uint8_t& byte = bits_.get()[bit / 8];
  const auto mask = static_cast<uint8_t>(1 << bit % 8);
  if ((byte & mask) != 0) return false;
  byte |= mask;
  return true;
}

// --- elements ---

HeapDump::HeapDump(const Runtime& runtime, DumpOutput& out) : runtime_(runtime), out_(out) {
  const char* base = runtime.literals->base();
  seen_literals_.add(reinterpret_cast<const Word*>(base),
                     reinterpret_cast<const Word*>(base + runtime.literals->size()));
  seen_literals_.prepare();
}

void HeapDump::element(Term term) {
  if (term.is_pointer()) {
    out_.print("H%" PRIX64, term.bits() & ~Word{7});
  } else if (term.is_word_float()) {
    out_.print("H%" PRIX64, term.bits());
  } else if (term.is_small()) {
    out_.print("I%" PRId64, term.small_value());
  } else if (term.is_atom()) {
    const std::string_view name = atom_text(term);
    out_.print("A%zX:", name.size());
    out_.text(name);
  } else if (term.is_local_pid()) {
    out_.byte('P');
    out_.term(term);
  } else if (term.is_local_port()) {
    out_.print("p<0.%" PRIu64 ">", term.payload());
  } else {
    out_.byte('N');
  }
}

void HeapDump::elements(std::span<const Term> terms) {
  for (size_t i = 0; i < terms.size(); ++i) {
    if (i != 0) out_.byte(',');
    element(terms[i]);
  }
}

void HeapDump::line(const Word* address) {
  out_.print("%" PRIXPTR ":", reinterpret_cast<uintptr_t>(address));
}

// The first of them comes next, so that no more wait than the term is deep.
void HeapDump::follow(std::span<const Term> terms) {
  for (size_t i = terms.size(); i-- > 0;) {
    if (terms[i].is_pointer() || terms[i].is_word_float()) pending_.push_back(terms[i]);
  }
}

// --- sections ---

bool HeapDump::begin_section(SeenWords seen) {
  seen_ = std::move(seen);
  floats_.clear();
  return seen_.prepare();
}

void HeapDump::objects(Term root) {
  pending_.push_back(root);
  while (!pending_.empty()) {
    const Term term = pending_.back();
    pending_.pop_back();
    if (term.is_word_float()) {
      number(term);
    } else if (term.is_pointer()) {
      const Word* address = reinterpret_cast<const Word*>(term.bits() & ~Word{7});
      if (!in_literals_ && runtime_.literals->contains(address)) {
        literal(term);
      } else if ((in_literals_ ? seen_literals_ : seen_).mark(address)) {
        object(term);
      }
    }
  }
}

void HeapDump::literal(Term root) {
  if (root.is_pointer() || root.is_word_float()) literals_.push_back(root);
}

void HeapDump::literal_objects() {
  in_literals_ = true;
  floats_.clear();
  for (const Term root : literals_) objects(root);
}

void HeapDump::binaries() {
  for (Binary* binary : binaries_) {
    out_.print("=binary:%" PRIXPTR "\n%zX:", reinterpret_cast<uintptr_t>(binary), binary->capacity);
    out_.base64({binary->bytes, binary->capacity});
    out_.byte('\n');
  }
}

// --- objects ---

void HeapDump::object(Term term) {
  if (term.is_list()) return cell(term);
  // What a collection has moved away has no header any more.
  if (Term::from_bits(term.header()).is_header()) boxed(term);
}

void HeapDump::cell(Term term) {
  line(term.cell());
  out_.byte('l');
  element(term.head());
  out_.byte('|');
  element(term.tail());
  out_.byte('\n');
  const Term both[] = {term.head(), term.tail()};
  follow(both);
}

void HeapDump::boxed(Term term) {
  const Word* words = object_words(term);
  const std::span<const Term> terms = {term_words(object_words(term)), header_words(term.header())};
  switch (header_kind(term.header())) {
    case Boxed::kTuple:
    case Boxed::kRecord: {
      // A native record as {Name, Value...}.
      line(term.object());
      out_.print("t%zX:", terms.size());
      const bool is_record = header_kind(term.header()) == Boxed::kRecord;
      if (is_record) element(record_definition(term)->name);
      if (is_record && terms.size() > 1) out_.byte(',');
      elements(terms.subspan(is_record ? 1 : 0));
      out_.byte('\n');
      return follow(terms.subspan(is_record ? 1 : 0));
    }
    case Boxed::kFlatMap:
      return flat_map(term);
    case Boxed::kHashMap:
      line(term.object());
      out_.print("Mh%" PRIX64 ":", words[0]);
      return hash_node(words + 2, hamt_pair_count(words[1]), hamt_child_count(words[1]));
    case Boxed::kHashNode:
      line(term.object());
      out_.text("Mn");
      return hash_node(words + 1, hamt_pair_count(words[0]), hamt_child_count(words[0]));
    case Boxed::kCollisionNode:
      line(term.object());
      out_.text("Mn");
      return hash_node(words + 1, hamt_collision_pairs(words), 0);
    case Boxed::kLocalFun:
      return fun(term);
    case Boxed::kPositiveBig:
    case Boxed::kNegativeBig:
      line(term.object());
      out_.byte('B');
      out_.term(term);
      return out_.byte('\n');
    case Boxed::kFloat:
      return number(term);
    case Boxed::kHeapBits:
    case Boxed::kSubBits:
      return bits(term);
    case Boxed::kMatchContext:
      return match_context(term);
    case Boxed::kExternalPid:
      line(term.object());
      out_.byte('P');
      out_.term(term);
      return out_.byte('\n');
    case Boxed::kExternalPort: {
      const std::string text = term_text(term);
      line(term.object());
      out_.byte('p');
      out_.text(std::string_view(text).substr(text.find('<')));
      return out_.byte('\n');
    }
    case Boxed::kExportFun:
    case Boxed::kRef:
    case Boxed::kMagicRef:
    case Boxed::kExternalRef:
      line(term.object());
      return external(term);
    case Boxed::kBinRef:
    case Boxed::kFiller:
    case Boxed::kCount:
      return;
  }
}

void HeapDump::flat_map(Term term) {
  const std::span<const Term> terms = {term_words(object_words(term)), header_words(term.header())};
  line(term.object());
  out_.print("Mf%zX:", terms.size() - 1);
  element(terms[0]);
  out_.byte(':');
  elements(terms.subspan(1));
  out_.byte('\n');
  follow(terms);
}

// A pair is a list cell [Key | Value] at the place of its key.
void HeapDump::hash_node(const Word* words, size_t pairs, size_t children) {
  const auto* entries = reinterpret_cast<const Term*>(words);
  out_.print("%zX:", pairs + children);
  for (size_t i = 0; i < pairs; ++i) {
    if (i != 0) out_.byte(',');
    out_.print("H%" PRIXPTR, reinterpret_cast<uintptr_t>(entries + 2 * i));
  }
  if (pairs != 0 && children != 0) out_.byte(',');
  elements({entries + 2 * pairs, children});
  out_.byte('\n');
  for (size_t i = 0; i < pairs; ++i) {
    line(words + 2 * i);
    out_.byte('l');
    element(entries[2 * i]);
    out_.byte('|');
    element(entries[2 * i + 1]);
    out_.byte('\n');
  }
  follow({entries, 2 * pairs + children});
}

void HeapDump::number(Term term) {
  if (term.is_word_float() && !floats_.insert(term.bits()).second) return;
  char text[32];
  const int length = std::snprintf(text, sizeof text, "%.20e", float_value(term));
  const uintptr_t address =
      term.is_word_float() ? term.bits() : reinterpret_cast<uintptr_t>(term.object());
  out_.print("%" PRIXPTR ":F%X:%s\n", address, static_cast<unsigned>(length), text);
}

// --- bitstrings ---

void HeapDump::bytes_of_binary(Binary* binary, size_t offset, size_t size) {
  out_.print("Yc%" PRIXPTR ":%zX:%zX\n", reinterpret_cast<uintptr_t>(binary), offset, size);
  if (seen_binaries_.insert(binary).second) binaries_.push_back(binary);
}

void HeapDump::bits(Term term) {
  line(term.object());
  const size_t size = bits_size(term);
  if (header_kind(term.header()) == Boxed::kSubBits) {
    const auto& view = *reinterpret_cast<const SubBits*>(term.object());
    if (size % 8 == 0 && view.bit_offset % 8 == 0) {
      const auto* holder = reinterpret_cast<const OffHeap*>(view.holder.object());
      return bytes_of_binary(holder->binary, view.bit_offset / 8, size / 8);
    }
    return external(term);
  }
  if (size % 8 != 0) return external(term);
  out_.print("Yh%zX:", size / 8);
  out_.base64({reinterpret_cast<const HeapBits*>(term.object())->bytes, size / 8});
  out_.byte('\n');
}

// What is left of the binary, in whole bytes.
void HeapDump::match_context(Term term) {
  const auto& context = *reinterpret_cast<const MatchContext*>(term.object());
  const size_t offset = context.position / 8;
  const size_t size = context.end / 8 > offset ? context.end / 8 - offset : 0;
  line(term.object());
  if (is_kind(context.holder, Boxed::kBinRef)) {
    const auto* holder = reinterpret_cast<const OffHeap*>(context.holder.object());
    return bytes_of_binary(holder->binary, offset, size);
  }
  out_.print("Ys%" PRIXPTR ":%zX:%zX\n", reinterpret_cast<uintptr_t>(context.holder.object()),
             offset, size);
  follow({&context.holder, 1});
}

// --- in the external format ---

// As OTP, a fun without the values of its free variables: the viewer has no use for them.
void HeapDump::fun(Term term) {
  Allocator scratch;
  const std::vector<Term> nothing(local_fun_environment(term).size(), Term::nil());
  line(term.object());
  external(make_local_fun(scratch, local_fun_identity(term), local_fun_creator(term), nothing));
}

void HeapDump::external(Term term) {
  const EncodeOptions options = EncodeOptions::of_release(runtime_.otp_release);
  const std::optional<size_t> size = external_size(term, options);
  std::vector<uint8_t> bytes(size.value_or(0));
  if (size) encode_external(term, options, bytes.data());
  out_.print("E%zX:", bytes.size());
  out_.base64(bytes);
  out_.byte('\n');
}

}  // namespace joist
