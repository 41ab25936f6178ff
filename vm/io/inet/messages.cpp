// What sockets send to processes.
#include "vm/codec/etf.h"
#include "vm/io/inet/inet_driver.h"
#include "vm/os/posix_error.h"
#include "vm/proc/runtime.h"
#include "vm/term/atoms_net.h"
#include "vm/term/rules.h"

namespace joist::inet {

namespace {

// From this release on a command begins with the tag of its answer: size:16, external term.
constexpr int kTaggedSince = 26;

}  // namespace

Term InetDriver::error_atom(int posix_error) const {
  return must_atom(posix_error_name(posix_error));
}

void InetDriver::send_term(Term to, Term message) {
  if (!to.is_local_pid()) return;
  const LiteralSpace* literals = port_.runtime().literals;
  port_.send(to, new_signal_of(SignalKind::kMessage, port_.id(), message, literals));
}

// --- the results of operations ---

void InetDriver::finish(const Operation& operation, Term status) {
  Allocator scratch;
  send_term(operation.caller, make_tuple(scratch, {atoms::inet_async, port_.id(),
                                                   Term::small(operation.id), status}));
}

void InetDriver::finish_error(const Operation& operation, Term reason) {
  Allocator scratch;
  finish(operation, make_tuple(scratch, {atoms::error, reason}));
}

void InetDriver::finish_error(const Operation& operation, int posix_error) {
  finish_error(operation, error_atom(posix_error));
}

// --- the results of commands ---

bool InetDriver::take_sender(OutputData& data, Sender* sender) {
  *sender = Sender();
  sender->pid = port_.caller();
  if (sender->pid.is_none() || term_rules().otp_release < kTaggedSince) return true;
  uint8_t size[2];
  if (!data.take(size)) return false;
  sender->tag.resize(size_t{size[0]} << 8 | size[1]);
  return data.take(sender->tag);
}

void InetDriver::answer(Sender& sender, Term status) {
  const Sender to = std::exchange(sender, Sender());
  if (!to.pid.is_local_pid()) return;
  if (to.tag.empty() && status.is_atom()) {
    return send_built(to.pid, 4, [&](Allocator& heap) {
      return make_tuple(heap, {atoms::inet_reply, port_.id(), status});
    });
  }
  Allocator scratch;
  if (to.tag.empty()) {
    return send_term(to.pid, make_tuple(scratch, {atoms::inet_reply, port_.id(), status}));
  }
  DecodeOptions options;
  options.local_key = port_.runtime().local_term_key;
  const std::optional<Decoded> tag = decode_external(to.tag, scratch, options);
  if (!tag) return;
  send_term(to.pid, make_tuple(scratch, {atoms::inet_reply, port_.id(), status, tag->term}));
}

void InetDriver::answer_error(Sender& sender, Term reason) {
  Allocator scratch;
  answer(sender, make_tuple(scratch, {atoms::error, reason}));
}

// --- active mode ---

void InetDriver::tell(Term tag) {
  send_built(port_.owner(), 3,
             [&](Allocator& heap) { return make_tuple(heap, {tag, port_.id()}); });
}

void InetDriver::tell(Term tag, Term value) {
  Allocator scratch;
  send_term(port_.owner(), make_tuple(scratch, {tag, port_.id(), value}));
}

void InetDriver::tell_passive() {
  tell(kind_ == SocketKind::kStream ? atoms::tcp_passive : atoms::udp_passive);
}

void InetDriver::count_active() {
  if (settings_.active == kActiveOnce) {
    settings_.active = kPassive;
  } else if (settings_.active == kActiveCounted && --settings_.active_count == 0) {
    settings_.active = kPassive;
    tell_passive();
  }
}

// --- data ---

size_t InetDriver::data_words(size_t size) const {
  if (settings_.mode == kModeList || settings_.header > size) return 2 * size;
  const size_t rest = size - settings_.header;
  const size_t words =
      rest <= kHeapBitsLimit ? heap_bits_words(8 * rest) : kBinRefWords + kSubBitsWords;
  return 2 * settings_.header + words;
}

Term InetDriver::make_data(Allocator& heap, ByteSpan data, Binary* holder) const {
  const auto text = [](ByteSpan bytes) {
    return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  if (settings_.mode == kModeList || settings_.header > data.size()) {
    return make_string(heap, text(data));
  }
  const ByteSpan rest = data.subspan(settings_.header);
  return make_string(heap, text(data.first(settings_.header)), make_binary(heap, rest, holder));
}

void InetDriver::deliver_to_port(ByteSpan data) {
  if (settings_.mode == kModeList || settings_.header > data.size()) {
    return port_.deliver_behind(data, nullptr);
  }
  const ByteSpan rest = data.subspan(settings_.header);
  port_.deliver_behind(data.first(settings_.header), &rest);
}

}  // namespace joist::inet
