// What the drivers of sockets have in common: the requests of prim_inet.erl that are the same for
// all, options, statistics, timers, and the messages to processes. What OTP's drivers answer, and
// in which state: erts/emulator/drivers/common/inet_drv.c.
//
//   closed -> open -> connecting -> connected        (kStateActive)
//                  -> listening -> accepting
#pragma once

#include <list>
#include <memory>

#include "vm/codec/packet.h"
#include "vm/heap/builder.h"
#include "vm/io/driver.h"
#include "vm/io/inet/requests.h"
#include "vm/io/port.h"
#include "vm/os/socket.h"

namespace joist::inet {

// Collects the answer to a request.
class Reply {
 public:
  explicit Reply(std::vector<uint8_t>* bytes) : bytes_(*bytes) {}
  void ok() { bytes_.assign(1, kReplyOk); }
  void ok(ByteSpan result) {
    ok();
    bytes_.insert(bytes_.end(), result.begin(), result.end());
  }
  void error(int posix_error);
  void error(const char* name);
  // Behind ok().
  void u8(uint8_t value) { bytes_.push_back(value); }
  void u16(uint32_t value);
  void u32(uint32_t value);
  void u64(uint64_t value);
  std::vector<uint8_t>& bytes() { return bytes_; }
  // No answer but badarg.
  void refuse() { refused_ = true; }
  bool refused() const { return refused_; }

 private:
  std::vector<uint8_t>& bytes_;
  bool refused_ = false;
};

// A process that waits for {inet_async, Port, Id, Status}.
struct Operation {
  uint16_t id = 0;
  Term caller = Term::none();
};

// A process that waits for {inet_reply, Port, Status}, or, from OTP 26 on, {inet_reply, Port,
// Status, Tag}, where the tag comes with the command, in the external format.
struct Sender {
  Term pid = Term::none();
  std::vector<uint8_t> tag;
};

struct Settings {
  // --- of all ---
  uint32_t mode = kModeList;
  uint32_t deliver = kDeliverTerm;
  uint32_t active = kPassive;
  int32_t active_count = 0;
  uint32_t header = 0;
  uint32_t packet = kPacketRaw;
  uint32_t packet_size = 0;
  uint32_t exit_on_close = 1;
  uint32_t buffer = 1460;
  bool buffer_is_set = false;
  uint8_t line_delimiter = '\n';
  uint32_t debug = 0;
  std::vector<uint8_t> network_namespace;
  bool has_namespace = false;
  // --- of streams ---
  int32_t high_watermark = 8192;
  int32_t low_watermark = 4096;
  uint32_t send_timeout = kInfinity;
  uint32_t send_timeout_close = 0;
  bool delay_send = false;
  bool show_reset = false;
  bool lingers_not = false;  // linger of 0 seconds: what is queued is thrown away
  bool read_ahead = true;
  // --- of datagrams ---
  int32_t read_packets = 5;
  bool wants_notes = false;  // one of the next is on
  bool notes_type_of_service = false;
  bool notes_traffic_class = false;
  bool notes_time_to_live = false;
};

class InetDriver : public PortDriver {
 public:
  InetDriver(Port& port, SocketKind kind) : port_(port), kind_(kind) {}
  bool control(uint32_t operation, ByteSpan data, std::vector<uint8_t>* reply) final;
  void timeout() final;

 protected:
  // --- what the kinds of sockets do themselves ---
  virtual void request(uint32_t request, ByteReader data, Reply& reply) = 0;
  // The options are set. `before`: what they were.
  virtual void options_changed(const Settings& before) = 0;
  // `active` is set on a socket that is closed. False: the port has ended.
  virtual bool activated_when_closed() { return true; }
  virtual void timer_fired(uint32_t what, uint64_t argument) = 0;
  // Descriptors that are not watched while another library uses them.
  virtual void ignore_descriptor(bool ignore, Reply& reply);

  bool is_open() const { return (state_ & kStateOpen) != 0; }
  bool is_connected() const { return (state_ & kStateActive) != 0; }

  // --- requests: inet_requests.cpp ---
  void common_request(uint32_t request, ByteReader data, Reply& reply);
  void open(ByteReader data, uint8_t type_tag, Reply& reply);
  void open_descriptor(ByteReader data, uint8_t type_tag, Reply& reply);
  void bind(ByteReader data, Reply& reply);
  void get_status(Reply& reply);
  void get_type(Reply& reply);
  void reply_name(int error, const SocketAddress& name, Reply& reply);
  void set_fake_name(std::unique_ptr<SocketAddress>* name, ByteReader data, Reply& reply);
  void get_statistics(ByteReader data, Reply& reply);
  void subscribe(ByteReader data, Reply& reply);
  // No output is left: subscribers are told.
  void tell_empty_queue();
  void close_descriptor();

  // --- options: options.cpp ---
  // False: one of them is none, or cannot be set.
  bool set_options(ByteReader data, bool* ended);
  bool get_options(ByteReader data, Reply& reply);
  // What an option that lies in a setting is; null: it lies in none.
  bool set_setting(uint8_t option, int32_t value, ByteReader& data, bool* known, bool* ended);
  bool set_active(uint32_t value, ByteReader& data, bool* ended);
  bool set_system_option(uint8_t option, int32_t value, ByteReader& data);
  bool set_membership(bool joins, int32_t tag, ByteReader& data);
  bool set_notes(uint8_t option, int32_t value);
  bool get_setting(uint8_t option, Reply& reply);
  bool get_system_option(uint8_t option, ByteReader& data, Reply& reply);
  bool get_raw(ByteReader& data, Reply& reply);
  void get_notes(Reply& reply);

  // --- timers: each goes off once ---
  void start_timer(uint32_t what, uint64_t argument, uint32_t milliseconds);
  void cancel_timers(uint32_t what, const uint64_t* argument = nullptr);
  void cancel_all_timers();

  // --- messages: messages.cpp ---
  Operation new_operation() { return {++last_operation_, port_.caller()}; }
  template <typename Build>
  void send_built(Term to, size_t most_words, Build build) {
    Signal* signal = new_signal(SignalKind::kMessage, port_.id(), most_words);
    {
      SignalBuilder builder(*signal);
      signal->value = build(builder);
      signal->used -= static_cast<size_t>(signal->words + most_words - builder.top);
    }
    port_.send(to, signal);
  }
  void send_term(Term to, Term message);
  void finish(const Operation& operation, Term status);  // a status of its own words
  void finish_ok(const Operation& operation) { finish(operation, atoms::ok); }
  void finish_error(const Operation& operation, Term reason);
  void finish_error(const Operation& operation, int posix_error);
  // The one that asked for the command that comes with `data`; false: there is no tag in it.
  bool take_sender(OutputData& data, Sender* sender);
  void answer(Sender& sender, Term status);
  void answer_error(Sender& sender, Term reason);
  // {Tag, Port} or {Tag, Port, Value} to the owner.
  void tell(Term tag);
  void tell(Term tag, Term value);
  void tell_passive();
  // Data as the options say; `holder`: what it lies in, or null. data_words() is enough for it.
  Term make_data(Allocator& heap, ByteSpan data, Binary* holder) const;
  size_t data_words(size_t size) const;
  void deliver_to_port(ByteSpan data);
  // After a message of active mode: {active, once} and {active, N} end.
  void count_active();

  void count_output(size_t size);
  void count_input(size_t size);
  Term error_atom(int posix_error) const;

  Port& port_;
  const SocketKind kind_;
  int descriptor_ = -1;
  uint32_t state_ = 0;
  SocketFamily family_ = SocketFamily::kUnspecified;
  bool is_lent_ = false;  // the descriptor was open before, and stays so
  Settings settings_;

 private:
  struct Timer {
    int64_t deadline_ns;
    uint32_t what;
    uint64_t argument;
  };
  struct Count {
    uint64_t bytes = 0;
    uint64_t count = 0;
    uint64_t max = 0;
    double average = 0;
    double deviation = 0;
  };
  void arm_timers();

  uint16_t last_operation_ = 0;
  std::list<Timer> timers_;
  Count received_;
  Count sent_;
  std::vector<Term> subscribers_;
  std::unique_ptr<SocketAddress> fake_name_;
  std::unique_ptr<SocketAddress> fake_peer_;
};

}  // namespace joist::inet
