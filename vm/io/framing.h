// How a port cuts what it reads into messages: packets with a length in front ({packet, N}), and
// lines ({line, L}).
#pragma once

#include <vector>

#include "vm/base/bytes.h"

namespace joist {

//   | length: 1, 2 or 4 bytes, big endian | that many bytes | length | ...
class PacketReader {
 public:
  explicit PacketReader(size_t length_bytes) : length_bytes_(length_bytes) {}

  // Calls deliver(ByteSpan) with each packet that is whole now.
  template <typename Deliver>
  void feed(ByteSpan bytes, Deliver deliver) {
    while (!bytes.empty()) {
      if (length_read_ < length_bytes_) {
        length_ = length_ << 8 | bytes[0];
        bytes = bytes.subspan(1);
        if (++length_read_ == length_bytes_ && length_ == 0) end_packet(ByteSpan(), deliver);
      } else if (body_.empty() && bytes.size() >= length_) {
        const size_t length = length_;
        end_packet(bytes.first(length), deliver);
        bytes = bytes.subspan(length);
      } else {
        bytes = collect(bytes);
        if (body_.size() == length_) end_packet(body_, deliver);
      }
    }
  }

 private:
  template <typename Deliver>
  void end_packet(ByteSpan packet, Deliver deliver) {
    length_ = length_read_ = 0;
    deliver(packet);
    body_.clear();
  }
  // Takes what belongs to the packet; returns the rest.
  ByteSpan collect(ByteSpan bytes);

  const size_t length_bytes_;
  size_t length_ = 0;
  size_t length_read_ = 0;     // bytes of the length
  std::vector<uint8_t> body_;  // of a packet that came in parts
};

// The length in front of a packet of that size, in header[4 - length_bytes, 4). False: it is too
// long for that.
bool make_packet_header(size_t length_bytes, size_t size, uint8_t header[4]);

// Lines end with LF or CR LF, which are not delivered; longer ones come in parts. A CR that ends a
// part is held back until it is known whether LF follows.
class LineReader {
 public:
  explicit LineReader(size_t limit) : limit_(limit) {}

  // Calls deliver(ByteSpan line, bool ends) with each line, or part of one, that is whole now.
  template <typename Deliver>
  void feed(ByteSpan bytes, Deliver deliver) {
    for (const uint8_t byte : bytes) {
      if (byte == '\n') {
        carriage_return_ = false;
        end_part(deliver, true);
        continue;
      }
      if (carriage_return_) {
        carriage_return_ = false;
        add('\r', deliver);
      }
      if (byte == '\r') {
        carriage_return_ = true;
      } else {
        add(byte, deliver);
      }
    }
  }

  // What has come of a line that will have no end.
  template <typename Deliver>
  void finish(Deliver deliver) {
    if (carriage_return_) {
      carriage_return_ = false;
      add('\r', deliver);
    }
    if (!line_.empty()) end_part(deliver, false);
  }

 private:
  template <typename Deliver>
  void add(uint8_t byte, Deliver deliver) {
    if (line_.size() == limit_) end_part(deliver, false);
    line_.push_back(byte);
  }
  template <typename Deliver>
  void end_part(Deliver deliver, bool ends) {
    deliver(ByteSpan(line_), ends);
    line_.clear();
  }

  const size_t limit_;
  std::vector<uint8_t> line_;
  bool carriage_return_ = false;
};

}  // namespace joist
