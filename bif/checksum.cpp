// crc32, adler32 and md5 of iodata.
#include <md5.h>
#include <zlib.h>

#include "bif/in_slices.h"
#include "vm/codec/iolist.h"

namespace joist {

namespace {

// Feeds the bytes of iodata to `Sum::add(ByteSpan)`, in slices.
template <typename Sum>
class Summing {
 public:
  Summing(Term iodata, const Sum& sum) : walk_(iodata), visitor_{sum} {}

  Progress run(int64_t* budget) {
    const Progress progress = walk_.run(visitor_, budget);
    if (progress == Progress::kDone) visitor_.flush();
    return progress;
  }
  Sum& sum() { return visitor_.sum; }

 private:
  struct Visitor {
    static constexpr bool kByContent = true;
    Sum sum;
    uint8_t buffer[256] = {};  // bytes that come one by one
    size_t buffered = 0;

    void flush() {
      if (buffered != 0) sum.add({buffer, buffered});
      buffered = 0;
    }
    void byte(uint8_t value) {
      buffer[buffered++] = value;
      if (buffered == sizeof buffer) flush();
    }
    bool bits(BitsView view) {
      if (view.size % 8 != 0) return false;
      flush();
      ByteScratch scratch;
      if (view.size != 0) sum.add(contiguous_bytes(view, scratch));
      return true;
    }
  };

  IolistWalk walk_;
  Visitor visitor_;
};

// `arguments` are those of the native; `finish` makes its result of the sum.
template <typename Sum, typename Finish>
Term summed(Process& p, Term iodata, const Sum& start, std::initializer_list<Term> arguments,
            Finish finish) {
  return in_slices<Summing<Sum>>(
      p, arguments, [&] { return Summing<Sum>(iodata, start); },
      [&](Summing<Sum>& summing) { return finish(summing.sum()); });
}

// One of zlib's.
using Checksum = uLong (*)(uLong, const Bytef*, z_size_t);

struct ZlibSum {
  Checksum function;
  uLong value;
  void add(ByteSpan bytes) { value = function(value, bytes.data(), bytes.size()); }
};

struct Md5Sum {
  MD5_CTX context;
  void add(ByteSpan bytes) { MD5Update(&context, bytes.data(), bytes.size()); }
};

bool checksum_argument(Term term, uint32_t* value) {
  if (!term.is_small() || term.small_value() < 0 || term.small_value() > UINT32_MAX) return false;
  *value = static_cast<uint32_t>(term.small_value());
  return true;
}

Term checksum(Process& p, Checksum function, uint32_t start, Term iodata,
              std::initializer_list<Term> arguments) {
  return summed(p, iodata, ZlibSum{function, start}, arguments,
                [](ZlibSum& sum) { return Term::small(static_cast<int64_t>(sum.value)); });
}

using Combine = uLong (*)(uLong, uLong, z_off_t);

Term combined(Process& p, Combine function, Term first, Term second, Term second_size) {
  uint32_t a, b, size;
  if (!checksum_argument(first, &a) || !checksum_argument(second, &b) ||
      !checksum_argument(second_size, &size)) {
    return p.badarg();
  }
  if (size == 0) return Term::small(a);
  return Term::small(static_cast<int64_t>(function(a, b, static_cast<z_off_t>(size))));
}

Term crc32_1(Process& p, Term data) { return checksum(p, ::crc32_z, 0, data, {data}); }

Term crc32_2(Process& p, Term start, Term data) {
  uint32_t value;
  if (!checksum_argument(start, &value)) return p.badarg();
  return checksum(p, ::crc32_z, value, data, {start, data});
}

Term crc32_combine_3(Process& p, Term first, Term second, Term second_size) {
  return combined(p, ::crc32_combine, first, second, second_size);
}

Term adler32_1(Process& p, Term data) { return checksum(p, ::adler32_z, 1, data, {data}); }

Term adler32_2(Process& p, Term start, Term data) {
  uint32_t value;
  if (!checksum_argument(start, &value)) return p.badarg();
  return checksum(p, ::adler32_z, value, data, {start, data});
}

Term adler32_combine_3(Process& p, Term first, Term second, Term second_size) {
  return combined(p, ::adler32_combine, first, second, second_size);
}

// --- md5: the context travels as an opaque binary, whose size is OTP's ---

size_t context_bytes(Process& p) { return p.runtime->otp_release >= 29 ? 96 : 88; }

Term make_context(Process& p, const MD5_CTX& context) {
  static_assert(sizeof context <= 88);
  uint8_t* bytes;
  Term binary = make_bits_uninitialised(p.heap, context_bytes(p) * 8, &bytes);
  std::memset(bytes, 0, context_bytes(p));
  std::memcpy(bytes, &context, sizeof context);
  return binary;
}

bool load_context(Process& p, Term binary, MD5_CTX* context) {
  if (!is_binary(binary) || bits_size(binary) != context_bytes(p) * 8) return false;
  ByteScratch scratch;
  std::memcpy(context, binary_bytes(binary, scratch).data(), sizeof *context);
  return true;
}

Term make_digest(Process& p, MD5_CTX* context) {
  uint8_t digest[MD5_DIGEST_LENGTH];
  MD5Final(digest, context);
  return make_binary(p.heap, ByteSpan(digest));
}

Term md5_1(Process& p, Term data) {
  Md5Sum start{};
  MD5Init(&start.context);
  return summed(p, data, start, {data}, [&p](Md5Sum& sum) { return make_digest(p, &sum.context); });
}

Term md5_init_0(Process& p) {
  MD5_CTX context{};
  MD5Init(&context);
  return make_context(p, context);
}

Term md5_update_2(Process& p, Term binary, Term data) {
  Md5Sum start;
  if (!load_context(p, binary, &start.context)) return p.badarg();
  return summed(p, data, start, {binary, data},
                [&p](Md5Sum& sum) { return make_context(p, sum.context); });
}

Term md5_final_1(Process& p, Term binary) {
  MD5_CTX context;
  if (!load_context(p, binary, &context)) return p.badarg();
  return make_digest(p, &context);
}

const NativeEntry kNatives[] = {
    {"erlang", "crc32", native<crc32_1>},
    {"erlang", "crc32", native<crc32_2>},
    {"erlang", "crc32_combine", native<crc32_combine_3>},
    {"erlang", "adler32", native<adler32_1>},
    {"erlang", "adler32", native<adler32_2>},
    {"erlang", "adler32_combine", native<adler32_combine_3>},
    {"erlang", "md5", native<md5_1>},
    {"erlang", "md5_init", native<md5_init_0>},
    {"erlang", "md5_update", native<md5_update_2>},
    {"erlang", "md5_final", native<md5_final_1>},
};

}  // namespace

std::span<const NativeEntry> checksum_natives() { return kNatives; }

}  // namespace joist
