#include <memory>
#include <optional>

#include "vm/codec/etf_encoder.h"
#include "vm/codec/etf_zlib.h"
#include "vm/heap/binary.h"

namespace joist {
namespace etf {
namespace {

// Bytes before the term: version, and what the local form puts behind it.
size_t prefix_size(const EncodeOptions& options) {
  if (!options.has_version) return 0;
  return options.local ? 6 : 1;
}

}  // namespace
}  // namespace etf

EncodeOptions EncodeOptions::of_release(int otp_release) {
  EncodeOptions options;
  options.utf8_atoms = otp_release >= 26;
  options.v4_ports = otp_release >= 26;
  options.init_creates_funs = otp_release >= 27;
  return options;
}

namespace {

constexpr int64_t kUnlimited = INT64_MAX;

}  // namespace

struct ExternalMeasure::State {
  State(Term term, const EncodeOptions& given) : options(given), encoder(options, sink) {
    sink.size = etf::prefix_size(options);
    encoder.start(term);
  }
  EncodeOptions options;
  etf::SizeSink sink;
  etf::Encoder<etf::SizeSink> encoder;
};

ExternalMeasure::ExternalMeasure(Term term, const EncodeOptions& options)
    : state_(new State(term, options)) {}
ExternalMeasure::ExternalMeasure(ExternalMeasure&&) = default;
ExternalMeasure::~ExternalMeasure() = default;
Progress ExternalMeasure::run(int64_t* budget) { return state_->encoder.run(budget); }
size_t ExternalMeasure::size() const { return state_->sink.size; }

std::optional<size_t> external_size(Term term, const EncodeOptions& options) {
  int64_t budget = kUnlimited;
  return external_size(term, options, &budget);
}

std::optional<size_t> external_size(Term term, const EncodeOptions& options, int64_t* budget) {
  etf::SizeSink sink;
  sink.size = etf::prefix_size(options);
  etf::Encoder<etf::SizeSink> encoder(options, sink);
  encoder.start(term);
  if (encoder.run(budget) != Progress::kDone) return std::nullopt;
  return sink.size;
}

namespace {

// What goes before the term's bytes, when these are there.
void put_prefix(const EncodeOptions& options, uint8_t* bytes, size_t size) {
  if (!options.has_version) return;
  bytes[0] = etf::kVersion;
  if (options.local) {
    const size_t prefix = etf::prefix_size(options);
    ByteSpan body(bytes + prefix, size - prefix);
    bytes[1] = etf::kLocal;
    etf::store32(bytes + 2, etf::local_checksum(body, options.local_key));
  }
}

}  // namespace

void encode_external(Term term, const EncodeOptions& options, uint8_t* bytes) {
  etf::ByteSink sink(bytes + etf::prefix_size(options));
  etf::Encoder<etf::ByteSink> encoder(options, sink);
  encoder.start(term);
  int64_t budget = kUnlimited;
  encoder.run(&budget);
  put_prefix(options, bytes, static_cast<size_t>(sink.next - bytes));
}

// Sizes, then bytes: in the binary itself, or, to be compressed, beside it.
struct ExternalEncoding::State {
  State(Allocator& given_heap, Term given_term, const EncodeOptions& given, int given_level)
      : heap(given_heap),
        term(given_term),
        options(given),
        level(given_level),
        measure(given_term, given) {}

  Progress run(int64_t* budget);
  void begin_bytes();
  void compress();

  Allocator& heap;
  Term term;
  EncodeOptions options;
  int level;
  ExternalMeasure measure;
  size_t size = 0;
  std::unique_ptr<uint8_t[]> plain;  // null: not to be compressed
  uint8_t* bytes = nullptr;
  std::optional<etf::ByteSink> sink;
  std::optional<etf::Encoder<etf::ByteSink>> encoder;
  Term result = Term::none();
};

Progress ExternalEncoding::State::run(int64_t* budget) {
  if (!encoder) {
    const Progress measured = measure.run(budget);
    if (measured != Progress::kDone) return measured;
    begin_bytes();
  }
  const Progress written = encoder->run(budget);
  if (written != Progress::kDone) return written;
  put_prefix(options, bytes, size);
  if (plain != nullptr) compress();
  return Progress::kDone;
}

void ExternalEncoding::State::begin_bytes() {
  size = measure.size();
  if (level == 0 || size < 6) {
    result = must_make_bits(heap, size * 8, &bytes);
  } else {
    plain.reset(new uint8_t[size]);
    bytes = plain.get();
  }
  sink.emplace(bytes + etf::prefix_size(options));
  encoder.emplace(options, *sink);
  encoder->start(term);
}

void ExternalEncoding::State::compress() {
  // Only what is shorter than the plain form counts as compressed.
  std::unique_ptr<uint8_t[]> packed(new uint8_t[size]);
  std::optional<size_t> packed_size =
      etf::deflate_shorter(ByteSpan(bytes + 1, size - 1), level, packed.get() + 6, size - 6);
  if (!packed_size) {
    result = make_binary(heap, ByteSpan(bytes, size));
    return;
  }
  packed[0] = etf::kVersion;
  packed[1] = etf::kCompressed;
  etf::store32(packed.get() + 2, static_cast<uint32_t>(size - 1));
  result = make_binary(heap, ByteSpan(packed.get(), *packed_size + 6));
}

ExternalEncoding::ExternalEncoding(Allocator& heap, Term term, const EncodeOptions& options,
                                   int level)
    : state_(new State(heap, term, options, level)) {}
ExternalEncoding::ExternalEncoding(ExternalEncoding&&) = default;
ExternalEncoding::~ExternalEncoding() = default;
Progress ExternalEncoding::run(int64_t* budget) { return state_->run(budget); }
Term ExternalEncoding::result() const { return state_->result; }

Term external_binary(Allocator& heap, Term term, const EncodeOptions& options, int level) {
  ExternalEncoding encoding(heap, term, options, level);
  int64_t budget = kUnlimited;
  return encoding.run(&budget) == Progress::kDone ? encoding.result() : Term::none();
}

}  // namespace joist
