// erl_driver.h: what ports and drivers send.
#include <algorithm>
#include <cstring>

#include "vm/driver/call_scope.h"
#include "vm/driver/described_term.h"
#include "vm/driver/interface.h"
#include "vm/driver/port_access.h"
#include "vm/heap/builder.h"
#include "vm/nif/interface.h"
#include "vm/sched/deliver.h"
#include "vm/sched/schedulers.h"

using namespace joist;

namespace {

ByteSpan span_of(const char* bytes, size_t size) {
  return {reinterpret_cast<const uint8_t*>(bytes), size};
}

// As the functions for terms answer.
constexpr int kSent = 1;
constexpr int kNotSent = 0;
constexpr int kBadTerm = -1;
constexpr int kBadPort = -1;

int send_described(uint32_t scheduler, Term from, Term to, const Word* description, int length) {
  Runtime& runtime = DriverInterface::current()->runtime();
  Allocator heap;
  const size_t size = length < 0 ? 0 : static_cast<size_t>(length);
  const std::optional<Term> term = described_term(runtime, heap, {description, size});
  if (!term) return kBadTerm;
  if (!to.is_local_pid()) return kNotSent;
  Signal* message = new_signal_of(SignalKind::kMessage, from, *term, runtime.literals);
  return deliver(runtime, scheduler, to, message) ? kSent : kNotSent;
}

uint32_t this_scheduler() {
  const CallScope* scope = CallScope::innermost();
  return scope == nullptr ? Schedulers::kNone : scope->port().thread().scheduler;
}

// From any thread. `to`: none(): the owner.
int send_for(Word port_word, Term to, const Word* description, int length) {
  std::optional<ReaderScope> reader;
  if (CallScope::innermost() == nullptr) reader.emplace();
  Port* port = find_library_port(port_word);
  if (port == nullptr) return kBadPort;
  // A driver that is being stopped may still send, but not if there was something to flush.
  const bool stops = port->is_dead();
  const auto* library_port = static_cast<const LibraryPort*>(port->driver());
  if (port->is_closing() && (!stops || library_port->was_flushed())) return kNotSent;
  if (to.is_none()) to = port->owner();
  return send_described(this_scheduler(), port->id(), to, description, length);
}

}  // namespace

extern "C" {

int driver_output2(abi::PortHandle handle, char* header, size_t header_size, char* bytes,
                   size_t size) {
  const PortAccess access(handle);
  if (!access) return -1;
  const ByteSpan data = span_of(bytes, size);
  access.port().deliver_behind(span_of(header, header_size), bytes == nullptr ? nullptr : &data);
  return 0;
}
int driver_output(abi::PortHandle handle, char* bytes, size_t size) {
  return driver_output2(handle, nullptr, 0, bytes, size);
}

int driver_output_binary(abi::PortHandle handle, char* header, size_t header_size,
                         abi::DriverBinary* binary, size_t offset, size_t size) {
  const PortAccess access(handle);
  if (!access) return -1;
  const ByteSpan data = span_of(binary->bytes + offset, size);
  access.port().deliver_behind(span_of(header, header_size), &data, abi::binary_of(binary));
  return 0;
}

// Where data are binaries it is a list of them, one for each part, the last one being the tail.
int driver_outputv(abi::PortHandle handle, char* header, size_t header_size, abi::IoVector* vector,
                   size_t skip) {
  if (vector->size <= skip) return driver_output2(handle, header, header_size, nullptr, 0);
  const PortAccess access(handle);
  if (!access) return -1;
  Allocator heap;
  Term data = Term::nil();
  const bool as_binaries = access.port().is_binary();
  size_t left = vector->size - skip;
  for (int i = vector->count - 1; i >= 0 && left != 0; --i) {
    const iovec& part = vector->vector[i];
    if (part.iov_len == 0) continue;
    const size_t taken = std::min(left, part.iov_len);
    const char* bytes = static_cast<const char*>(part.iov_base) + (part.iov_len - taken);
    left -= taken;
    abi::DriverBinary* binary = vector->binaries[i];
    Binary* holder = binary == nullptr ? nullptr : abi::binary_of(binary);
    if (!as_binaries) {
      data = make_string(heap, {bytes, taken}, data);
    } else {
      const Term binary_term = make_binary(heap, span_of(bytes, taken), holder);
      data = data.is_nil() ? binary_term : make_cons(heap, binary_term, data);
    }
  }
  data = make_string(heap, {header, header_size}, data);
  access.port().deliver_term(data, header_size + vector->size - skip);
  return 0;
}

size_t driver_vec_to_buf(abi::IoVector* vector, char* bytes, size_t size) {
  size_t copied = 0;
  for (int i = 0; i < vector->count && copied < size; ++i) {
    const size_t count = std::min(size - copied, vector->vector[i].iov_len);
    if (count != 0) memcpy(bytes + copied, vector->vector[i].iov_base, count);
    copied += count;
  }
  return copied;
}

// --- terms ---

int erl_drv_output_term(Word port, Word* description, int length) {
  return send_for(port, Term::none(), description, length);
}
int erl_drv_send_term(Word port, Word to, Word* description, int length) {
  return send_for(port, term_of(to), description, length);
}
int driver_output_term(abi::PortHandle handle, Word* description, int length) {
  return send_for(handle, Term::none(), description, length);
}
int driver_send_term(abi::PortHandle handle, Word to, Word* description, int length) {
  return send_for(handle, term_of(to), description, length);
}

Word driver_mk_atom(char* name) {
  const std::optional<Term> atom = latin1_atom(name);
  return (atom ? *atom : Term(atoms::undefined)).bits();
}
// NOLINTBEGIN(readability-identifier-naming): the name is the interface's
extern const Word driver_term_nil;
const Word driver_term_nil = Term::nil().bits();
// NOLINTEND(readability-identifier-naming)
Word driver_mk_term_nil() { return driver_term_nil; }

}  // extern "C"
