#include "vm/codec/packet.h"

#include <climits>
#include <cstring>

namespace joist {

namespace {

constexpr PacketLength kMore = {PacketStatus::kMore, 0};
constexpr PacketLength kInvalid = {PacketStatus::kInvalid, 0};

PacketLength known(size_t bytes) { return {PacketStatus::kKnown, bytes}; }

// A packet of a header and `body` bytes as the header has it.
PacketLength with_header(size_t header, int64_t body, const PacketLimits& limits) {
  if (body < 0 || body > INT_MAX - static_cast<int64_t>(header)) return kInvalid;
  if (limits.size != 0 && body > static_cast<int64_t>(limits.size)) return kInvalid;
  return known(header + static_cast<size_t>(body));
}

int64_t big_endian(const uint8_t* at, size_t count) {
  int64_t value = 0;
  for (size_t i = 0; i < count; ++i) value = value << 8 | at[i];
  return value;
}

PacketLength length_prefixed(size_t header, int64_t mask, ByteSpan bytes,
                             const PacketLimits& limits) {
  if (bytes.size() < header) return kMore;
  return with_header(header, big_endian(bytes.data(), header) & mask, limits);
}

PacketLength asn1_length(ByteSpan bytes, const PacketLimits& limits) {
  if (bytes.size() < 2) return kMore;
  size_t at = 1;
  if ((bytes[0] & 0x1F) == 0x1F) {  // the tag goes on
    while (at < bytes.size() && (bytes[at] & 0x80) != 0) ++at;
    if (bytes.size() - at < 2) return kMore;
    ++at;
  }
  size_t length = bytes[at] & 0x7F;
  bool is_long = (bytes[at] & 0x80) != 0;
  ++at;
  if (!is_long) return with_header(at, static_cast<int64_t>(length), limits);
  if (bytes.size() - at < length) return kMore;
  if (length > 4) return kInvalid;
  return with_header(at + length, big_endian(bytes.data() + at, length), limits);
}

PacketLength cdr_length(ByteSpan bytes, const PacketLimits& limits) {
  constexpr size_t kHeader = 12;
  if (bytes.size() < kHeader) return kMore;
  if (std::memcmp(bytes.data(), "GIOP", 4) != 0) return kInvalid;
  const uint8_t* size = bytes.data() + 8;
  if ((bytes[6] & 1) == 0) return with_header(kHeader, big_endian(size, 4), limits);
  const uint8_t reversed[4] = {size[3], size[2], size[1], size[0]};
  return with_header(kHeader, big_endian(reversed, 4), limits);
}

PacketLength fcgi_length(ByteSpan bytes, const PacketLimits& limits) {
  constexpr size_t kHeader = 8;
  if (bytes.size() < kHeader) return kMore;
  if (bytes[0] != 1) return kInvalid;
  return with_header(kHeader, big_endian(bytes.data() + 4, 2) + bytes[6], limits);
}

PacketLength tpkt_length(ByteSpan bytes, const PacketLimits& limits) {
  constexpr size_t kHeader = 4;
  if (bytes.size() < kHeader) return kMore;
  if (bytes[0] != 3) return kInvalid;
  int64_t body = big_endian(bytes.data() + 2, 2) - static_cast<int64_t>(kHeader);
  return with_header(kHeader, body, limits);
}

bool is_ssl2_hello(ByteSpan bytes) { return (bytes[0] & 0x80) != 0 && bytes[2] == 1; }

PacketLength ssl_tls_length(ByteSpan bytes, const PacketLimits& limits) {
  constexpr size_t kHeader = 5;
  if (bytes.size() < kHeader) return kMore;
  if (is_ssl2_hello(bytes)) {
    return with_header(kHeader, (big_endian(bytes.data(), 2) & 0x7FFF) - 3, limits);
  }
  return with_header(kHeader, big_endian(bytes.data() + 3, 2), limits);
}

PacketLength line_length(ByteSpan bytes, const PacketLimits& limits) {
  const void* found =
      bytes.empty() ? nullptr : std::memchr(bytes.data(), limits.line_delimiter, bytes.size());
  if (found == nullptr) {
    if (limits.size != 0 && bytes.size() > limits.size) return kInvalid;
    if (limits.line_length != 0 && bytes.size() >= limits.line_length) {
      return known(limits.line_length);
    }
    return kMore;
  }
  auto length = static_cast<size_t>(static_cast<const uint8_t*>(found) - bytes.data()) + 1;
  if (limits.size != 0 && length > limits.size) return kInvalid;
  if (limits.line_length != 0 && length > limits.line_length) return known(limits.line_length);
  return known(length);
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

PacketLength http_length(ByteSpan bytes, bool is_header, const PacketLimits& limits) {
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text == "\n" || text == "\r\n") return known(text.size());
  // line_length limits HTTP lines too where there is no packet_size.
  size_t limit = limits.size != 0 ? limits.size : limits.line_length;
  size_t from = 0;
  while (true) {
    size_t newline = text.find('\n', from);
    if (newline == std::string_view::npos) {
      return limit != 0 && text.size() >= limit ? kInvalid : kMore;
    }
    size_t length = newline + 1;
    bool last_byte = length == text.size();
    if (is_header && !last_byte && is_blank(text[length]) && length > 2) {
      from = length;  // the value goes on in the next line
      continue;
    }
    if (limit != 0 && length > limit) return kInvalid;
    // Only the next byte tells whether a header goes on.
    return is_header && last_byte ? kMore : known(length);
  }
}

// --- HTTP messages ---

constexpr std::string_view kMethods[] = {"OPTIONS", "GET",    "HEAD", "POST",
                                         "PUT",     "DELETE", "TRACE"};

// Their positions, from 1, are seen by Erlang code.
constexpr std::string_view kHeaders[] = {
    "Cache-Control",
    "Connection",
    "Date",
    "Pragma",
    "Transfer-Encoding",
    "Upgrade",
    "Via",
    "Accept",
    "Accept-Charset",
    "Accept-Encoding",
    "Accept-Language",
    "Authorization",
    "From",
    "Host",
    "If-Modified-Since",
    "If-Match",
    "If-None-Match",
    "If-Range",
    "If-Unmodified-Since",
    "Max-Forwards",
    "Proxy-Authorization",
    "Range",
    "Referer",
    "User-Agent",
    "Age",
    "Location",
    "Proxy-Authenticate",
    "Public",
    "Retry-After",
    "Server",
    "Vary",
    "Warning",
    "Www-Authenticate",
    "Allow",
    "Content-Base",
    "Content-Encoding",
    "Content-Language",
    "Content-Length",
    "Content-Location",
    "Content-Md5",
    "Content-Range",
    "Content-Type",
    "Etag",
    "Expires",
    "Last-Modified",
    "Accept-Ranges",
    "Set-Cookie",
    "Set-Cookie2",
    "X-Forwarded-For",
    "Cookie",
    "Keep-Alive",
    "Proxy-Connection",
};

template <size_t kCount>
int position_of(std::string_view name, const std::string_view (&names)[kCount]) {
  for (size_t i = 0; i < kCount; ++i) {
    if (names[i] == name) return static_cast<int>(i) + 1;
  }
  return 0;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

// The separators of RFC 2616; everything beyond ASCII counts as one.
bool is_token(char c) {
  auto byte = static_cast<uint8_t>(c);
  if (byte <= ' ' || byte >= 0x80) return false;
  return std::strchr("()<>@,;:\\\"/[]?={}", c) == nullptr;
}

// A cursor over a line.
struct Line {
  std::string_view left;

  bool empty() const { return left.empty(); }
  bool at(char c) const { return !left.empty() && left.front() == c; }
  void skip(size_t count) { left.remove_prefix(count); }
  size_t skip_blanks() {
    size_t count = 0;
    while (count < left.size() && is_blank(left[count])) ++count;
    skip(count);
    return count;
  }
  std::string_view take_until_blank() {
    size_t count = 0;
    while (count < left.size() && !is_blank(left[count])) ++count;
    return take(count);
  }
  std::string_view take(size_t count) {
    std::string_view taken = left.substr(0, count);
    skip(count);
    return taken;
  }
  // Digits, as many as there are; the value wraps like OTP's.
  size_t take_number(int* value) {
    size_t count = 0;
    uint32_t number = 0;
    for (; count < left.size() && is_digit(left[count]); ++count) {
      number = number * 10 + static_cast<uint32_t>(left[count] - '0');
    }
    skip(count);
    *value = static_cast<int>(number);
    return count;
  }
  // 1*DIGIT "." 1*DIGIT
  bool take_version(HttpMessage* message) {
    if (take_number(&message->major) == 0 || !at('.')) return false;
    skip(1);
    return take_number(&message->minor) != 0;
  }
};

bool parse_response(Line line, HttpMessage* message) {
  line.skip(5);
  if (!line.take_version(message) || line.skip_blanks() == 0) return false;
  line.take_number(&message->status);
  if (line.skip_blanks() == 0 && !line.empty()) return false;
  message->kind = HttpMessage::kResponse;
  message->text = line.left;
  return true;
}

int port_of(std::string_view digits) {
  Line line{digits};
  int port = 0;
  line.take_number(&port);
  return line.empty() ? port : 0;
}

void parse_authority(std::string_view text, bool ipv6_hosts, HttpUri* uri) {
  size_t slash = text.find('/');
  uri->second = slash == std::string_view::npos ? std::string_view("/") : text.substr(slash);
  std::string_view authority = text.substr(0, slash);
  uri->first = authority;
  size_t colon = authority.find(':');
  if (colon == std::string_view::npos) return;
  size_t bracket = authority.find(']');
  if (ipv6_hosts && authority.front() == '[' && bracket != std::string_view::npos) {
    uri->first = authority.substr(0, bracket + 1);
    if (authority.rfind(':') == bracket + 1) uri->port = port_of(authority.substr(bracket + 2));
    return;
  }
  uri->first = authority.substr(0, colon);
  uri->port = port_of(authority.substr(colon + 1));
}

bool starts_with_ignoring_case(std::string_view text, std::string_view lower_case_prefix) {
  if (text.size() < lower_case_prefix.size()) return false;
  for (size_t i = 0; i < lower_case_prefix.size(); ++i) {
    char c = is_upper(text[i]) ? static_cast<char>(text[i] + 32) : text[i];
    if (c != lower_case_prefix[i]) return false;
  }
  return true;
}

void parse_uri(std::string_view text, bool ipv6_hosts, HttpUri* uri) {
  if (text == "*") {
    uri->kind = HttpUri::kStar;
  } else if (text.size() <= 1 || text.front() == '/') {
    uri->kind = HttpUri::kAbsolutePath;
    uri->first = text;
  } else if (starts_with_ignoring_case(text, "http://")) {
    uri->kind = HttpUri::kHttp;
    parse_authority(text.substr(7), ipv6_hosts, uri);
  } else if (starts_with_ignoring_case(text, "https://")) {
    uri->kind = HttpUri::kHttps;
    parse_authority(text.substr(8), ipv6_hosts, uri);
  } else if (size_t colon = text.find(':'); colon == std::string_view::npos) {
    uri->kind = HttpUri::kString;
    uri->first = text;
  } else {
    uri->kind = HttpUri::kScheme;
    uri->first = text.substr(0, colon);
    uri->second = text.substr(colon + 1);
  }
}

bool parse_request(Line line, bool ipv6_hosts, HttpMessage* message) {
  size_t length = 0;
  while (length < line.left.size() && is_token(line.left[length])) ++length;
  message->name = line.take(length);
  if (length == 0 || line.skip_blanks() == 0) return false;
  std::string_view uri = line.take_until_blank();
  if (uri.empty()) return false;
  line.skip_blanks();
  if (line.empty()) {
    message->minor = 9;
  } else {
    if (line.left.size() < 8 || !line.left.starts_with("HTTP/")) return false;
    line.skip(5);
    if (!line.take_version(message)) return false;
  }
  message->kind = HttpMessage::kRequest;
  message->known = position_of(message->name, kMethods);
  parse_uri(uri, ipv6_hosts, &message->uri);
  return true;
}

// Content-Type for content-TYPE.
void write_in_usual_case(std::string_view name, char* to) {
  bool begins_word = true;
  for (char c : name) {
    if (begins_word && is_lower(c)) c = static_cast<char>(c - 32);
    if (!begins_word && is_upper(c)) c = static_cast<char>(c + 32);
    begins_word = !begins_word && c == '-';
    *to++ = c;
  }
}

bool parse_header(Line line, HttpMessage* message) {
  if (line.empty()) {
    message->kind = HttpMessage::kEndOfHeaders;
    return true;
  }
  size_t length = 0;
  while (length < line.left.size() && is_token(line.left[length])) ++length;
  message->original_name = line.take(length);
  if (!line.at(':')) return false;
  line.skip(1);
  line.skip_blanks();
  message->kind = HttpMessage::kHeader;
  message->text = line.left;
  message->name = message->original_name;
  if (length <= HttpMessage::kMaxKnownName) {
    write_in_usual_case(message->original_name, message->name_buffer);
    message->name = std::string_view(message->name_buffer, length);
    message->known = position_of(message->name, kHeaders);
  }
  return true;
}

}  // namespace

PacketLength packet_length(PacketType type, ByteSpan bytes, const PacketLimits& limits) {
  switch (type) {
    case PacketType::kRaw:
      return bytes.empty() ? kMore : known(bytes.size());
    case PacketType::kLength1:
      return length_prefixed(1, -1, bytes, limits);
    case PacketType::kLength2:
      return length_prefixed(2, -1, bytes, limits);
    case PacketType::kLength4:
      return length_prefixed(4, -1, bytes, limits);
    case PacketType::kSunRm:
      return length_prefixed(4, 0x7FFFFFFF, bytes, limits);
    case PacketType::kAsn1:
      return asn1_length(bytes, limits);
    case PacketType::kCdr:
      return cdr_length(bytes, limits);
    case PacketType::kFcgi:
      return fcgi_length(bytes, limits);
    case PacketType::kTpkt:
      return tpkt_length(bytes, limits);
    case PacketType::kLine:
      return line_length(bytes, limits);
    case PacketType::kHttp:
      return http_length(bytes, false, limits);
    case PacketType::kHttpHeader:
      return http_length(bytes, true, limits);
    case PacketType::kSslTls:
      return ssl_tls_length(bytes, limits);
  }
  return kInvalid;
}

ByteSpan packet_body(PacketType type, ByteSpan packet) {
  switch (type) {
    case PacketType::kLength1:
      return packet.subspan(1);
    case PacketType::kLength2:
      return packet.subspan(2);
    case PacketType::kLength4:
      return packet.subspan(4);
    case PacketType::kFcgi:
      return packet.first(packet.size() - packet[6]);
    default:
      return packet;
  }
}

void parse_http(PacketType type, ByteSpan packet, bool ipv6_hosts, HttpMessage* message) {
  std::string_view text(reinterpret_cast<const char*>(packet.data()), packet.size());
  if (text.size() >= 2 && text[text.size() - 2] == '\r') {
    text.remove_suffix(2);
  } else if (text.ends_with('\n')) {
    text.remove_suffix(1);
  }
  Line line{text};
  bool parsed = type == PacketType::kHttpHeader ? parse_header(line, message)
                : text.starts_with("HTTP/")     ? parse_response(line, message)
                                                : parse_request(line, ipv6_hosts, message);
  if (!parsed) message->kind = HttpMessage::kInvalid;
}

}  // namespace joist
