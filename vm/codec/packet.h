// Packets of a byte stream: where one ends and, for HTTP, what it says. For
// erlang:decode_packet/3 and for sockets in packet mode (inet:setopts, option packet).
//
//   type        header                                             body handed out
//   raw         -                                                  all there is
//   1, 2, 4     that many bytes of length, big endian              without the header
//   asn1        BER tag and length                                 all
//   sunrm       32 bits: last fragment (1), length (31)            all
//   cdr         "GIOP" major minor flags type length (32)          all; flags bit 0: little endian
//   fcgi        1 type id:16 length:16 padding:8 0                 without the padding
//   tpkt        3 0 length:16, header included                     all
//   line        - ends with the delimiter                          all
//   http        - ends with a newline; headers may continue on lines that begin with a blank
//   ssl_tls     type:8 version:16 length:16, or an SSLv2 client hello
#pragma once

#include <string_view>

#include "vm/base/bytes.h"

namespace joist {

enum class PacketType : uint8_t {
  kRaw,
  kLength1,
  kLength2,
  kLength4,
  kAsn1,
  kSunRm,
  kCdr,
  kFcgi,
  kTpkt,
  kLine,
  kHttp,        // first line of a message
  kHttpHeader,  // a header, or the line that ends them
  kSslTls,
};

struct PacketLimits {
  uint32_t size = 0;         // longest packet, its header not counted; 0: no limit
  uint32_t line_length = 0;  // longer lines are cut; 0: no limit
  uint8_t line_delimiter = '\n';
};

enum class PacketStatus : uint8_t {
  kKnown,    // the length is known; more bytes than there are, perhaps
  kMore,     // not to be said yet
  kInvalid,  // no such packet, or over the limit
};
struct PacketLength {
  PacketStatus status;
  size_t bytes;  // of the packet with its header, when known
};
PacketLength packet_length(PacketType type, ByteSpan bytes, const PacketLimits& limits);

// The part of a whole packet to hand out.
ByteSpan packet_body(PacketType type, ByteSpan packet);

struct HttpUri {
  enum Kind : uint8_t {
    kStar,          // *
    kString,        // first
    kAbsolutePath,  // first is the path
    kScheme,        // first:second
    kHttp,          // http://first[:port]second
    kHttps,
  };
  Kind kind = kStar;
  std::string_view first;
  std::string_view second;
  int port = 0;  // 0: none
};

struct HttpMessage {
  enum Kind : uint8_t { kResponse, kRequest, kHeader, kEndOfHeaders, kInvalid };
  static constexpr size_t kMaxKnownName = 50;

  Kind kind = kInvalid;
  int major = 0;
  int minor = 0;
  int status = 0;                  // response
  std::string_view text;           // response: reason phrase; header: value
  std::string_view name;           // request: method; header: name, in its usual letter case
  std::string_view original_name;  // header
  int known = 0;  // the method or header has an atom: its number, from 1; 0: it has none
  HttpUri uri;    // request

  char name_buffer[kMaxKnownName];  // what `name` of a header refers to
};
// Parses a whole packet of type kHttp or kHttpHeader; the message refers to its bytes. Addresses
// with an IPv6 host in brackets are taken apart from OTP 27 on. A bare request line without a
// version is HTTP/0.9.
void parse_http(PacketType type, ByteSpan packet, bool ipv6_hosts, HttpMessage* message);

}  // namespace joist
