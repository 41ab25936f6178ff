// Sockets of the OS by descriptor: addresses, connections, datagrams. Nothing here blocks on a
// descriptor, all of which are non-blocking from the start; interrupted calls are repeated. Calls
// return the error number of the OS, or 0. Streams are read and written by vm/os/stream.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "vm/base/bytes.h"
#include "vm/os/stream.h"

namespace joist {

enum class SocketFamily : uint8_t { kInet, kInet6, kLocal, kUnspecified, kOther };
enum class SocketKind : uint8_t { kStream, kDatagram };

// An address as the system calls take it.
class SocketAddress {
 public:
  static constexpr size_t kMostBytes = 128;

  SocketAddress() = default;  // unspecified
  // Both take the bytes of the address, 4 or 16, in network order.
  static SocketAddress inet(ByteSpan ip, uint16_t port);
  static SocketAddress inet6(ByteSpan ip, uint16_t port, uint32_t flow_info, uint32_t scope);
  // All addresses of the machine, or the machine itself; families kInet and kInet6.
  static SocketAddress any(SocketFamily family, uint16_t port);
  static SocketAddress loopback(SocketFamily family, uint16_t port);
  // The name of a file, or an abstract name, which begins with 0. nullopt: too long.
  static std::optional<SocketAddress> local(ByteSpan name);

  SocketFamily family() const;
  uint16_t port() const;       // 0 where there are none
  ByteSpan ip() const;         // empty where there is none
  uint32_t flow_info() const;  // of kInet6, as the next
  uint32_t scope() const;
  ByteSpan name() const;  // of kLocal

  // What the system calls fill in and read.
  uint8_t* data() { return bytes_; }
  const uint8_t* data() const { return bytes_; }
  uint32_t size() const { return size_; }
  void set_size(uint32_t size) { size_ = size; }

 private:
  alignas(8) uint8_t bytes_[kMostBytes] = {};
  uint32_t size_ = 0;
};

// `multipath`: a stream that may use several paths of the network at once. `namespace_path`: of the
// network namespace to open it in; empty: the VM's.
int open_socket(SocketFamily family, SocketKind kind, bool multipath,
                const std::string& namespace_path, int* descriptor);
int bind_socket(int descriptor, const SocketAddress& address);
int listen_on_socket(int descriptor, int backlog);
// Of datagrams.
void disconnect_socket(int descriptor);
// In most cases it goes on in the background: see connecting(), and pending_error() when the
// descriptor can be written.
int connect_socket(int descriptor, const SocketAddress& address);
bool connecting(int error);
bool would_block(int error);
int pending_error(int descriptor);
int accept_connection(int listener, int* descriptor);
enum class ShutdownOf : uint8_t { kReading, kWriting, kBoth };
int shut_down_socket(int descriptor, ShutdownOf what);
int socket_name(int descriptor, SocketAddress* address);
int peer_name(int descriptor, SocketAddress* address);

// What comes with a datagram besides its bytes.
struct DatagramNotes {
  std::optional<int> type_of_service;
  std::optional<int> traffic_class;
  std::optional<int> time_to_live;
};
// One datagram. `notes` may be null; *is_cut: it was longer than `count`.
StreamResult receive_datagram(int descriptor, uint8_t* to, size_t count, SocketAddress* from,
                              DatagramNotes* notes, bool* is_cut);
// `to`: null where the socket is connected; `notes`: what to send it with, or null.
StreamResult send_datagram(int descriptor, std::span<const ByteSpan> pieces,
                           const SocketAddress* to, const DatagramNotes* notes);
// What of that has come last with a connection (IP_PKTOPTIONS).
int connection_notes(int descriptor, SocketFamily family, DatagramNotes* notes);

// A part of a file, copied by the OS; 0 bytes: the file has ended.
StreamResult send_file(int descriptor, int file, int64_t offset, size_t count);

}  // namespace joist
