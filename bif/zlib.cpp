// Natives of module zlib. erts/preloaded/src/zlib.erl shows their callers; chunks of input and
// output, and how often to come back, are its business.
#include "bif/integer_argument.h"
#include "bif/magic.h"
#include "bif/registry.h"
#include "bif/zlib_stream.h"
#include "vm/codec/iolist.h"

namespace joist {

namespace {

using State = ZlibStream::State;

constexpr size_t kBinariesPerCall = 256;     // that enqueue_nif takes
constexpr size_t kMostDictionary = 1 << 15;  // bytes

// The result of a function of zlib. Only some errors are exceptions.
Term zlib_result(Process& p, int result) {
  switch (result) {
    case Z_OK:
      return atoms::ok;
    case Z_STREAM_END:
      return atoms::stream_end;
    case Z_STREAM_ERROR:
      return p.error(atoms::stream_error);
    case Z_DATA_ERROR:
      return p.error(atoms::data_error);
    case Z_MEM_ERROR:
      return atoms::mem_error;
    case Z_BUF_ERROR:
      return atoms::buf_error;
    case Z_VERSION_ERROR:
      return atoms::version_error;
    default:
      return atoms::unknown_error;
  }
}

// Checksums were signed integers of 32 bits before OTP 26.
Term checksum_term(Process& p, unsigned long checksum) {
  if (p.runtime->otp_release >= 26) return make_unsigned(p.heap, checksum);
  return Term::small(static_cast<int32_t>(checksum));
}

ZlibStream* stream_of(Term reference) { return Magic<ZlibStream>::get(reference); }

// The caller must be the controlling process. False: *refusal is what the native returns.
bool may_use(Process& p, const ZlibStream* stream, Term* refusal) {
  if (stream == nullptr) {
    *refusal = p.badarg();
  } else if (!stream->is_controlled_by(p.pid)) {
    *refusal = p.error(atoms::not_on_controlling_process);
  } else {
    return true;
  }
  return false;
}

bool may_use_as(Process& p, const ZlibStream* stream, State state, Term* refusal) {
  if (!may_use(p, stream, refusal)) return false;
  if (stream->state() == state) return true;
  *refusal = p.error(state == State::kNone ? atoms::already_initialized : atoms::not_initialized);
  return false;
}

// A native that only needs a stream in the right state.
template <State kState, int (ZlibStream::*kOperation)()>
Term stream_operation(Process& p, Term reference) {
  ZlibStream* stream = stream_of(reference);
  Term refusal;
  if (!may_use_as(p, stream, kState, &refusal)) return refusal;
  return zlib_result(p, (stream->*kOperation)());
}

Term open_nif_0(Process& p) { return Magic<ZlibStream>::make(p, 0, p.pid); }

Term close_nif_1(Process& p, Term reference) {
  ZlibStream* stream = stream_of(reference);
  Term refusal;
  if (!may_use(p, stream, &refusal)) return refusal;
  if (stream->state() == State::kClosed) return p.error(atoms::not_initialized);
  stream->close();
  return atoms::ok;
}

Term set_controller_nif_2(Process& p, Term reference, Term pid) {
  ZlibStream* stream = stream_of(reference);
  if (!pid.is_local_pid()) return p.badarg();
  Term refusal;
  if (!may_use(p, stream, &refusal)) return refusal;
  stream->set_controller(pid);
  return atoms::ok;
}

// --- compressing ---

Term deflate_init_nif_6(Process& p, Term reference, Term level, Term method, Term window_bits,
                        Term memory_level, Term strategy) {
  ZlibStream::DeflateOptions options;
  if (!to_narrow(level, &options.level) || !to_narrow(method, &options.method) ||
      !to_narrow(window_bits, &options.window_bits) ||
      !to_narrow(memory_level, &options.memory_level) || !to_narrow(strategy, &options.strategy)) {
    return p.badarg();
  }
  ZlibStream* stream = stream_of(reference);
  Term refusal;
  if (!may_use_as(p, stream, State::kNone, &refusal)) return refusal;
  return zlib_result(p, stream->begin_deflate(options));
}

Term deflate_params_nif_3(Process& p, Term reference, Term level_term, Term strategy_term) {
  int32_t level;
  int32_t strategy;
  if (!to_narrow(level_term, &level) || !to_narrow(strategy_term, &strategy)) return p.badarg();
  ZlibStream* stream = stream_of(reference);
  Term refusal;
  if (!may_use_as(p, stream, State::kDeflate, &refusal)) return refusal;
  return zlib_result(p, stream->set_deflate_parameters(level, strategy));
}

Term deflate_set_dictionary_nif_2(Process& p, Term reference, Term dictionary) {
  IolistBytes bytes;
  if (!bytes.load(dictionary)) return p.badarg();
  ZlibStream* stream = stream_of(reference);
  Term refusal;
  if (!may_use_as(p, stream, State::kDeflate, &refusal)) return refusal;
  unsigned long checksum;
  const int result = stream->set_deflate_dictionary(bytes.bytes(), &checksum);
  return result == Z_OK ? checksum_term(p, checksum) : zlib_result(p, result);
}

// --- decompressing ---

Term inflate_init_nif_3(Process& p, Term reference, Term window_bits_term, Term behaviour_term) {
  int32_t window_bits;
  int32_t behaviour;
  if (!to_narrow(window_bits_term, &window_bits) || !to_narrow(behaviour_term, &behaviour)) {
    return p.badarg();
  }
  ZlibStream* stream = stream_of(reference);
  Term refusal;
  if (!may_use_as(p, stream, State::kNone, &refusal)) return refusal;
  return zlib_result(p, stream->begin_inflate(window_bits, behaviour));
}

Term inflate_set_dictionary_nif_2(Process& p, Term reference, Term dictionary) {
  IolistBytes bytes;
  if (!bytes.load(dictionary)) return p.badarg();
  ZlibStream* stream = stream_of(reference);
  Term refusal;
  if (!may_use_as(p, stream, State::kInflate, &refusal)) return refusal;
  return zlib_result(p, stream->set_inflate_dictionary(bytes.bytes()));
}

Term inflate_get_dictionary_nif_1(Process& p, Term reference) {
  ZlibStream* stream = stream_of(reference);
  Term refusal;
  if (!may_use_as(p, stream, State::kInflate, &refusal)) return refusal;
  const auto dictionary = std::make_unique<uint8_t[]>(kMostDictionary);
  unsigned size = 0;
  const int result = stream->inflate_dictionary(dictionary.get(), &size);
  return result < 0 ? zlib_result(p, result)
                    : make_binary(p.heap, ByteSpan(dictionary.get(), size));
}

// --- both ---

Term enqueue_nif_2(Process& p, Term reference, Term iovec) {
  ZlibStream* stream = stream_of(reference);
  Term refusal;
  if (!may_use(p, stream, &refusal)) return refusal;
  if (stream->state() != State::kDeflate && stream->state() != State::kInflate) {
    return p.error(atoms::not_initialized);
  }
  const std::optional<IovecPart> part = take_iovec(iovec, kBinariesPerCall);
  if (!part || !stream->enqueue(*part)) return p.badarg();
  return part->rest.is_nil() ? atoms::ok : make_tuple(p.heap, {atoms::continue_, part->rest});
}

// A list with the output, or without any. Takes over the buffer.
Term output_list(Process& p, Binary* buffer, size_t produced) {
  Term output = Term::nil();
  if (produced > kHeapBitsLimit) {
    if (produced < buffer->capacity) buffer = shrink_binary(buffer, produced);
    return make_cons(p.heap, make_bits_of(p.heap, buffer, produced * 8), output);
  }
  if (produced > 0) {
    output = make_cons(p.heap, make_binary(p.heap, ByteSpan(buffer->bytes, produced)), output);
  }
  buffer->release();
  return output;
}

Term run_step(Process& p, ZlibStream* stream, int32_t input_limit, int32_t output_limit,
              int32_t flush) {
  const auto size = static_cast<size_t>(output_limit);
  Binary* buffer = try_new_binary(size);
  if (buffer == nullptr) return zlib_result(p, Z_MEM_ERROR);
  const ZlibStream::Step step =
      stream->step(p, static_cast<size_t>(input_limit), {buffer->bytes, size}, flush);
  int error = Z_OK;
  if (step.result < 0 && step.result != Z_BUF_ERROR) error = step.result;
  // Input that gets nowhere is not well formed.
  if (step.consumed == 0 && step.produced == 0 && step.remaining != 0) error = Z_DATA_ERROR;
  if (error != Z_OK) {
    buffer->release();
    return zlib_result(p, error);
  }
  const Term output = output_list(p, buffer, step.produced);
  if (step.remaining == 0 && step.produced < size) {
    return make_tuple(p.heap, {atoms::finished, output});
  }
  if (step.result != Z_NEED_DICT) return make_tuple(p.heap, {atoms::continue_, output});
  const Term checksum = checksum_term(p, stream->dictionary_checksum());
  return make_tuple(p.heap, {atoms::need_dictionary, checksum, output});
}

template <State kState>
Term codec_nif_4(Process& p, Term reference, Term input_term, Term output_term, Term flush_term) {
  int32_t input_limit;
  int32_t output_limit;
  int32_t flush;
  if (!to_narrow(input_term, &input_limit) || !to_narrow(output_term, &output_limit) ||
      !to_narrow(flush_term, &flush)) {
    return p.badarg();
  }
  ZlibStream* stream = stream_of(reference);
  Term refusal;
  if (!may_use_as(p, stream, kState, &refusal)) return refusal;
  if (kState == State::kInflate) {
    const int result = stream->pass_end();
    if (result != Z_OK) return zlib_result(p, result);
  }
  return run_step(p, stream, input_limit, output_limit, flush);
}

Term crc32_nif_1(Process& p, Term reference) {
  ZlibStream* stream = stream_of(reference);
  Term refusal;
  if (!may_use(p, stream, &refusal)) return refusal;
  switch (stream->state()) {
    case State::kDeflate:
      return make_unsigned(p.heap, stream->input_checksum());
    case State::kInflate:
      return make_unsigned(p.heap, stream->output_checksum());
    default:
      return p.error(atoms::not_initialized);
  }
}

// --- the stash, and the buffer size of OTP 25 ---

Term get_stash_nif_1(Process& p, Term reference) {
  ZlibStream* stream = stream_of(reference);
  Term refusal;
  if (!may_use(p, stream, &refusal)) return refusal;
  if (!stream->has_stash()) return atoms::empty_;
  return make_tuple(p.heap, {atoms::ok, stream->stash(p.heap)});
}

Term clear_stash_nif_1(Process& p, Term reference) {
  ZlibStream* stream = stream_of(reference);
  Term refusal;
  if (!may_use(p, stream, &refusal)) return refusal;
  if (!stream->has_stash()) return p.error(atoms::error);
  stream->clear_stash();
  return atoms::ok;
}

Term set_stash_nif_2(Process& p, Term reference, Term term) {
  ZlibStream* stream = stream_of(reference);
  Term refusal;
  if (!may_use(p, stream, &refusal)) return refusal;
  if (stream->has_stash()) return p.error(atoms::error);
  stream->set_stash(term);
  return atoms::ok;
}

Term get_buf_size_nif_1(Process& p, Term reference) {
  ZlibStream* stream = stream_of(reference);
  Term refusal;
  if (!may_use(p, stream, &refusal)) return refusal;
  return Term::small(stream->chunk_size);
}

Term set_buf_size_nif_2(Process& p, Term reference, Term size) {
  ZlibStream* stream = stream_of(reference);
  Term refusal;
  if (!may_use(p, stream, &refusal)) return refusal;
  return to_narrow(size, &stream->chunk_size) ? atoms::ok : p.badarg();
}

template <int (ZlibStream::*kOperation)()>
constexpr NativeEntry::Callable kDeflateOperation =
    native<stream_operation<State::kDeflate, kOperation>>;
template <int (ZlibStream::*kOperation)()>
constexpr NativeEntry::Callable kInflateOperation =
    native<stream_operation<State::kInflate, kOperation>>;

constexpr NativeEntry kZlibNatives[] = {
    {"zlib", "clearStash_nif", native<clear_stash_nif_1>},
    {"zlib", "close_nif", native<close_nif_1>},
    {"zlib", "crc32_nif", native<crc32_nif_1>},
    {"zlib", "deflateEnd_nif", kDeflateOperation<&ZlibStream::end_deflate>},
    {"zlib", "deflateInit_nif", native<deflate_init_nif_6>},
    {"zlib", "deflateParams_nif", native<deflate_params_nif_3>},
    {"zlib", "deflateReset_nif", kDeflateOperation<&ZlibStream::reset_deflate>},
    {"zlib", "deflateSetDictionary_nif", native<deflate_set_dictionary_nif_2>},
    {"zlib", "deflate_nif", native<codec_nif_4<State::kDeflate>>},
    {"zlib", "enqueue_nif", native<enqueue_nif_2>},
    {"zlib", "getBufSize_nif", native<get_buf_size_nif_1>},
    {"zlib", "getStash_nif", native<get_stash_nif_1>},
    {"zlib", "inflateEnd_nif", kInflateOperation<&ZlibStream::end_inflate>},
    {"zlib", "inflateGetDictionary_nif", native<inflate_get_dictionary_nif_1>},
    {"zlib", "inflateInit_nif", native<inflate_init_nif_3>},
    {"zlib", "inflateReset_nif", kInflateOperation<&ZlibStream::reset_inflate>},
    {"zlib", "inflateSetDictionary_nif", native<inflate_set_dictionary_nif_2>},
    {"zlib", "inflate_nif", native<codec_nif_4<State::kInflate>>},
    {"zlib", "open_nif", native<open_nif_0>},
    {"zlib", "setBufSize_nif", native<set_buf_size_nif_2>},
    {"zlib", "setStash_nif", native<set_stash_nif_2>},
    {"zlib", "set_controller_nif", native<set_controller_nif_2>},
};

}  // namespace

std::span<const NativeEntry> zlib_natives() { return kZlibNatives; }

}  // namespace joist
