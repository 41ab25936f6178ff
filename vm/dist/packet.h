// The packets of a connection between two nodes (erts documentation, "Distribution Header" in
// "External Term Format", and "Protocol between Connected Nodes" in "Distribution Protocol").
//
//   131 68 Atoms Control Payload                   a whole message
//   131 69 Sequence:64 Fragment:64 Atoms bytes     its first part; fragments count down to 1
//   131 70 Sequence:64 Fragment:64 bytes           a later part
//   112 131 Control [131 Payload]                  where there is no distribution header
//   (nothing)                                      a tick
//
//   Atoms: Count:8, and if that is not 0
//     a nibble for each atom, low nibble first:    is it new:1, segment of its slot:3
//     and one more:                                lengths have two bytes:1
//     for each atom:                               rest of its slot:8 [, Length, Name if it is new]
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "vm/base/bytes.h"
#include "vm/codec/atom_references.h"
#include "vm/term/boxed.h"

namespace joist {

// --- out ---

// A message on its way: its external terms, encoded before it is known which packet they go into.
struct OutgoingMessage {
  OutgoingMessage() = default;
  OutgoingMessage(OutgoingMessage&& other) noexcept;
  OutgoingMessage& operator=(OutgoingMessage&& other) noexcept;
  ~OutgoingMessage();

  Binary* bytes = nullptr;  // control and payload; this has one reference
  size_t size = 0;
  size_t control_size = 0;
  std::vector<Term> atoms;  // what ATOM_CACHE_REF refers to in them
  uint64_t needs = 0;       // flags of the connection without which it is not to be sent
  // What is sent then. Only a message that is encoded before the connection is up has this.
  std::unique_ptr<OutgoingMessage> otherwise;

  // The form for such a connection; null: it is not sent.
  const OutgoingMessage* form_for(uint64_t flags) const {
    const OutgoingMessage* form = this;
    while (form != nullptr && (form->needs & ~flags) != 0) form = form->otherwise.get();
    return form;
  }
};

// One packet, without the length that the transport puts before it.
struct Frame {
  Frame() = default;
  Frame(Frame&& other) noexcept;
  Frame& operator=(Frame&& other) noexcept;
  ~Frame();

  size_t size() const { return head.size() + body_size; }

  std::vector<uint8_t> head;
  Binary* holder = nullptr;  // of the body; this has one reference
  const uint8_t* body = nullptr;
  size_t body_size = 0;
};

// Makes packets of messages, in the order in which they go out.
class ChannelWriter {
 public:
  explicit ChannelWriter(uint64_t flags) : flags_(flags) {}
  // Hands the frames to `add`, which takes them by value.
  template <typename Add>
  void write(const OutgoingMessage& message, Add add);

 private:
  void put_atoms(const std::vector<Term>& atoms, std::vector<uint8_t>* head);
  Frame whole(const OutgoingMessage& message);
  Frame without_header(const OutgoingMessage& message);
  Frame fragment(const OutgoingMessage& message, uint64_t sequence, uint64_t number, bool first);
  static void refer(Frame* frame, const OutgoingMessage& message, size_t from, size_t count);
  bool is_fragmented(const OutgoingMessage& message) const;

  static constexpr size_t kFragmentBytes = size_t{64} * 1024;

  const uint64_t flags_;
  std::vector<Term> known_;  // by slot: what the other node has there; empty until needed
  uint64_t next_sequence_ = 1;
};

template <typename Add>
void ChannelWriter::write(const OutgoingMessage& message, Add add) {
  if (!is_fragmented(message)) return add(whole(message));
  const uint64_t count = (message.size + kFragmentBytes - 1) / kFragmentBytes;
  const uint64_t sequence = next_sequence_++;
  for (uint64_t number = count; number > 0; --number) {
    add(fragment(message, sequence, number, number == count));
  }
}

// --- in ---

struct IncomingMessage {
  ByteSpan bytes;           // control, and what follows it
  std::vector<Term> atoms;  // what ATOM_CACHE_REF refers to
  bool has_versions = false;
  std::vector<uint8_t> joined;  // what `bytes` is in, if they came in fragments
};

class ChannelReader {
 public:
  explicit ChannelReader(uint64_t flags) : flags_(flags) {}

  enum class Result : uint8_t { kMessage, kPart, kMalformed };
  // `message` may refer to the packet.
  Result read(ByteSpan packet, IncomingMessage* message);

 private:
  struct Assembly {
    uint64_t next = 0;  // the fragment that must come now
    std::vector<Term> atoms;
    std::vector<uint8_t> bytes;
  };
  bool read_atoms(ByteReader& reader, std::vector<Term>* atoms);
  std::optional<Term> read_atom(ByteReader& reader, bool is_new, size_t segment, bool wide);
  Result read_first(ByteReader& reader, IncomingMessage* message);
  Result read_later(ByteReader& reader, IncomingMessage* message);
  Result finish(uint64_t sequence, IncomingMessage* message);

  const uint64_t flags_;
  std::vector<Term> known_;  // by slot; empty until something comes
  std::map<uint64_t, Assembly> assemblies_;
};

}  // namespace joist
