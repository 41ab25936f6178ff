// Module prim_net: what the machine knows of networks and names, for kernel's net.erl. Addresses
// are maps, as prim_socket.erl makes and takes them.
#include <cerrno>

#include "bif/list_text.h"
#include "bif/registry.h"
#include "vm/heap/builder.h"
#include "vm/heap/map_build.h"
#include "vm/os/network.h"
#include "vm/os/posix_error.h"
#include "vm/term/bits.h"

namespace joist {

namespace {

constexpr size_t kMostText = 1024;

Term ok(Process& p, Term value) { return make_tuple(p.heap, {atoms::ok, value}); }
Term error(Process& p, const char* name) {
  return make_tuple(p.heap, {atoms::error, must_atom(name)});
}
Term posix(Process& p, int number) { return error(p, posix_error_name(number)); }

bool read_text(Term list, std::string* text) {
  ListText bytes;
  if (!bytes.read(list, kMostText)) return false;
  *text = bytes.text();
  return true;
}

Term named_or_number(const char* name, int64_t number) {
  return name != nullptr ? must_atom(name) : Term::small(number);
}

// --- addresses ---

Term make_ip(Allocator& heap, ByteSpan ip) {
  if (ip.size() == 4) {
    return make_tuple(
        heap, {Term::small(ip[0]), Term::small(ip[1]), Term::small(ip[2]), Term::small(ip[3])});
  }
  Term groups[8];
  for (size_t i = 0; i < 8; ++i) groups[i] = Term::small(ip[2 * i] << 8 | ip[2 * i + 1]);
  return make_tuple(heap, groups);
}

Term make_address(Allocator& heap, const SocketAddress& address) {
  const Term family = must_atom("family");
  const Term port = Term::small(address.port());
  const Term ip = make_ip(heap, address.ip());
  if (address.family() == SocketFamily::kInet) {
    const Term pairs[] = {family, must_atom("inet"), must_atom("port"),
                          port,   must_atom("addr"), ip};
    return make_map(heap, pairs);
  }
  const Term pairs[] = {family,
                        must_atom("inet6"),
                        must_atom("port"),
                        port,
                        must_atom("addr"),
                        ip,
                        must_atom("flowinfo"),
                        Term::small(address.flow_info()),
                        must_atom("scope_id"),
                        Term::small(address.scope())};
  return make_map(heap, pairs);
}

Term make_link_address(Allocator& heap, const LinkAddress& link) {
  const Term pairs[] = {must_atom("family"),
                        must_atom("packet"),
                        must_atom("protocol"),
                        Term::small(link.protocol),
                        must_atom("ifindex"),
                        Term::small(link.index),
                        must_atom("hatype"),
                        named_or_number(hardware_type_name(link.hardware_type), link.hardware_type),
                        must_atom("pkttype"),
                        named_or_number(packet_type_name(link.packet_type), link.packet_type),
                        must_atom("addr"),
                        make_binary(heap, ByteSpan(link.address))};
  return make_map(heap, pairs);
}

Term field(Term map, const char* name) {
  const Term* value = map_find(map, must_atom(name));
  return value == nullptr ? Term(Term::nil()) : *value;
}

bool read_ip(Term term, size_t parts, uint8_t* ip) {
  if (!is_tuple(term) || tuple_size(term) != parts) return false;
  const int64_t most = parts == 4 ? 255 : 65535;
  for (size_t i = 0; i < parts; ++i) {
    const Term part = tuple_elements(term)[i];
    if (!part.is_small() || part.small_value() < 0 || part.small_value() > most) return false;
    if (parts == 4) {
      ip[i] = static_cast<uint8_t>(part.small_value());
    } else {
      ip[2 * i] = static_cast<uint8_t>(part.small_value() >> 8);
      ip[2 * i + 1] = static_cast<uint8_t>(part.small_value());
    }
  }
  return true;
}

// A family, a port and an address, or `any` or `loopback` for that.
bool read_address(Term map, SocketAddress* address) {
  if (!is_map(map)) return false;
  const Term family = field(map, "family");
  const Term port = field(map, "port");
  const Term ip = field(map, "addr");
  const bool six = family == must_atom("inet6");
  if (!six && !(family == must_atom("inet"))) return false;
  if (!port.is_small() || port.small_value() < 0 || port.small_value() > 65535) return false;
  const auto number = static_cast<uint16_t>(port.small_value());
  const SocketFamily which = six ? SocketFamily::kInet6 : SocketFamily::kInet;
  uint8_t bytes[16];
  if (ip == must_atom("any")) {
    *address = SocketAddress::any(which, number);
  } else if (ip == must_atom("loopback")) {
    *address = SocketAddress::loopback(which, number);
  } else if (!read_ip(ip, six ? 8 : 4, bytes)) {
    return false;
  } else {
    *address =
        six ? SocketAddress::inet6(bytes, number, 0, 0) : SocketAddress::inet({bytes, 4}, number);
  }
  return true;
}

// --- the library itself ---

Term nif_info_0(Process& p) {
  const Term pairs[] = {must_atom("debug"), atoms::false_};
  return make_map(p.heap, pairs);
}

// Turns traces of the library on and off; there are none.
Term nif_command_1(Process& p, Term command) {
  if (!is_map(command)) return p.badarg();
  const Term on = field(command, "data");
  if (!(field(command, "command") == must_atom("debug")) ||
      !(on == atoms::true_ || on == atoms::false_)) {
    return p.badarg();
  }
  return make_tuple(p.heap, {atoms::ok, atoms::false_});
}

// --- names ---

Term nif_gethostname_0(Process& p) {
  std::string name;
  if (const int number = host_name(&name); number != 0) return posix(p, number);
  return ok(p, make_string(p.heap, name));
}

bool read_name_flags(Term list, uint32_t* flags) {
  constexpr std::pair<const char*, NameFlag> kNames[] = {
      {"namereqd", kNameRequired},          {"dgram", kNameOfDatagrams},
      {"nofqdn", kNameNotQualified},        {"numerichost", kNameNumericHost},
      {"numericserv", kNameNumericService},
  };
  if (list == atoms::undefined) return true;
  for (; list.is_list(); list = list.tail()) {
    bool known = false;
    for (const auto& [name, flag] : kNames) {
      if (!(list.head() == must_atom(name))) continue;
      *flags |= flag;
      known = true;
    }
    if (!known) return false;
  }
  return list.is_nil();
}

Term nif_getnameinfo_2(Process& p, Term map, Term list) {
  SocketAddress address;
  uint32_t flags = 0;
  if (!read_address(map, &address) || !read_name_flags(list, &flags)) return p.badarg();
  std::string host;
  std::string service;
  if (const char* name = find_names(address, flags, &host, &service)) return error(p, name);
  const Term pairs[] = {must_atom("host"), make_string(p.heap, host), must_atom("service"),
                        make_string(p.heap, service)};
  return ok(p, make_map(p.heap, pairs));
}

Term nif_getaddrinfo_3(Process& p, Term host_term, Term service_term, Term) {
  std::string host;
  std::string service;
  const bool has_host = !(host_term == atoms::undefined);
  const bool has_service = !(service_term == atoms::undefined);
  if ((has_host && !read_text(host_term, &host)) ||
      (has_service && !read_text(service_term, &service)) || (!has_host && !has_service)) {
    return p.badarg();
  }
  std::vector<AddressInformation> all;
  const char* name =
      find_addresses(has_host ? &host : nullptr, has_service ? &service : nullptr, &all);
  if (name != nullptr) return error(p, name);
  ListBuilder list(p.heap);
  for (const AddressInformation& one : all) {
    if (one.address.ip().empty()) continue;
    const bool six = one.address.family() == SocketFamily::kInet6;
    const Term pairs[] = {
        must_atom("family"),   must_atom(six ? "inet6" : "inet"),
        must_atom("type"),     named_or_number(socket_type_name(one.type), one.type),
        must_atom("protocol"), Term::small(one.protocol),
        must_atom("addr"),     make_address(p.heap, one.address)};
    list.add(make_map(p.heap, pairs));
  }
  return ok(p, list.finish());
}

Term nif_getservbyname_2(Process& p, Term name_term, Term protocol_term) {
  std::string name;
  std::string protocol;
  uint16_t port;
  if (!read_text(name_term, &name) || !read_text(protocol_term, &protocol)) return p.badarg();
  if (!find_service_port(name, protocol, &port)) return posix(p, EINVAL);
  return ok(p, Term::small(port));
}

Term nif_getservbyport_2(Process& p, Term port, Term protocol_term) {
  std::string name;
  std::string protocol;
  if (!port.is_small() || port.small_value() < 0 || port.small_value() > 65535 ||
      !read_text(protocol_term, &protocol)) {
    return p.badarg();
  }
  const auto number = static_cast<uint16_t>(port.small_value());
  if (!find_service_name(number, protocol, &name)) return posix(p, EINVAL);
  return ok(p, make_string(p.heap, name));
}

// --- interfaces ---

Term make_record(Allocator& heap, const InterfaceRecord& record) {
  ListBuilder flags(heap);
  for (const char* flag : record.flags) flags.add(must_atom(flag));
  std::vector<Term> pairs = {must_atom("name"), make_string(heap, record.name), must_atom("flags"),
                             flags.finish()};
  const auto add = [&](const char* key, const SocketAddress& address, const LinkAddress* link) {
    if (!address.ip().empty()) {
      pairs.insert(pairs.end(), {must_atom(key), make_address(heap, address)});
    } else if (link != nullptr && link->exists) {
      pairs.insert(pairs.end(), {must_atom(key), make_link_address(heap, *link)});
    }
  };
  add("addr", record.address, &record.link);
  add("netmask", record.netmask, nullptr);
  add("broadaddr", record.broadcast, &record.link_broadcast);
  add("dstaddr", record.other_end, nullptr);
  return make_map(heap, pairs);
}

Term nif_getifaddrs_1(Process& p, Term extra) {
  if (!is_map(extra)) return p.badarg();
  std::vector<InterfaceRecord> all;
  if (const int number = interface_records(&all); number != 0) return posix(p, number);
  ListBuilder list(p.heap);
  for (const InterfaceRecord& record : all) list.add(make_record(p.heap, record));
  return ok(p, list.finish());
}

Term nif_if_name2index_1(Process& p, Term list) {
  std::string name;
  uint32_t index;
  if (!read_text(list, &name)) return p.badarg();
  if (const int number = interface_index(name, &index); number != 0) return posix(p, number);
  return ok(p, Term::small(index));
}

Term nif_if_index2name_1(Process& p, Term index) {
  std::string name;
  if (!index.is_small() || index.small_value() < 0 || index.small_value() > UINT32_MAX) {
    return p.badarg();
  }
  const auto number = static_cast<uint32_t>(index.small_value());
  if (const int failure = interface_name(number, &name); failure != 0) return posix(p, failure);
  return ok(p, make_string(p.heap, name));
}

Term nif_if_names_0(Process& p) {
  std::vector<std::pair<uint32_t, std::string>> all;
  if (const int number = interface_indices(&all); number != 0) return posix(p, number);
  ListBuilder list(p.heap);
  for (const auto& [index, name] : all) {
    list.add(make_tuple(p.heap, {Term::small(index), make_string(p.heap, name)}));
  }
  return ok(p, list.finish());
}

// Of another OS.
Term not_here_1(Process& p, Term) { return posix(p, ENOTSUP); }

constexpr NativeEntry kPrimNetNatives[] = {
    {"prim_net", "nif_command", native<nif_command_1>},
    {"prim_net", "nif_get_adapters_addresses", native<not_here_1>},
    {"prim_net", "nif_get_if_entry", native<not_here_1>},
    {"prim_net", "nif_get_interface_info", native<not_here_1>},
    {"prim_net", "nif_get_ip_address_table", native<not_here_1>},
    {"prim_net", "nif_getaddrinfo", native<nif_getaddrinfo_3>, kDirtyIo},
    {"prim_net", "nif_gethostname", native<nif_gethostname_0>, kDirtyIo},
    {"prim_net", "nif_getifaddrs", native<nif_getifaddrs_1>, kDirtyIo},
    {"prim_net", "nif_getnameinfo", native<nif_getnameinfo_2>, kDirtyIo},
    {"prim_net", "nif_getservbyname", native<nif_getservbyname_2>, kDirtyIo},
    {"prim_net", "nif_getservbyport", native<nif_getservbyport_2>, kDirtyIo},
    {"prim_net", "nif_if_index2name", native<nif_if_index2name_1>},
    {"prim_net", "nif_if_name2index", native<nif_if_name2index_1>},
    {"prim_net", "nif_if_names", native<nif_if_names_0>},
    {"prim_net", "nif_info", native<nif_info_0>},
};

}  // namespace

std::span<const NativeEntry> prim_net_natives() { return kPrimNetNatives; }

}  // namespace joist
