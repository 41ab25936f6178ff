// Connections whose controller is a port, to which frames are given as long as it is not busy.
#include "vm/dist/nodes.h"
#include "vm/io/ports.h"

namespace joist {

class Peer::Sink final : public DistributionSink {
 public:
  Sink(Peer& peer, uint32_t connection, Term port)
      : peer_(peer), connection_(connection), port_(port) {}

  bool received(uint32_t scheduler, ByteSpan packet) override {
    return peer_.receive(scheduler, connection_, packet);
  }
  void busy_changed(uint32_t scheduler, bool busy) override {
    {
      MutexLock lock(peer_.mutex_);
      if (peer_.connection_ != connection_) return;
      peer_.port_is_busy_ = busy;
    }
    if (!busy) peer_.feed_port(scheduler, port_, connection_);
  }
  void ended(uint32_t scheduler, Term reason) override {
    peer_.lost(scheduler, connection_, reason);
  }

 private:
  Peer& peer_;
  const uint32_t connection_;
  const Term port_;
};

bool Peer::attach_port(uint32_t scheduler, uint32_t connection) {
  Term port = Term::none();
  {
    MutexLock lock(mutex_);
    if (!is_current(connection)) return false;
    port = controller_;
  }
  auto sink = std::make_shared<Sink>(*this, connection, port);
  return nodes_.runtime().ports->attach(scheduler, port, std::move(sink));
}

// One thread at a time gives frames away, so that they stay in order.
void Peer::feed_port(uint32_t scheduler, Term port, uint32_t connection) {
  {
    MutexLock lock(mutex_);
    if (port_is_fed_ || !is_current(connection)) return;
    port_is_fed_ = true;
  }
  for (;;) {
    Frame frame;
    {
      MutexLock lock(mutex_);
      // Somebody else may already feed the port of the next one.
      if (!is_current(connection)) break;
      if (port_is_busy_ || frames_.empty()) {
        port_is_fed_ = false;
        break;
      }
      frame = std::move(frames_.front());
      frames_.pop_front();
      queued_bytes_ -= frame.size();
      sent_.fetch_add(1, std::memory_order_relaxed);
      update_busy();
    }
    OutputData packet;
    packet.append(frame.head);
    packet.append(ByteSpan(frame.body, frame.body_size));
    nodes_.runtime().ports->send_packet(scheduler, port, std::move(packet));
  }
  resume_senders(scheduler);
}

}  // namespace joist
