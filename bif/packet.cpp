// erlang:decode_packet/3.
#include <climits>

#include "bif/registry.h"
#include "vm/codec/packet_terms.h"
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
      decoded = terms.ssl_tls(Term::nil());
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
