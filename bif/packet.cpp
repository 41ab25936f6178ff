// erlang:decode_packet/3.
#include <climits>
#include <cstring>

#include "bif/registry.h"
#include "vm/codec/packet.h"
#include "vm/heap/builder.h"
#include "vm/term/bits.h"
#include "vm/term/rules.h"

namespace joist {

namespace {

struct PacketKind {
  PacketType type;
  bool binaries = false;  // HTTP strings as binaries
};

bool kind_of(Term name, PacketKind* kind) {
  static const struct {
    Term name;
    PacketKind kind;
  } kKinds[] = {
      {Term::small(0), {PacketType::kRaw}},
      {Term::small(1), {PacketType::kLength1}},
      {Term::small(2), {PacketType::kLength2}},
      {Term::small(4), {PacketType::kLength4}},
      {atoms::raw, {PacketType::kRaw}},
      {atoms::asn1, {PacketType::kAsn1}},
      {atoms::sunrm, {PacketType::kSunRm}},
      {atoms::cdr, {PacketType::kCdr}},
      {atoms::fcgi, {PacketType::kFcgi}},
      {atoms::line, {PacketType::kLine}},
      {atoms::tpkt, {PacketType::kTpkt}},
      {atoms::http, {PacketType::kHttp}},
      {atoms::httph, {PacketType::kHttpHeader}},
      {atoms::http_bin, {PacketType::kHttp, true}},
      {atoms::httph_bin, {PacketType::kHttpHeader, true}},
      {atoms::ssl_tls, {PacketType::kSslTls}},
  };
  for (const auto& entry : kKinds) {
    if (entry.name == name) {
      *kind = entry.kind;
      return true;
    }
  }
  return false;
}

bool parse_option(Term option, PacketType type, PacketLimits* limits) {
  if (!is_tuple(option) || tuple_size(option) != 2) return false;
  Term name = tuple_elements(option)[0];
  Term number = tuple_elements(option)[1];
  if (!number.is_small() || number.small_value() < 0 || number.small_value() > UINT_MAX) {
    return false;
  }
  auto value = static_cast<uint32_t>(number.small_value());
  if (name == atoms::packet_size) {
    limits->size = value;
  } else if (name == atoms::line_length) {
    limits->line_length = value;
  } else if (name == atoms::line_delimiter && type == PacketType::kLine && value <= 255) {
    limits->line_delimiter = static_cast<uint8_t>(value);
  } else {
    return false;
  }
  return true;
}

// Makes the terms of a packet that lies at the beginning of `data`.
class PacketTerms {
 public:
  PacketTerms(Allocator& heap, Term data, ByteSpan packet, bool binaries)
      : heap_(heap), data_(data), packet_(packet), binaries_(binaries) {}

  Term part(ByteSpan bytes) const {
    auto offset = static_cast<size_t>(bytes.data() - packet_.data());
    return make_part(heap_, data_, offset * 8, bytes.size() * 8);
  }

  Term http(PacketType type) const {
    HttpMessage message;
    parse_http(type, packet_, term_rules().otp_release >= 27, &message);
    switch (message.kind) {
      case HttpMessage::kResponse:
        return make_tuple(heap_, {atoms::http_response, version(message),
                                  Term::small(message.status), string(message.text)});
      case HttpMessage::kRequest:
        return make_tuple(heap_,
                          {atoms::http_request, name(message), uri(message.uri), version(message)});
      case HttpMessage::kHeader:
        return make_tuple(heap_, {atoms::http_header, Term::small(message.known), name(message),
                                  string(message.original_name), string(message.text)});
      case HttpMessage::kEndOfHeaders:
        return atoms::http_eoh;
      case HttpMessage::kInvalid:
        break;
    }
    std::string_view line(reinterpret_cast<const char*>(packet_.data()), packet_.size());
    return make_tuple(heap_, {atoms::http_error, string(line)});
  }

  // {ssl_tls, [], ContentType, {Major, Minor}, Data}; the client hello of SSLv2 as if it had
  // come as a handshake message.
  Term ssl_tls() const {
    constexpr int kHandshake = 22;
    bool is_ssl2 = (packet_[0] & 0x80) != 0 && packet_[2] == 1;
    if (!is_ssl2) {
      Term version = make_tuple(heap_, {Term::small(packet_[1]), Term::small(packet_[2])});
      return make_tuple(heap_, {atoms::ssl_tls, Term::nil(), Term::small(packet_[0]), version,
                                make_binary(heap_, packet_.subspan(5))});
    }
    ByteSpan hello = packet_.subspan(3);
    uint8_t* bytes;
    Term data = make_bits_uninitialised(heap_, (hello.size() + 4) * 8, &bytes);
    bytes[0] = 1;
    bytes[1] = static_cast<uint8_t>(hello.size() >> 16);
    bytes[2] = static_cast<uint8_t>(hello.size() >> 8);
    bytes[3] = static_cast<uint8_t>(hello.size());
    if (!hello.empty()) std::memcpy(bytes + 4, hello.data(), hello.size());
    Term version = make_tuple(heap_, {Term::small(packet_[3]), Term::small(packet_[4])});
    return make_tuple(heap_, {atoms::ssl_tls, Term::nil(), Term::small(kHandshake), version, data});
  }

 private:
  Term string(std::string_view text) const {
    if (!binaries_) return make_string(heap_, text);
    auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
    bool in_packet = bytes >= packet_.data() && bytes < packet_.data() + packet_.size();
    return in_packet ? part({bytes, text.size()}) : make_binary(heap_, text);
  }
  Term name(const HttpMessage& message) const {
    return message.known != 0 ? must_atom(message.name) : string(message.name);
  }
  Term version(const HttpMessage& message) const {
    return make_tuple(heap_, {Term::small(message.major), Term::small(message.minor)});
  }
  Term uri(const HttpUri& uri) const {
    switch (uri.kind) {
      case HttpUri::kStar:
        return atoms::times;
      case HttpUri::kString:
        return string(uri.first);
      case HttpUri::kAbsolutePath:
        return make_tuple(heap_, {atoms::abs_path, string(uri.first)});
      case HttpUri::kScheme:
        return make_tuple(heap_, {atoms::scheme, string(uri.first), string(uri.second)});
      case HttpUri::kHttp:
      case HttpUri::kHttps:
        break;
    }
    return make_tuple(heap_,
                      {atoms::absoluteURI, uri.kind == HttpUri::kHttp ? atoms::http : atoms::https,
                       string(uri.first), uri.port == 0 ? atoms::undefined : Term::small(uri.port),
                       string(uri.second)});
  }

  Allocator& heap_;
  Term data_;
  ByteSpan packet_;
  bool binaries_;
};

Term decode_packet_3(Process& p, Term type_name, Term data, Term options) {
  PacketKind kind{};
  if (!kind_of(type_name, &kind)) return p.badarg(atoms::badopt);
  // Before OTP 27 bits behind the last byte went into the rest.
  if (term_rules().otp_release >= 27 ? !is_binary(data) : !is_bits(data)) return p.badarg();
  PacketLimits limits;
  for (; options.is_list(); options = options.tail()) {
    if (!parse_option(options.head(), kind.type, &limits)) return p.badarg();
  }
  if (!options.is_nil()) return p.badarg();

  BitsView view = bits_view(data);
  ByteScratch scratch;
  ByteSpan bytes = contiguous_bytes(view.part(0, view.size & ~size_t{7}), scratch);
  PacketLength length = packet_length(kind.type, bytes, limits);
  if (length.status == PacketStatus::kInvalid) {
    return make_tuple(p.heap, {atoms::error, atoms::invalid});
  }
  if (length.status == PacketStatus::kMore || length.bytes > bytes.size()) {
    Term needed = length.status == PacketStatus::kMore
                      ? atoms::undefined
                      : make_integer(p.heap, static_cast<int64_t>(length.bytes));
    return make_tuple(p.heap, {atoms::more, needed});
  }

  ByteSpan packet = bytes.first(length.bytes);
  PacketTerms terms(p.heap, data, packet, kind.binaries);
  Term decoded;
  switch (kind.type) {
    case PacketType::kHttp:
    case PacketType::kHttpHeader:
      decoded = terms.http(kind.type);
      break;
    case PacketType::kSslTls:
      decoded = terms.ssl_tls();
      break;
    default:
      decoded = terms.part(packet_body(kind.type, packet));
      break;
  }
  p.charge(static_cast<int64_t>(packet.size()) / 256);
  Term rest = make_part(p.heap, data, packet.size() * 8, view.size - packet.size() * 8);
  return make_tuple(p.heap, {atoms::ok, decoded, rest});
}

constexpr NativeEntry kPacketNatives[] = {
    {"erlang", "decode_packet", native<decode_packet_3>},
};

}  // namespace

std::span<const NativeEntry> packet_natives() { return kPacketNatives; }

}  // namespace joist
