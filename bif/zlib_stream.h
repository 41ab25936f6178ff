// A compressor or decompressor of module zlib, behind a magic reference: bytes wait in a queue and
// are worked off in bounded steps. Only the controlling process uses it.
#pragma once

#include <zlib.h>

#include <atomic>
#include <memory>

#include "vm/heap/io_queue.h"
#include "vm/proc/process.h"

namespace joist {

class ZlibStream {
 public:
  enum class State : uint8_t { kNone, kDeflate, kInflate, kClosed };
  // What becomes of input behind the end of a compressed stream.
  enum EndBehaviour : int32_t { kError = 0, kReset = 1, kCut = 2 };

  explicit ZlibStream(Term controller);
  ~ZlibStream() { close(); }
  ZlibStream(const ZlibStream&) = delete;
  ZlibStream& operator=(const ZlibStream&) = delete;

  bool is_controlled_by(Term pid) const {
    return controller_.load(std::memory_order_acquire) == pid.bits();
  }
  void set_controller(Term pid) { controller_.store(pid.bits(), std::memory_order_release); }

  // --- for the controlling process; results are zlib's codes ---
  State state() const { return state_; }
  void close();

  struct DeflateOptions {
    int32_t level, method, window_bits, memory_level, strategy;
  };
  int begin_deflate(const DeflateOptions& options);
  int reset_deflate();
  int end_deflate();
  int set_deflate_parameters(int32_t level, int32_t strategy);
  int set_deflate_dictionary(ByteSpan dictionary, unsigned long* checksum);

  int begin_inflate(int32_t window_bits, int32_t end_behaviour);
  int reset_inflate();
  int end_inflate();
  int set_inflate_dictionary(ByteSpan dictionary);
  int inflate_dictionary(uint8_t* to, unsigned* size);
  // Before more is decompressed: sees to input behind the end.
  int pass_end();

  bool enqueue(const IovecPart& part) { return input_.add(part); }
  // One step: takes about `input_limit` bytes at most and fills `output` as far as it goes.
  struct Step {
    int result;
    size_t produced;
    size_t consumed;
    size_t remaining;  // bytes of input
  };
  Step step(Process& p, size_t input_limit, std::span<uint8_t> output, int flush);

  unsigned long input_checksum() const { return input_crc_; }
  unsigned long output_checksum() const { return output_crc_; }
  unsigned long dictionary_checksum() const { return stream_.adler; }

  // A term that is kept for the module's Erlang code.
  bool has_stash() const { return stash_ != nullptr; }
  void set_stash(Term term);
  Term stash(Allocator& heap) const;
  void clear_stash() { stash_.reset(); }

  int32_t chunk_size = 4000;  // setBufSize_nif of OTP 25

 private:
  struct Stash {
    Allocator memory;
    Term term;
  };
  using Codec = int (*)(z_stream*, int);

  void begin(State state, int32_t window_bits);
  void drop_input();
  int feed(Process& p, Codec codec, size_t input_limit, size_t* consumed);

  z_stream stream_ = {};
  State state_ = State::kNone;
  int32_t end_behaviour_ = kCut;
  bool raw_ = false;       // no header and no checksum: the plain text's CRC is kept here
  bool end_seen_ = false;  // the stream is complete
  unsigned long input_crc_ = 0;
  unsigned long output_crc_ = 0;
  IoQueue input_;
  std::unique_ptr<Stash> stash_;
  std::atomic<Word> controller_;
};

}  // namespace joist
