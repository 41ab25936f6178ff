// Pids, ports and references to text and back:
//
//   <Node.Number.Serial>   #Port<Node.Number>   #Ref<Node.Word.Word.Word>
//
// Node is 0 for the local one, else the number of the atom that is the node's name. Texts of other
// nodes mean something only while there is a connection to the node; else they are badarg, as in
// ERTS.
#include <algorithm>

#include "bif/list_text.h"
#include "bif/registry.h"
#include "vm/codec/etf.h"
#include "vm/dist/nodes.h"
#include "vm/heap/builder.h"
#include "vm/term/print.h"
#include "vm/term/rules.h"

namespace joist {

namespace {

// No text longer than this is an identifier, whatever its numbers.
constexpr size_t kLongestText = 80;
constexpr unsigned kReferenceBits = 18;  // of a reference's first number

// Reads a text from the left; what does not match makes everything after it fail, too.
class IdentifierReader {
 public:
  explicit IdentifierReader(Term list) {
    ok_ = list_.read(list, kLongestText);
    if (ok_) text_ = list_.text();
  }
  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && text_.empty(); }

  bool accept(std::string_view expected) {
    if (!ok_ || !text_.starts_with(expected)) return false;
    text_.remove_prefix(expected.size());
    return true;
  }
  void expect(std::string_view expected) { ok_ = accept(expected); }
  // At most `limit`; 0 and failure otherwise.
  uint64_t number(uint64_t limit) {
    ok_ = ok_ && !text_.empty() && is_digit(text_.front());
    uint64_t value = 0;
    while (ok_ && !text_.empty() && is_digit(text_.front())) {
      auto digit = static_cast<uint64_t>(text_.front() - '0');
      ok_ = digit <= limit && value <= (limit - digit) / 10;
      value = value * 10 + digit;
      text_.remove_prefix(1);
    }
    return ok_ ? value : 0;
  }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  ListText list_;
  std::string_view text_;
  bool ok_;
};

constexpr uint64_t bits_limit(unsigned bits) { return (uint64_t{1} << bits) - 1; }
bool has_wide_identifiers() { return term_rules().otp_release >= 26; }

template <bool (*kIs)(Term)>
Term identifier_to_list_1(Process& p, Term identifier) {
  if (!kIs(identifier)) return p.badarg();
  return make_string(p.allocator(), term_text(identifier));
}

// Whose identifiers are printed with that number. null: nobody's that is connected.
const Node* node_of_channel(Process& p, uint64_t channel) {
  if (channel == 0 || channel == local_node()->name.atom_index()) return local_node();
  if (channel >= atom_count() || remote_nodes(*p.runtime) == nullptr) return nullptr;
  const Term name = Term::atom(static_cast<uint32_t>(channel));
  Peer* peer = Nodes::of(p).find(name);
  if (peer == nullptr) return nullptr;
  const Peer::Info info = peer->info();
  return info.state == Channel::State::kUp ? intern_node(name, info.creation) : nullptr;
}

Term ref_to_list_1(Process& p, Term reference) {
  if (is_kind(reference, Boxed::kMagicRef)) p.runtime->externals->keep_magic(reference);
  return identifier_to_list_1<is_ref>(p, reference);
}

Term list_to_pid_1(Process& p, Term list) {
  bool wide = has_wide_identifiers();
  IdentifierReader reader(list);
  reader.expect("<");
  const Node* node = node_of_channel(p, reader.number(bits_limit(32)));
  reader.expect(".");
  auto number = static_cast<uint32_t>(reader.number(bits_limit(wide ? kPidNumberBits : 15)));
  reader.expect(".");
  auto serial = static_cast<uint32_t>(reader.number(bits_limit(wide ? kPidSerialBits : 13)));
  reader.expect(">");
  if (!reader.at_end() || node == nullptr) return p.badarg();
  if (node == local_node()) return make_local_pid(number, serial);
  return make_external_pid(p.heap, node, number, serial);
}

Term list_to_port_1(Process& p, Term list) {
  IdentifierReader reader(list);
  reader.expect("#Port<");
  const Node* node = node_of_channel(p, reader.number(bits_limit(32)));
  reader.expect(".");
  uint64_t number = reader.number(bits_limit(has_wide_identifiers() ? kLocalPortBits : 28));
  reader.expect(">");
  if (!reader.at_end() || node == nullptr) return p.badarg();
  return node == local_node() ? Term::local_port(number) : make_external_port(p.heap, node, number);
}

Term list_to_ref_1(Process& p, Term list) {
  IdentifierReader reader(list);
  RefNumbers numbers{};
  reader.expect("#Ref<");
  const Node* node = node_of_channel(p, reader.number(bits_limit(32)));
  while (numbers.count < std::size(numbers.number) && reader.accept(".")) {
    numbers.number[numbers.count++] = static_cast<uint32_t>(reader.number(bits_limit(32)));
  }
  reader.expect(">");
  // Printed from the last number to the first.
  std::reverse(numbers.number, numbers.number + numbers.count);
  bool right_count = numbers.count == 3 || (has_wide_identifiers() && numbers.count == 5);
  if (!reader.at_end() || !right_count || numbers.number[0] > bits_limit(kReferenceBits) ||
      node == nullptr) {
    return p.badarg();
  }
  if (node != local_node()) return make_external_ref(p.heap, node, numbers);
  Binary* magic = p.runtime->externals->find_magic(numbers);
  if (magic != nullptr) return make_magic_ref(p.heap, numbers, magic);
  return make_ref(p.allocator(), numbers);
}

constexpr NativeEntry kErlangIdentifierNatives[] = {
    {"erlang", "list_to_pid", native<list_to_pid_1>},
    {"erlang", "list_to_port", native<list_to_port_1>},
    {"erlang", "list_to_ref", native<list_to_ref_1>},
    {"erlang", "pid_to_list", native<identifier_to_list_1<is_pid>>},
    {"erlang", "port_to_list", native<identifier_to_list_1<is_port>>},
    {"erlang", "ref_to_list", native<ref_to_list_1>},
};

}  // namespace

std::span<const NativeEntry> erlang_identifier_natives() { return kErlangIdentifierNatives; }

}  // namespace joist
