#include "vm/dist/packet.h"

#include <utility>

#include "vm/codec/etf_tags.h"
#include "vm/codec/unicode.h"
#include "vm/dist/flags.h"
#include "vm/term/atom.h"

namespace joist {

namespace {

constexpr uint8_t kVersion = etf::kVersion;
constexpr uint8_t kHeader = 68;
constexpr uint8_t kFirstFragment = 69;
constexpr uint8_t kLaterFragment = 70;
constexpr uint8_t kPassThrough = 112;

constexpr uint8_t kNewAtom = 8;      // of an atom's nibble
constexpr uint8_t kWideLengths = 1;  // of the last nibble
constexpr size_t kSegmentSlots = 256;
constexpr uint8_t kSegmentMask = 7;

// A peer that begins more messages than this without ending one is not sound.
constexpr size_t kMostAssemblies = 100'000;

template <typename Integer>
void put(std::vector<uint8_t>* to, Integer value) {
  for (size_t i = sizeof value; i-- > 0;) to->push_back(static_cast<uint8_t>(value >> (8 * i)));
}

void put(std::vector<uint8_t>* to, std::string_view text) {
  to->insert(to->end(), text.begin(), text.end());
}

}  // namespace

// --- what goes out ---

OutgoingMessage::OutgoingMessage(OutgoingMessage&& other) noexcept { *this = std::move(other); }

OutgoingMessage& OutgoingMessage::operator=(OutgoingMessage&& other) noexcept {
  std::swap(bytes, other.bytes);
  std::swap(size, other.size);
  std::swap(control_size, other.control_size);
  std::swap(needs, other.needs);
  atoms.swap(other.atoms);
  otherwise.swap(other.otherwise);
  return *this;
}

OutgoingMessage::~OutgoingMessage() {
  if (bytes != nullptr) bytes->release();
}

Frame::Frame(Frame&& other) noexcept { *this = std::move(other); }

Frame& Frame::operator=(Frame&& other) noexcept {
  head.swap(other.head);
  std::swap(holder, other.holder);
  std::swap(body, other.body);
  std::swap(body_size, other.body_size);
  return *this;
}

Frame::~Frame() {
  if (holder != nullptr) holder->release();
}

void ChannelWriter::refer(Frame* frame, const OutgoingMessage& message, size_t from, size_t count) {
  frame->holder = message.bytes;
  message.bytes->retain();
  frame->body = message.bytes->bytes + from;
  frame->body_size = count;
}

bool ChannelWriter::is_fragmented(const OutgoingMessage& message) const {
  constexpr uint64_t kBoth = dist_flags::kFragments | dist_flags::kHeaderAtomCache;
  // The control message has to be in the first fragment.
  return (flags_ & kBoth) == kBoth && message.size > kFragmentBytes &&
         message.control_size <= kFragmentBytes && message.size != message.control_size;
}

Frame ChannelWriter::whole(const OutgoingMessage& message) {
  if ((flags_ & dist_flags::kHeaderAtomCache) == 0) return without_header(message);
  Frame frame;
  frame.head = {kVersion, kHeader};
  put_atoms(message.atoms, &frame.head);
  refer(&frame, message, 0, message.size);
  return frame;
}

// Here the payload has a version byte of its own, so the control message is copied before it.
Frame ChannelWriter::without_header(const OutgoingMessage& message) {
  Frame frame;
  frame.head = {kPassThrough, kVersion};
  const uint8_t* bytes = message.bytes->bytes;
  frame.head.insert(frame.head.end(), bytes, bytes + message.control_size);
  if (message.size == message.control_size) return frame;
  frame.head.push_back(kVersion);
  refer(&frame, message, message.control_size, message.size - message.control_size);
  return frame;
}

// The last fragment, number 1, is what is left when the others are full.
Frame ChannelWriter::fragment(const OutgoingMessage& message, uint64_t sequence, uint64_t number,
                              bool first) {
  Frame frame;
  frame.head = {kVersion, first ? kFirstFragment : kLaterFragment};
  put(&frame.head, sequence);
  put(&frame.head, number);
  if (first) put_atoms(message.atoms, &frame.head);
  const uint64_t count = (message.size + kFragmentBytes - 1) / kFragmentBytes;
  const size_t from = (count - number) * kFragmentBytes;
  refer(&frame, message, from, std::min(kFragmentBytes, message.size - from));
  return frame;
}

void ChannelWriter::put_atoms(const std::vector<Term>& atoms, std::vector<uint8_t>* head) {
  head->push_back(static_cast<uint8_t>(atoms.size()));
  if (atoms.empty()) return;
  if (known_.empty()) known_.resize(AtomReferences::kSlots, Term::none());
  const size_t nibbles = head->size();
  head->resize(nibbles + atoms.size() / 2 + 1);
  bool wide = false;
  for (const Term atom : atoms) wide |= atom_text(atom).size() > 255;
  const auto put_nibble = [&](size_t index, uint8_t value) {
    (*head)[nibbles + index / 2] |= static_cast<uint8_t>(value << (index % 2 * 4));
  };
  put_nibble(atoms.size(), wide ? kWideLengths : 0);
  for (size_t i = 0; i < atoms.size(); ++i) {
    const size_t slot = AtomReferences::slot_of(atoms[i]);
    const auto segment = static_cast<uint8_t>(slot / kSegmentSlots);
    head->push_back(static_cast<uint8_t>(slot % kSegmentSlots));
    if (known_[slot] == atoms[i]) {
      put_nibble(i, segment);
      continue;
    }
    known_[slot] = atoms[i];
    put_nibble(i, kNewAtom | segment);
    const std::string_view text = atom_text(atoms[i]);
    if (wide) {
      put(head, static_cast<uint16_t>(text.size()));
    } else {
      head->push_back(static_cast<uint8_t>(text.size()));
    }
    put(head, text);
  }
}

// --- what comes in ---

ChannelReader::Result ChannelReader::read(ByteSpan packet, IncomingMessage* message) {
  ByteReader reader(packet);
  const uint8_t first = reader.u8();
  if ((flags_ & dist_flags::kHeaderAtomCache) == 0) {
    message->has_versions = true;
    message->bytes = reader.take(reader.remaining());
    return first == kPassThrough ? Result::kMessage : Result::kMalformed;
  }
  if (first != kVersion) return Result::kMalformed;
  switch (reader.u8()) {
    case kHeader:
      if (!read_atoms(reader, &message->atoms)) return Result::kMalformed;
      message->bytes = reader.take(reader.remaining());
      return Result::kMessage;
    case kFirstFragment:
      return read_first(reader, message);
    case kLaterFragment:
      return read_later(reader, message);
    default:
      return Result::kMalformed;
  }
}

bool ChannelReader::read_atoms(ByteReader& reader, std::vector<Term>* atoms) {
  const size_t count = reader.u8();
  if (count == 0) return reader.ok();
  const ByteSpan nibbles = reader.take(count / 2 + 1);
  if (!reader.ok()) return false;
  const auto nibble = [&](size_t index) {
    return static_cast<uint8_t>(nibbles[index / 2] >> (index % 2 * 4) & 0xf);
  };
  const bool wide = (nibble(count) & kWideLengths) != 0;
  atoms->reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const bool is_new = (nibble(i) & kNewAtom) != 0;
    const std::optional<Term> atom = read_atom(reader, is_new, nibble(i) & kSegmentMask, wide);
    if (!atom) return false;
    atoms->push_back(*atom);
  }
  return true;
}

std::optional<Term> ChannelReader::read_atom(ByteReader& reader, bool is_new, size_t segment,
                                             bool wide) {
  const size_t slot = segment * kSegmentSlots + reader.u8();
  if (!reader.ok()) return std::nullopt;
  if (known_.empty()) known_.resize(AtomReferences::kSlots, Term::none());
  if (!is_new) {
    if (known_[slot].is_none()) return std::nullopt;
    return known_[slot];
  }
  const size_t length = wide ? reader.u16() : reader.u8();
  const ByteSpan text = reader.take(length);
  if (!reader.ok()) return std::nullopt;
  const Utf8Scan scan = scan_utf8(text);
  if (scan.status != Utf8Status::kOk || scan.characters > kMaxAtomCharacters) return std::nullopt;
  const std::optional<Term> atom =
      make_atom({reinterpret_cast<const char*>(text.data()), text.size()});
  if (atom) known_[slot] = *atom;
  return atom;
}

ChannelReader::Result ChannelReader::read_first(ByteReader& reader, IncomingMessage* message) {
  const uint64_t sequence = reader.u64();
  const uint64_t number = reader.u64();
  if (!reader.ok() || number == 0 || assemblies_.size() >= kMostAssemblies) {
    return Result::kMalformed;
  }
  const auto [place, is_new] = assemblies_.try_emplace(sequence);
  Assembly& assembly = place->second;
  if (!is_new || !read_atoms(reader, &assembly.atoms)) return Result::kMalformed;
  const ByteSpan bytes = reader.take(reader.remaining());
  assembly.bytes.assign(bytes.begin(), bytes.end());
  assembly.next = number - 1;
  return assembly.next == 0 ? finish(sequence, message) : Result::kPart;
}

ChannelReader::Result ChannelReader::read_later(ByteReader& reader, IncomingMessage* message) {
  const uint64_t sequence = reader.u64();
  const uint64_t number = reader.u64();
  const auto place = assemblies_.find(sequence);
  if (!reader.ok() || place == assemblies_.end() || place->second.next != number) {
    return Result::kMalformed;
  }
  const ByteSpan bytes = reader.take(reader.remaining());
  place->second.bytes.insert(place->second.bytes.end(), bytes.begin(), bytes.end());
  return --place->second.next == 0 ? finish(sequence, message) : Result::kPart;
}

ChannelReader::Result ChannelReader::finish(uint64_t sequence, IncomingMessage* message) {
  const auto place = assemblies_.find(sequence);
  message->atoms = std::move(place->second.atoms);
  message->joined = std::move(place->second.bytes);
  message->bytes = message->joined;
  assemblies_.erase(place);
  return Result::kMessage;
}

}  // namespace joist
