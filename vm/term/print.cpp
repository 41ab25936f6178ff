#include "vm/term/print.h"

#include <gmp.h>

#include <cstdarg>
#include <cstdio>
#include <string_view>
#include <vector>

#include "vm/term/atom.h"
#include "vm/term/bits.h"
#include "vm/term/compare_scalars.h"
#include "vm/term/map.h"
#include "vm/term/node.h"
#include "vm/term/word_stack.h"

namespace joist {
namespace {

bool is_digit(unsigned c) { return c >= '0' && c <= '9'; }
bool is_lower(unsigned c) {
  return (c >= 'a' && c <= 'z') || (c >= 0xdf && c <= 0xff && c != 0xf7);
}
bool is_upper(unsigned c) {
  return (c >= 'A' && c <= 'Z') || (c >= 0xc0 && c <= 0xde && c != 0xd7);
}
bool is_control(unsigned c) { return c < ' ' || c == 127 || (c >= 0x80 && c < 0xa0); }
bool is_space(unsigned c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

// The character at *place, which moves behind it; beyond Latin-1 just 256.
unsigned next_character(std::string_view text, size_t* place) {
  uint8_t first = static_cast<uint8_t>(text[(*place)++]);
  if (first < 0x80) return first;
  unsigned character = 256;
  if (first <= 0xc3) character = (first & 3u) << 6 | (static_cast<uint8_t>(text[*place]) & 0x3fu);
  while (*place < text.size() && (text[*place] & 0xc0) == 0x80) ++*place;
  return character;
}

bool needs_quotes(std::string_view name) {
  if (name.empty()) return true;
  size_t place = 0;
  if (!is_lower(next_character(name, &place))) return true;
  while (place < name.size()) {
    unsigned c = next_character(name, &place);
    if (!is_digit(c) && !is_lower(c) && !is_upper(c) && c != '_') return true;
  }
  return false;
}

const char* escape_of(unsigned c) {
  switch (c) {
    case '\'':
      return "\\'";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\f':
      return "\\f";
    case '\t':
      return "\\t";
    case '\r':
      return "\\r";
    case '\b':
      return "\\b";
    case '\v':
      return "\\v";
    default:
      return nullptr;
  }
}

// Whether the list is a string that is shown as such: proper, not empty, printable Latin-1.
bool is_printable_string(Term list) {
  for (; list.is_list(); list = list.tail()) {
    Term head = list.head();
    if ((head.bits() & ~Word{0x3fc}) != 0) return false;
    unsigned c = static_cast<unsigned>(head.small_value());
    if (is_control(c) && !is_space(c)) return false;
  }
  return list.is_nil();
}

class Printer {
 public:
  Printer(std::string& text, int64_t limit) : text_(text), left_(limit) {}

  void run(Term term) {
    do {
      if (left_-- <= 0) break;
      step(term);
    } while (!cut_ && next(&term));
    if (left_ <= 0) text_ += "... ";
  }

 private:
  enum : unsigned { kText, kCons, kArray };
  enum : unsigned { kComma, kBar, kCloseList, kCloseTuple, kAssociation, kEquals };

  // The next term to show, after the signs before it.
  bool next(Term* term) {
    static constexpr std::string_view kTexts[] = {",", "|", "]", "}", "=>", "="};
    while (!stack_.empty()) {
      Word top = stack_.pop();
      if (!WordStack::is_operation(top)) {
        *term = Term::from_bits(top);
        return true;
      }
      size_t argument = WordStack::operation_argument(top);
      switch (WordStack::operation_code(top)) {
        case kText:
          text_ += kTexts[argument];
          break;
        case kCons:
          *term = open_cons(stack_.pop_term());
          return true;
        default: {  // kArray
          const Term* place = stack_.pop_place();
          if (argument > 1) {
            push_array(place + 1, argument - 1);
            push_text(kComma);
          }
          *term = *place;
          return true;
        }
      }
    }
    return false;
  }

  void push_text(unsigned which) { stack_.push(WordStack::operation(kText, which)); }
  void push_array(const Term* place, size_t count) {
    stack_.push(place);
    stack_.push(WordStack::operation(kArray, count));
  }
  // Head of a list cell whose rest is pushed.
  Term open_cons(Term list) {
    Term tail = list.tail();
    if (tail.is_list()) {
      stack_.push(tail);
      stack_.push(WordStack::operation(kCons));
      push_text(kComma);
    } else if (!tail.is_nil()) {
      stack_.push(tail);
      push_text(kBar);
    }
    return list.head();
  }

  [[gnu::format(printf, 2, 3)]] void add(const char* format, ...) {
    char buffer[80];
    va_list arguments;
    va_start(arguments, format);
    int count = std::vsnprintf(buffer, sizeof(buffer), format, arguments);
    va_end(arguments);
    text_.append(buffer, static_cast<size_t>(count));
  }

  void step(Term term) {
    if (term.is_small()) return add("%ld", static_cast<long>(term.small_value()));
    if (term.is_word_float()) return add("%.6e", term.word_float_value());
    if (term.is_list()) return step_list(term);
    if (term.is_boxed()) return step_boxed(term);
    if (term.is_nil()) {
      text_ += "[]";
    } else if (term.is_atom()) {
      step_atom(term);
    } else if (term.is_local_pid() || term.is_local_port()) {
      step_identifier(term);
    } else if (term.is_none()) {
      text_ += "<none>";
    } else if (term.is_catch()) {
      add("<catch:%lu>", static_cast<unsigned long>(term.payload()));
    } else {
      add("<cp/header:%#lx>", static_cast<unsigned long>(term.bits()));
    }
  }

  void step_atom(Term atom) {
    print_atom(text_, atom);
    left_ -= static_cast<int64_t>(atom_text(atom).size());
    if (left_ <= 0) cut_ = true;
  }

  void step_list(Term list) {
    if (!is_printable_string(list)) {
      text_ += '[';
      push_text(kCloseList);
      stack_.push(list);
      stack_.push(WordStack::operation(kCons));
      return;
    }
    text_ += '"';
    for (; list.is_list(); list = list.tail()) {
      if (left_-- <= 0) {
        cut_ = true;
        return;
      }
      char c = static_cast<char>(list.head().small_value());
      if (c == '\n') {
        text_ += "\\n";
        continue;
      }
      if (c == '"') text_ += '\\';
      text_ += c;
    }
    text_ += '"';
  }

  void step_boxed(Term term) {
    switch (header_kind(term.header())) {
      case Boxed::kTuple:
        text_ += '{';
        push_text(kCloseTuple);
        if (tuple_size(term) > 0) push_array(tuple_elements(term).data(), tuple_size(term));
        return;
      case Boxed::kFlatMap:
      case Boxed::kHashMap:
        return step_map(term);
      case Boxed::kLocalFun:
      case Boxed::kExportFun:
        return step_fun(term);
      case Boxed::kRecord:
        return step_record(term);
      case Boxed::kPositiveBig:
      case Boxed::kNegativeBig:
        return step_big(term);
      case Boxed::kFloat:
        return add("%.6e", float_value(term));
      case Boxed::kHeapBits:
      case Boxed::kSubBits:
        return step_bits(bits_view(term));
      case Boxed::kMatchContext:
        text_ += "#MatchState";
        return;
      case Boxed::kBinRef:
        text_ += "#BinRef";
        return;
      case Boxed::kHashNode:
      case Boxed::kCollisionNode:
      case Boxed::kFiller:
      case Boxed::kCount:
        return add("<%s>", kind_info(header_kind(term.header())).name);
      default:
        return step_identifier(term);
    }
  }

  void step_big(Term term) {
    std::span<const Word> limbs = big_limbs(term);
    std::vector<mp_limb_t> magnitude(limbs.begin(), limbs.end());
    std::string digits(limbs.size() * 20 + 1, '\0');
    size_t count = mpn_get_str(reinterpret_cast<unsigned char*>(digits.data()), 10,
                               magnitude.data(), static_cast<mp_size_t>(magnitude.size()));
    if (big_is_negative(term)) text_ += '-';
    size_t first = 0;
    while (first + 1 < count && digits[first] == 0) ++first;
    for (size_t i = first; i < count; ++i) text_ += static_cast<char>('0' + digits[i]);
  }

  // Bytes that are all printable ASCII are shown as a string.
  void step_bits(BitsView view) {
    size_t count = view.size / 8;
    size_t rest = view.size % 8;
    auto byte_at = [view](size_t i) {
      return static_cast<unsigned>(load_bits(view.base, view.offset + 8 * i, 8));
    };
    bool printable = rest == 0 && count > 0;
    for (size_t i = 0; printable && i < count; ++i) {
      unsigned byte = byte_at(i);
      printable = byte >= ' ' && byte < 127;
    }
    text_ += printable ? "<<\"" : "<<";
    for (size_t i = 0; i < count; ++i) {
      unsigned byte = byte_at(i);
      if (printable) {
        if (byte == '"') text_ += '\\';
        text_ += static_cast<char>(byte);
      } else {
        add(i == 0 ? "%u" : ",%u", byte);
      }
      if (left_-- <= 0) {
        cut_ = true;
        return;
      }
    }
    if (rest != 0) {
      uint64_t bits = load_bits(view.base, view.offset + 8 * count, rest);
      add(count == 0 ? "%u:%u" : ",%u:%u", static_cast<unsigned>(bits),
          static_cast<unsigned>(rest));
    }
    text_ += printable ? "\">>" : ">>";
  }

  void step_map(Term map) {
    std::vector<Term> pairs;
    MapIterator iterator(map);
    Term key, value;
    while (iterator.next(&key, &value)) {
      pairs.push_back(key);
      pairs.push_back(value);
    }
    text_ += "#{";
    push_text(kCloseTuple);
    for (size_t i = pairs.size(); i > 0; i -= 2) {
      if (i < pairs.size()) push_text(kComma);
      push_binding(pairs[i - 2], kAssociation, pairs[i - 1]);
    }
  }
  void push_binding(Term key, unsigned sign, Term value) {
    stack_.push(value);
    push_text(sign);
    stack_.push(key);
  }

  void step_record(Term record) {
    const RecordDefinition& definition = *record_definition(record);
    std::span<Term> values = record_values(record);
    text_ += '#';
    step_atom(definition.module);
    if (cut_) return;
    text_ += ':';
    step_atom(definition.name);
    if (cut_) return;
    text_ += '{';
    push_text(kCloseTuple);
    for (size_t i = values.size(); i-- > 0;) {
      if (i + 1 < values.size()) push_text(kComma);
      push_binding(definition.fields[i], kEquals, values[i]);
    }
  }

  void step_fun(Term fun) {
    if (is_kind(fun, Boxed::kExportFun)) {
      // Never cut in the middle.
      const Mfa& mfa = export_fun_identity(fun)->mfa;
      text_ += "fun ";
      print_atom(text_, mfa.module);
      text_ += ':';
      print_atom(text_, mfa.function);
      left_ -= static_cast<int64_t>(atom_text(mfa.module).size() + atom_text(mfa.function).size());
      return add("/%u", mfa.arity);
    }
    const FunIdentity& identity = *local_fun_identity(fun);
    text_ += "#Fun<";
    text_ += atom_text(identity.module);
    add(".%u.%d>", identity.index, static_cast<int32_t>(identity.old_unique));
  }

  // The first number tells nodes apart: 0 for this one, else its name's index.
  void step_identifier(Term term) {
    const Node* node = node_of(term);
    unsigned channel = node == local_node() ? 0 : node->name.atom_index();
    switch (type_rank(term)) {
      case TypeRank::kPid: {
        PidNumbers numbers = pid_numbers(term);
        return add("<%u.%lu.%lu>", channel, static_cast<unsigned long>(numbers.number),
                   static_cast<unsigned long>(numbers.serial));
      }
      case TypeRank::kPort:
        return add("#Port<%u.%lu>", channel, static_cast<unsigned long>(port_number(term)));
      default:
        break;
    }
    const RefNumbers& numbers = ref_numbers(term);
    add("#Ref<%u", channel);
    for (uint32_t i = numbers.count; i-- > 0;) add(".%u", numbers.number[i]);
    text_ += '>';
  }

  std::string& text_;
  int64_t left_;
  bool cut_ = false;  // the limit was reached inside a term
  WordStack stack_;
};

}  // namespace

void print_term(std::string& text, Term term, int64_t limit) { Printer(text, limit).run(term); }

void print_atom(std::string& text, Term atom) {
  std::string_view name = atom_text(atom);
  bool quotes = needs_quotes(name);
  if (quotes) text += '\'';
  for (size_t place = 0; place < name.size();) {
    size_t start = place;
    unsigned c = next_character(name, &place);
    if (const char* escape = escape_of(c); escape != nullptr) {
      text += escape;
    } else if (c < ' ' || (c >= 0x80 && c < 0xa0)) {
      char octal[8];
      std::snprintf(octal, sizeof(octal), "\\%03o", c);
      text += octal;
    } else {
      text += name.substr(start, place - start);
    }
  }
  if (quotes) text += '\'';
}

}  // namespace joist
