#include "bif/zlib_stream.h"

#include <algorithm>

#include "vm/heap/copy.h"

namespace joist {

ZlibStream::ZlibStream(Term controller) : controller_(controller.bits()) {
  stream_.data_type = Z_BINARY;
}

void ZlibStream::close() {
  if (state_ == State::kDeflate) deflateEnd(&stream_);
  if (state_ == State::kInflate) inflateEnd(&stream_);
  stash_.reset();
  state_ = State::kClosed;
}

void ZlibStream::begin(State state, int32_t window_bits) {
  state_ = state;
  end_seen_ = false;
  raw_ = window_bits < 0;
  input_crc_ = output_crc_ = crc32(0, nullptr, 0);
}

void ZlibStream::drop_input() {
  input_.clear();
  stash_.reset();
}

// --- compressing ---

int ZlibStream::begin_deflate(const DeflateOptions& options) {
  const int result = deflateInit2(&stream_, options.level, options.method, options.window_bits,
                                  options.memory_level, options.strategy);
  if (result == Z_OK) begin(State::kDeflate, options.window_bits);
  return result;
}

int ZlibStream::reset_deflate() {
  const int result = deflateReset(&stream_);
  input_crc_ = crc32(0, nullptr, 0);
  end_seen_ = false;
  drop_input();
  return result;
}

int ZlibStream::end_deflate() {
  int result = deflateEnd(&stream_);
  if (result == Z_OK && input_.size() > 0) result = Z_DATA_ERROR;
  drop_input();
  state_ = State::kNone;
  return result;
}

// The caller has flushed everything, so nothing comes out; zlib wants a byte of room all the same.
int ZlibStream::set_deflate_parameters(int32_t level, int32_t strategy) {
  uint8_t nothing;
  stream_.next_out = &nothing;
  stream_.avail_out = 1;
  const int result = deflateParams(&stream_, level, strategy);
  return stream_.avail_out == 0 ? Z_STREAM_ERROR : result;
}

int ZlibStream::set_deflate_dictionary(ByteSpan dictionary, unsigned long* checksum) {
  const auto size = static_cast<unsigned>(dictionary.size());
  const int result = deflateSetDictionary(&stream_, dictionary.data(), size);
  // A raw stream has no checksum of its own.
  *checksum = raw_ ? adler32(0, dictionary.data(), size) : stream_.adler;
  return result;
}

// --- decompressing ---

int ZlibStream::begin_inflate(int32_t window_bits, int32_t end_behaviour) {
  const int result = inflateInit2(&stream_, window_bits);
  if (result != Z_OK) return result;
  begin(State::kInflate, window_bits);
  end_behaviour_ = end_behaviour;
  return result;
}

int ZlibStream::reset_inflate() {
  const int result = inflateReset(&stream_);
  output_crc_ = crc32(0, nullptr, 0);
  end_seen_ = false;
  drop_input();
  return result;
}

int ZlibStream::end_inflate() {
  int result = inflateEnd(&stream_);
  if (result == Z_OK && (!end_seen_ || input_.size() > 0)) result = Z_DATA_ERROR;
  drop_input();
  state_ = State::kNone;
  return result;
}

int ZlibStream::set_inflate_dictionary(ByteSpan dictionary) {
  return inflateSetDictionary(&stream_, dictionary.data(),
                              static_cast<unsigned>(dictionary.size()));
}

int ZlibStream::inflate_dictionary(uint8_t* to, unsigned* size) {
  return inflateGetDictionary(&stream_, to, size);
}

int ZlibStream::pass_end() {
  if (!end_seen_ || input_.size() == 0) return Z_OK;
  if (end_behaviour_ == kError) return Z_DATA_ERROR;
  if (end_behaviour_ == kCut) drop_input();
  if (end_behaviour_ != kReset) return Z_OK;
  const int result = inflateReset(&stream_);
  if (result == Z_OK) end_seen_ = false;
  return result;
}

// --- both ---

int ZlibStream::feed(Process& p, Codec codec, size_t input_limit, size_t* consumed) {
  constexpr size_t kSlice = 4000;  // reductions that `input_limit` bytes cost
  int result = Z_OK;
  for (const BinaryPiece& piece : input_.pieces()) {
    if (result != Z_OK || *consumed >= input_limit) break;
    const size_t size = std::min(piece.bytes().size(), input_limit);
    stream_.next_in = const_cast<uint8_t*>(piece.bytes().data());
    stream_.avail_in = static_cast<unsigned>(size);
    // What has gone in is flushed when all of the input has.
    result = codec(&stream_, Z_NO_FLUSH);
    const size_t taken = size - stream_.avail_in;
    *consumed += taken;
    if (state_ == State::kDeflate && raw_) {
      input_crc_ = crc32(input_crc_, piece.bytes().data(), static_cast<unsigned>(taken));
    }
    p.charge(static_cast<int64_t>(std::max(kSlice * taken / input_limit, kSlice / 100)));
    if (p.out_of_budget()) break;
  }
  return result;
}

ZlibStream::Step ZlibStream::step(Process& p, size_t input_limit, std::span<uint8_t> output,
                                  int flush) {
  const Codec codec = state_ == State::kDeflate ? deflate : inflate;
  stream_.next_out = output.data();
  stream_.avail_out = static_cast<unsigned>(output.size());
  Step step = {};
  step.result = feed(p, codec, input_limit, &step.consumed);
  input_.drop(step.consumed);
  step.remaining = input_.size();
  // Also without a flush: the latest step may have ended because there was no room for output.
  if (step.result == Z_OK && step.remaining == 0 && stream_.avail_out > 0) {
    stream_.next_in = nullptr;
    stream_.avail_in = 0;
    step.result = codec(&stream_, flush);
  }
  step.produced = output.size() - stream_.avail_out;
  if (step.result < 0 && step.result != Z_BUF_ERROR) return step;
  if (step.result == Z_STREAM_END) end_seen_ = true;
  if (state_ == State::kInflate && raw_) {
    output_crc_ = crc32(output_crc_, output.data(), static_cast<unsigned>(step.produced));
  }
  return step;
}

void ZlibStream::set_stash(Term term) {
  stash_ = std::make_unique<Stash>();
  stash_->term = copy_term(stash_->memory, term, nullptr);
}

Term ZlibStream::stash(Allocator& heap) const { return copy_term(heap, stash_->term, nullptr); }

}  // namespace joist
