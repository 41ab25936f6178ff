#include "vm/io/framing.h"

#include <algorithm>

namespace joist {

ByteSpan PacketReader::collect(ByteSpan bytes) {
  const size_t count = std::min(bytes.size(), length_ - body_.size());
  body_.insert(body_.end(), bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(count));
  return bytes.subspan(count);
}

bool make_packet_header(size_t length_bytes, size_t size, uint8_t header[4]) {
  // As in OTP, four bytes take any size, of which the low 32 bits are sent.
  if (length_bytes < 4 && length_bytes != 0 && size >> (8 * length_bytes) != 0) return false;
  for (size_t i = 0; i < 4; ++i) header[i] = static_cast<uint8_t>(size >> (24 - 8 * i));
  return true;
}

}  // namespace joist
