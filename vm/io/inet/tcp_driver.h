// tcp_inet: streams over TCP and local sockets, and those who listen for them.
#pragma once

#include <deque>
#include <optional>

#include "vm/io/inet/inet_driver.h"

namespace joist::inet {

class TcpDriver final : public InetDriver {
 public:
  explicit TcpDriver(Port& port) : InetDriver(port, SocketKind::kStream) {}
  ~TcpDriver() override;
  // The other end of a connection that `listener` has accepted.
  TcpDriver(Port& port, const TcpDriver& listener, int descriptor);

  void output(OutputData data) override;
  void ready_input(int descriptor) override;
  void ready_output(int descriptor) override;
  void event(const DriverEvent& event) override;
  void process_ended(uint64_t monitor) override;
  void flush() override;
  void stop() override;
  size_t queued() const override { return queue_.size(); }

 private:
  enum TimerKind : uint32_t { kConnectTimer, kAcceptTimer, kReceiveTimer, kSendTimer };
  static constexpr uint32_t kDelayedSend = 1;  // of events

  void request(uint32_t request, ByteReader data, Reply& reply) override;
  void options_changed(const Settings& before) override;
  bool activated_when_closed() override;
  void timer_fired(uint32_t what, uint64_t argument) override;
  void ignore_descriptor(bool ignore, Reply& reply) override;

  // --- connections: tcp_connection.cpp ---
  struct Acceptor {
    Operation operation;
    uint64_t monitor;
  };
  void listen(ByteReader data, Reply& reply);
  void connect(ByteReader data, Reply& reply);
  void connected();
  void accept(ByteReader data, Reply& reply);
  void accept_all();
  // What an accepted connection comes to: {ok, Port} or {error, Reason}.
  void hand_over(const Operation& operation, int descriptor);
  void drop_acceptor(std::deque<Acceptor>::iterator acceptor);
  void no_more_acceptors();
  void shut_down(ByteReader data, Reply& reply);
  void shut_down_late();
  // Operations under way end with {error, closed}.
  void end_operations();
  // Closes the socket, not the port.
  void close_socket();

  // --- input: tcp_input.cpp ---
  enum class Input : uint8_t {
    kNothing,    // no packet is whole
    kDelivered,  // at least one was
    kEnded,      // of the socket, or of the port
  };
  // Whether the buffer begins with a packet.
  struct Ahead {
    enum Status : uint8_t { kWhole, kKnown, kUnknown, kInvalid } status;
    size_t bytes;  // kWhole: of the packet; kKnown: that are missing; kUnknown: there is room for
  };
  void receive_request(ByteReader data, Reply& reply);
  void put_back(ByteReader data, Reply& reply);
  Input receive(size_t wanted, bool* may_have_more = nullptr);
  Input took(size_t count);
  Input deliver(size_t size);
  Input deliver_ready();
  void deliver_packet(ByteSpan packet, Binary* holder);
  void deliver_term(PacketType type, bool binaries, ByteSpan packet);
  Ahead look_ahead();
  bool make_room(size_t size);
  void prepare_buffer(size_t size);
  void consume(size_t size, bool was_handed_over);
  void compact();
  void clear_input();
  size_t available() const { return end_ - start_; }
  ByteSpan buffered() const { return {buffer_->bytes + start_, available()}; }
  PacketType packet_type() const;
  Input input_closed();
  Input input_failed(int error);
  void tell_closed();
  // The port ends, of which its owner has been told already.
  void end_port(int error);
  void watch_input(bool on);

  // --- output: tcp_output.cpp ---
  void send(OutputData data);
  void enqueue(ByteSpan header, OutputData data);
  void write_queue();
  void watch_output();
  void become_busy();
  // Not busy any more; the sender that waits is the next to get an answer.
  void end_busy();
  void send_failed(int error);
  void connection_failed(int error);
  void clear_output();
  void send_file(ByteReader data, Reply& reply);
  bool send_file_part();
  void file_sent();
  void file_not_sent(int error);
  void drop_file();

  std::deque<Acceptor> acceptors_;
  std::optional<Operation> operation_;  // that connects, or receives
  bool is_connecting_ = false;

  // buffer_->bytes: | done | start_: available() | end_: room | capacity_
  Binary* buffer_ = nullptr;
  size_t capacity_ = 0;
  size_t start_ = 0;
  size_t end_ = 0;
  size_t missing_ = 0;  // bytes up to what is waited for; 0: that is not known
  bool in_http_headers_ = false;

  OutputData queue_;
  Sender sender_;       // of the command being carried out
  Sender busy_sender_;  // that waits until the port is not busy any more
  bool send_timer_runs_ = false;
  bool is_ignored_ = false;
  bool ignored_reading_ = false;
  bool ignored_writing_ = false;
  std::optional<ShutdownOf> late_shutdown_;  // when all is written
  bool cannot_write_ = false;                // it has been shut down
  // What the next one to send or receive on a connection that has ended is told.
  bool send_is_closed_ = false;
  bool receive_is_closed_ = false;
  bool was_reset_ = false;
  bool closed_was_told_ = false;

  struct FileToSend {
    int descriptor;
    int64_t offset;
    int64_t left;
    uint64_t sent;
    size_t before;  // bytes of the queue that go first
  };
  std::optional<FileToSend> file_;
};

}  // namespace joist::inet
