#include "vm/codec/packet_terms.h"

#include <cstring>

#include "vm/heap/binary.h"
#include "vm/term/atom.h"
#include "vm/term/rules.h"

namespace joist {

Term PacketTerms::part(ByteSpan bytes) const {
  if (data_.is_none()) return make_binary(heap_, bytes);
  auto offset = static_cast<size_t>(bytes.data() - packet_.data());
  return make_part(heap_, data_, offset * 8, bytes.size() * 8);
}

Term PacketTerms::http(PacketType type, HttpMessage::Kind* kind) const {
  HttpMessage message;
  parse_http(type, packet_, term_rules().otp_release >= 27, &message);
  if (kind != nullptr) *kind = message.kind;
  switch (message.kind) {
    case HttpMessage::kResponse:
      return make_tuple(heap_, {atoms::http_response, version(message), Term::small(message.status),
                                string(message.text)});
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

Term PacketTerms::ssl_tls(Term source) const {
  constexpr int kHandshake = 22;
  bool is_ssl2 = (packet_[0] & 0x80) != 0 && packet_[2] == 1;
  if (!is_ssl2) {
    Term version = make_tuple(heap_, {Term::small(packet_[1]), Term::small(packet_[2])});
    return make_tuple(heap_, {atoms::ssl_tls, source, Term::small(packet_[0]), version,
                              make_binary(heap_, packet_.subspan(5))});
  }
  ByteSpan hello = packet_.subspan(3);
  uint8_t* bytes;
  Term data = must_make_bits(heap_, (hello.size() + 4) * 8, &bytes);
  bytes[0] = 1;
  bytes[1] = static_cast<uint8_t>(hello.size() >> 16);
  bytes[2] = static_cast<uint8_t>(hello.size() >> 8);
  bytes[3] = static_cast<uint8_t>(hello.size());
  if (!hello.empty()) std::memcpy(bytes + 4, hello.data(), hello.size());
  Term version = make_tuple(heap_, {Term::small(packet_[3]), Term::small(packet_[4])});
  return make_tuple(heap_, {atoms::ssl_tls, source, Term::small(kHandshake), version, data});
}

Term PacketTerms::string(std::string_view text) const {
  if (!binaries_) return make_string(heap_, text);
  auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  bool in_packet = bytes >= packet_.data() && bytes < packet_.data() + packet_.size();
  return in_packet ? part({bytes, text.size()}) : make_binary(heap_, text);
}
Term PacketTerms::name(const HttpMessage& message) const {
  return message.known != 0 ? must_atom(message.name) : string(message.name);
}
Term PacketTerms::version(const HttpMessage& message) const {
  return make_tuple(heap_, {Term::small(message.major), Term::small(message.minor)});
}
Term PacketTerms::uri(const HttpUri& uri) const {
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

}  // namespace joist
