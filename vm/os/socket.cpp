#include "vm/os/socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "vm/base/check.h"

namespace joist {

static_assert(sizeof(sockaddr_storage) <= SocketAddress::kMostBytes);

namespace {

sockaddr* system_form(SocketAddress& address) {
  return reinterpret_cast<sockaddr*>(address.data());
}
const sockaddr* system_form(const SocketAddress& address) {
  return reinterpret_cast<const sockaddr*>(address.data());
}
template <typename T>
const T& as(const SocketAddress& address) {
  return *reinterpret_cast<const T*>(address.data());
}

template <typename T>
SocketAddress of_system_form(const T& form, size_t size = sizeof(T)) {
  SocketAddress address;
  std::memcpy(address.data(), &form, sizeof form);
  address.set_size(static_cast<uint32_t>(size));
  return address;
}

int system_family(SocketFamily family) {
  switch (family) {
    case SocketFamily::kInet:
      return AF_INET;
    case SocketFamily::kInet6:
      return AF_INET6;
    case SocketFamily::kLocal:
      return AF_UNIX;
    case SocketFamily::kUnspecified:
    case SocketFamily::kOther:
      break;
  }
  return AF_UNSPEC;
}

int result_of(int outcome) { return outcome < 0 ? errno : 0; }

}  // namespace

// --- addresses ---

SocketAddress SocketAddress::inet(ByteSpan ip, uint16_t port) {
  sockaddr_in form{};
  form.sin_family = AF_INET;
  form.sin_port = htons(port);
  std::memcpy(&form.sin_addr, ip.data(), sizeof form.sin_addr);
  return of_system_form(form);
}

SocketAddress SocketAddress::inet6(ByteSpan ip, uint16_t port, uint32_t flow_info, uint32_t scope) {
  sockaddr_in6 form{};
  form.sin6_family = AF_INET6;
  form.sin6_port = htons(port);
  form.sin6_flowinfo = flow_info;
  form.sin6_scope_id = scope;
  std::memcpy(&form.sin6_addr, ip.data(), sizeof form.sin6_addr);
  return of_system_form(form);
}

SocketAddress SocketAddress::any(SocketFamily family, uint16_t port) {
  const uint8_t zeros[16] = {};
  return family == SocketFamily::kInet6 ? inet6(zeros, port, 0, 0) : inet({zeros, 4}, port);
}

SocketAddress SocketAddress::loopback(SocketFamily family, uint16_t port) {
  const uint8_t four[4] = {127, 0, 0, 1};
  const uint8_t six[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return family == SocketFamily::kInet6 ? inet6(six, port, 0, 0) : inet(four, port);
}

std::optional<SocketAddress> SocketAddress::local(ByteSpan name) {
  sockaddr_un form{};
  form.sun_family = AF_UNIX;
  // The name of a file needs a 0 behind it.
  const size_t closing = !name.empty() && name[0] == 0 ? 0 : 1;
  if (name.size() + closing > sizeof form.sun_path) return std::nullopt;
  if (!name.empty()) std::memcpy(form.sun_path, name.data(), name.size());
  return of_system_form(form, offsetof(sockaddr_un, sun_path) + name.size());
}

SocketFamily SocketAddress::family() const {
  switch (as<sockaddr>(*this).sa_family) {
    case AF_INET:
      return SocketFamily::kInet;
    case AF_INET6:
      return SocketFamily::kInet6;
    case AF_UNIX:
      return SocketFamily::kLocal;
    case AF_UNSPEC:
      return SocketFamily::kUnspecified;
    default:
      return SocketFamily::kOther;
  }
}

uint16_t SocketAddress::port() const {
  if (family() == SocketFamily::kInet) return ntohs(as<sockaddr_in>(*this).sin_port);
  if (family() == SocketFamily::kInet6) return ntohs(as<sockaddr_in6>(*this).sin6_port);
  return 0;
}

ByteSpan SocketAddress::ip() const {
  if (family() == SocketFamily::kInet) {
    return {bytes_ + offsetof(sockaddr_in, sin_addr), sizeof(in_addr)};
  }
  if (family() == SocketFamily::kInet6) {
    return {bytes_ + offsetof(sockaddr_in6, sin6_addr), sizeof(in6_addr)};
  }
  return {};
}

uint32_t SocketAddress::flow_info() const {
  return family() == SocketFamily::kInet6 ? as<sockaddr_in6>(*this).sin6_flowinfo : 0;
}
uint32_t SocketAddress::scope() const {
  return family() == SocketFamily::kInet6 ? as<sockaddr_in6>(*this).sin6_scope_id : 0;
}

// A name that does not begin with 0 ends before the first 0.
ByteSpan SocketAddress::name() const {
  constexpr size_t kStart = offsetof(sockaddr_un, sun_path);
  if (family() != SocketFamily::kLocal || size_ <= kStart) return {};
  const ByteSpan whole(bytes_ + kStart, size_ - kStart);
  const auto length = static_cast<size_t>(std::find(whole.begin(), whole.end(), 0) - whole.begin());
  return length == 0 ? whole : whole.first(length);
}

// --- sockets ---

namespace {

constexpr int kMultipathTcp = 262;  // not in all versions of the headers

int open_here(SocketFamily family, SocketKind kind, bool multipath, int* descriptor) {
  const int type = kind == SocketKind::kStream ? SOCK_STREAM : SOCK_DGRAM;
  const int protocol = multipath ? kMultipathTcp : 0;
  *descriptor = socket(system_family(family), type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  return result_of(*descriptor);
}

}  // namespace

// The namespace is the calling thread's for the time of the call.
int open_socket(SocketFamily family, SocketKind kind, bool multipath,
                const std::string& namespace_path, int* descriptor) {
  if (namespace_path.empty()) return open_here(family, kind, multipath, descriptor);
  const int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  if (own < 0) return errno;
  const int other = open(namespace_path.c_str(), O_RDONLY | O_CLOEXEC);
  int error = other < 0 ? errno : 0;
  if (error == 0 && setns(other, CLONE_NEWNET) != 0) error = errno;
  if (other >= 0) close(other);
  if (error == 0) {
    error = open_here(family, kind, multipath, descriptor);
    JOIST_CHECK(setns(own, CLONE_NEWNET) == 0);
  }
  close(own);
  return error;
}

int bind_socket(int descriptor, const SocketAddress& address) {
  return result_of(bind(descriptor, system_form(address), address.size()));
}

int listen_on_socket(int descriptor, int backlog) { return result_of(listen(descriptor, backlog)); }

int connect_socket(int descriptor, const SocketAddress& address) {
  return result_of(connect(descriptor, system_form(address), address.size()));
}

void disconnect_socket(int descriptor) {
  sockaddr nobody{};
  nobody.sa_family = AF_UNSPEC;
  connect(descriptor, &nobody, sizeof nobody);
}

bool connecting(int error) { return error == EINPROGRESS || would_block(error); }
bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

int pending_error(int descriptor) {
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? errno : error;
}

int accept_connection(int listener, int* descriptor) {
  do {
    *descriptor = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  } while (*descriptor < 0 && errno == EINTR);
  return result_of(*descriptor);
}

int shut_down_socket(int descriptor, ShutdownOf what) {
  const int how = what == ShutdownOf::kReading   ? SHUT_RD
                  : what == ShutdownOf::kWriting ? SHUT_WR
                                                 : SHUT_RDWR;
  return result_of(shutdown(descriptor, how));
}

int socket_name(int descriptor, SocketAddress* address) {
  *address = SocketAddress();
  socklen_t size = SocketAddress::kMostBytes;
  const int error = result_of(getsockname(descriptor, system_form(*address), &size));
  if (error == 0) address->set_size(size);
  return error;
}

int peer_name(int descriptor, SocketAddress* address) {
  *address = SocketAddress();
  socklen_t size = SocketAddress::kMostBytes;
  const int error = result_of(getpeername(descriptor, system_form(*address), &size));
  if (error == 0) address->set_size(size);
  return error;
}

// --- datagrams ---

namespace {

constexpr size_t kNotesBytes = 256;

int note_value(const cmsghdr& note) {
  if (note.cmsg_len >= CMSG_LEN(sizeof(int))) {
    int value;
    std::memcpy(&value, CMSG_DATA(&note), sizeof value);
    return value;
  }
  return note.cmsg_len > CMSG_LEN(0) ? *CMSG_DATA(&note) : 0;
}

void read_note(const cmsghdr& note, DatagramNotes* notes) {
  if (note.cmsg_level == IPPROTO_IP && note.cmsg_type == IP_TOS) {
    notes->type_of_service = note_value(note);
  } else if (note.cmsg_level == IPPROTO_IP && note.cmsg_type == IP_TTL) {
    notes->time_to_live = note_value(note);
  } else if (note.cmsg_level == IPPROTO_IPV6 && note.cmsg_type == IPV6_TCLASS) {
    notes->traffic_class = note_value(note);
  }
}

void add_note(msghdr& message, int level, int type, int value) {
  auto* note = reinterpret_cast<cmsghdr*>(static_cast<uint8_t*>(message.msg_control) +
                                          message.msg_controllen);
  note->cmsg_level = level;
  note->cmsg_type = type;
  note->cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(CMSG_DATA(note), &value, sizeof value);
  message.msg_controllen += CMSG_SPACE(sizeof value);
}

}  // namespace

StreamResult receive_datagram(int descriptor, uint8_t* to, size_t count, SocketAddress* from,
                              DatagramNotes* notes, bool* is_cut) {
  *from = SocketAddress();
  iovec vector{to, count};
  alignas(cmsghdr) uint8_t control[kNotesBytes];
  msghdr message{};
  message.msg_name = from->data();
  message.msg_namelen = SocketAddress::kMostBytes;
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  if (notes != nullptr) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
  }
  ssize_t done;
  do {
    done = recvmsg(descriptor, &message, 0);
  } while (done < 0 && errno == EINTR);
  if (done < 0) return {-1, errno};
  from->set_size(message.msg_namelen);
  *is_cut = (message.msg_flags & MSG_TRUNC) != 0;
  if (notes != nullptr) {
    for (cmsghdr* note = CMSG_FIRSTHDR(&message); note != nullptr;
         note = CMSG_NXTHDR(&message, note)) {
      read_note(*note, notes);
    }
  }
  return {done, 0};
}

StreamResult send_datagram(int descriptor, std::span<const ByteSpan> pieces,
                           const SocketAddress* to, const DatagramNotes* notes) {
  iovec vector[kMostPieces];
  JOIST_CHECK(pieces.size() <= kMostPieces);
  for (size_t i = 0; i < pieces.size(); ++i) {
    vector[i] = {const_cast<uint8_t*>(pieces[i].data()), pieces[i].size()};
  }
  alignas(cmsghdr) uint8_t control[kNotesBytes] = {};
  msghdr message{};
  if (to != nullptr) {
    message.msg_name = const_cast<uint8_t*>(to->data());
    message.msg_namelen = to->size();
  }
  message.msg_iov = vector;
  message.msg_iovlen = pieces.size();
  if (notes != nullptr) {
    message.msg_control = control;
    if (notes->type_of_service) add_note(message, IPPROTO_IP, IP_TOS, *notes->type_of_service);
    if (notes->traffic_class) add_note(message, IPPROTO_IPV6, IPV6_TCLASS, *notes->traffic_class);
    if (notes->time_to_live) add_note(message, IPPROTO_IP, IP_TTL, *notes->time_to_live);
    if (message.msg_controllen == 0) message.msg_control = nullptr;
  }
  ssize_t done;
  do {
    done = sendmsg(descriptor, &message, MSG_NOSIGNAL);
  } while (done < 0 && errno == EINTR);
  return {done, done < 0 ? errno : 0};
}

int connection_notes(int descriptor, SocketFamily family, DatagramNotes* notes) {
  alignas(cmsghdr) uint8_t control[kNotesBytes];
  socklen_t size = sizeof control;
  const bool six = family == SocketFamily::kInet6;
  if (getsockopt(descriptor, six ? IPPROTO_IPV6 : IPPROTO_IP,
                 six ? IPV6_2292PKTOPTIONS : IP_PKTOPTIONS, control, &size) < 0) {
    return errno;
  }
  msghdr message{};
  message.msg_control = control;
  message.msg_controllen = size;
  for (cmsghdr* note = CMSG_FIRSTHDR(&message); note != nullptr;
       note = CMSG_NXTHDR(&message, note)) {
    read_note(*note, notes);
  }
  return 0;
}

StreamResult send_file(int descriptor, int file, int64_t offset, size_t count) {
  off_t from = offset;
  ssize_t done;
  do {
    done = sendfile(descriptor, file, &from, count);
  } while (done < 0 && errno == EINTR);
  return {done, done < 0 ? errno : 0};
}

}  // namespace joist
