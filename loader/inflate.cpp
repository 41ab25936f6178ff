#include "loader/inflate.h"

#include <zlib.h>

#include <algorithm>

namespace joist {

namespace {

// windowBits of inflateInit2: the largest window, plus 16 for a gzip header.
constexpr int kZlibWindow = MAX_WBITS;
constexpr int kGzipWindow = MAX_WBITS + 16;

constexpr size_t kFirstStep = size_t{64} << 10;
constexpr size_t kLargestInput = UINT32_MAX;

class Inflater {
 public:
  ~Inflater() {
    if (open_) inflateEnd(&stream_);
  }

  bool open(DeflateFormat format) {
    const int window = format == DeflateFormat::kGzip ? kGzipWindow : kZlibWindow;
    open_ = inflateInit2(&stream_, window) == Z_OK;
    return open_;
  }

  z_stream& stream() { return stream_; }

 private:
  z_stream stream_ = {};
  bool open_ = false;
};

}  // namespace

Result<std::vector<uint8_t>> inflate_bounded(ByteSpan bytes, DeflateFormat format, size_t limit) {
  if (bytes.size() > kLargestInput) return make_error("compressed data too large");
  Inflater inflater;
  if (!inflater.open(format)) return make_error("cannot start decompression");

  z_stream& stream = inflater.stream();
  stream.next_in = const_cast<Bytef*>(bytes.data());  // zlib only reads it
  stream.avail_in = static_cast<uInt>(bytes.size());

  std::vector<uint8_t> out;
  size_t used = 0;
  for (;;) {
    if (used == out.size()) {
      // One byte beyond the limit tells "exactly the limit" from "more than that".
      const size_t wanted = std::max(kFirstStep, out.size() * 2);
      out.resize(std::min(wanted, limit + 1));
    }
    const size_t room = std::min(out.size() - used, kLargestInput);
    stream.next_out = out.data() + used;
    stream.avail_out = static_cast<uInt>(room);
    const int status = inflate(&stream, Z_NO_FLUSH);
    used += room - stream.avail_out;
    if (used > limit) return make_error("compressed data yields more than %zu bytes", limit);
    if (status == Z_STREAM_END) break;
    const bool starved = stream.avail_in == 0 && stream.avail_out != 0;
    if (status != Z_OK || starved) return make_error("compressed data is damaged or cut short");
  }
  out.resize(used);
  return out;
}

}  // namespace joist
