#include "vm/io/inet/inet_driver.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "vm/os/clock.h"
#include "vm/os/posix_error.h"
#include "vm/os/stream.h"
#include "vm/proc/runtime.h"
#include "vm/term/atoms_net.h"

namespace joist::inet {

// --- replies ---

void Reply::error(int posix_error) { error(posix_error_name(posix_error)); }

void Reply::error(const char* name) {
  bytes_.assign(1, kReplyError);
  bytes_.insert(bytes_.end(), name, name + std::strlen(name));
}

void Reply::u16(uint32_t value) {
  u8(static_cast<uint8_t>(value >> 8));
  u8(static_cast<uint8_t>(value));
}
void Reply::u32(uint32_t value) {
  u16(value >> 16);
  u16(value);
}
void Reply::u64(uint64_t value) {
  u32(static_cast<uint32_t>(value >> 32));
  u32(static_cast<uint32_t>(value));
}

// --- requests ---

bool InetDriver::control(uint32_t operation, ByteSpan data, std::vector<uint8_t>* reply) {
  Reply answer(reply);
  request(operation - kControlBase, ByteReader(data), answer);
  return !answer.refused();
}

// --- timers ---

void InetDriver::arm_timers() {
  int64_t first = INT64_MAX;
  for (const Timer& timer : timers_) first = std::min(first, timer.deadline_ns);
  port_.set_timeout(first);
}

void InetDriver::start_timer(uint32_t what, uint64_t argument, uint32_t milliseconds) {
  const int64_t now = port_.runtime().clock->monotonic_ns();
  timers_.push_back({now + int64_t{milliseconds} * 1'000'000, what, argument});
  arm_timers();
}

void InetDriver::cancel_timers(uint32_t what, const uint64_t* argument) {
  if (timers_.empty()) return;
  timers_.remove_if([&](const Timer& timer) {
    return timer.what == what && (argument == nullptr || timer.argument == *argument);
  });
  arm_timers();
}

void InetDriver::cancel_all_timers() {
  if (timers_.empty()) return;
  timers_.clear();
  arm_timers();
}

void InetDriver::timeout() {
  const int64_t now = port_.runtime().clock->monotonic_ns();
  for (;;) {
    const auto due = std::find_if(timers_.begin(), timers_.end(),
                                  [now](const Timer& timer) { return timer.deadline_ns <= now; });
    if (due == timers_.end()) break;
    const Timer timer = *due;
    timers_.erase(due);
    timer_fired(timer.what, timer.argument);
    if (port_.is_dead()) return;
  }
  arm_timers();
}

// --- statistics ---

void InetDriver::count_output(size_t size) {
  const auto bytes = static_cast<double>(size);
  sent_.bytes += size;
  ++sent_.count;
  sent_.max = std::max<uint64_t>(sent_.max, size);
  sent_.average += (bytes - sent_.average) / static_cast<double>(sent_.count);
}

void InetDriver::count_input(size_t size) {
  const auto bytes = static_cast<double>(size);
  received_.bytes += size;
  const auto count = static_cast<double>(++received_.count);
  received_.max = std::max<uint64_t>(received_.max, size);
  received_.average += (bytes - received_.average) / count;
  received_.deviation += ((bytes - received_.average) - received_.deviation) / count;
}

void InetDriver::get_statistics(ByteReader data, Reply& reply) {
  reply.ok();
  while (!data.at_end()) {
    const uint8_t item = data.u8();
    reply.u8(item);
    switch (item) {
      case kReceivedCount:
        reply.u32(static_cast<uint32_t>(received_.count));
        break;
      case kReceivedMax:
        reply.u32(static_cast<uint32_t>(received_.max));
        break;
      case kReceivedAverage:
        reply.u32(static_cast<uint32_t>(received_.average));
        break;
      case kReceivedDeviation:
        reply.u32(static_cast<uint32_t>(std::abs(received_.deviation)));
        break;
      case kSentCount:
        reply.u32(static_cast<uint32_t>(sent_.count));
        break;
      case kSentMax:
        reply.u32(static_cast<uint32_t>(sent_.max));
        break;
      case kSentAverage:
        reply.u32(static_cast<uint32_t>(sent_.average));
        break;
      case kSendPending:
        reply.u32(static_cast<uint32_t>(queued()));
        break;
      case kReceivedBytes:
        reply.u64(received_.bytes);
        break;
      case kSentBytes:
        reply.u64(sent_.bytes);
        break;
      default:
        return reply.refuse();
    }
  }
}

// --- subscriptions ---

void InetDriver::subscribe(ByteReader data, Reply& reply) {
  reply.ok();
  while (!data.at_end()) {
    const uint8_t item = data.u8();
    if (item != kSubscribeEmptyQueue) return reply.refuse();
    const size_t pending = queued();
    if (pending > 0) subscribers_.push_back(port_.caller());
    reply.u8(item);
    reply.u32(static_cast<uint32_t>(pending));
  }
}

void InetDriver::tell_empty_queue() {
  const std::vector<Term> subscribers = std::exchange(subscribers_, {});
  for (const Term subscriber : subscribers) {
    Allocator scratch;
    send_term(subscriber, make_tuple(scratch, {atoms::empty_out_q, port_.id()}));
  }
}

// --- the descriptor ---

void InetDriver::close_descriptor() {
  subscribers_.clear();
  if (descriptor_ < 0) return;
  port_.forget(descriptor_);
  if (is_lent_) return;
  close_stream(std::exchange(descriptor_, -1));
  state_ = 0;
}

}  // namespace joist::inet
