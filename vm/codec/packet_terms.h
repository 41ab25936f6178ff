// The terms that packets of HTTP and TLS are handed out as: by erlang:decode_packet/3, and by
// sockets in packet mode.
#pragma once

#include "vm/codec/packet.h"
#include "vm/heap/allocator.h"

namespace joist {

class PacketTerms {
 public:
  // `data`: a bitstring that begins with the packet, of which parts are taken; none(): they are
  // copied. `binaries`: HTTP strings as such.
  PacketTerms(Allocator& heap, Term data, ByteSpan packet, bool binaries)
      : heap_(heap), data_(data), packet_(packet), binaries_(binaries) {}

  Term part(ByteSpan bytes) const;
  // `type`: kHttp or kHttpHeader. *kind: what it was; may be null.
  Term http(PacketType type, HttpMessage::Kind* kind = nullptr) const;
  // {ssl_tls, Source, ContentType, {Major, Minor}, Data}; the client hello of SSLv2 as if it had
  // come as a handshake message.
  Term ssl_tls(Term source) const;

 private:
  Term string(std::string_view text) const;
  Term name(const HttpMessage& message) const;
  Term version(const HttpMessage& message) const;
  Term uri(const HttpUri& uri) const;

  Allocator& heap_;
  Term data_;
  ByteSpan packet_;
  bool binaries_;
};

}  // namespace joist
