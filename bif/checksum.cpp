// crc32, adler32 and md5 of iodata.
#include <md5.h>
#include <zlib.h>

#include "vm/codec/iolist.h"
#include "vm/proc/native.h"

namespace joist {

namespace {

constexpr size_t kBytesPerReduction = 256;

using Checksum = uLong (*)(uLong, const Bytef*, z_size_t);

bool checksum_argument(Term term, uint32_t* value) {
  if (!term.is_small() || term.small_value() < 0 || term.small_value() > UINT32_MAX) return false;
  *value = static_cast<uint32_t>(term.small_value());
  return true;
}

Term checksum(Process& p, Checksum function, uint32_t start, Term iodata) {
  IolistBytes data;
  if (!data.load(iodata)) return p.badarg();
  p.charge(static_cast<int64_t>(data.bytes().size() / kBytesPerReduction));
  // zlib takes a null pointer for "the initial value".
  if (data.bytes().empty()) return Term::small(start);
  return Term::small(
      static_cast<int64_t>(function(start, data.bytes().data(), data.bytes().size())));
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

Term crc32_1(Process& p, Term data) { return checksum(p, ::crc32_z, 0, data); }

Term crc32_2(Process& p, Term start, Term data) {
  uint32_t value;
  if (!checksum_argument(start, &value)) return p.badarg();
  return checksum(p, ::crc32_z, value, data);
}

Term crc32_combine_3(Process& p, Term first, Term second, Term second_size) {
  return combined(p, ::crc32_combine, first, second, second_size);
}

Term adler32_1(Process& p, Term data) { return checksum(p, ::adler32_z, 1, data); }

Term adler32_2(Process& p, Term start, Term data) {
  uint32_t value;
  if (!checksum_argument(start, &value)) return p.badarg();
  return checksum(p, ::adler32_z, value, data);
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

bool add_iodata(Process& p, MD5_CTX* context, Term iodata) {
  IolistBytes data;
  if (!data.load(iodata)) return false;
  p.charge(static_cast<int64_t>(data.bytes().size() / kBytesPerReduction));
  MD5Update(context, data.bytes().data(), data.bytes().size());
  return true;
}

Term md5_1(Process& p, Term data) {
  MD5_CTX context{};
  MD5Init(&context);
  if (!add_iodata(p, &context, data)) return p.badarg();
  return make_digest(p, &context);
}

Term md5_init_0(Process& p) {
  MD5_CTX context{};
  MD5Init(&context);
  return make_context(p, context);
}

Term md5_update_2(Process& p, Term binary, Term data) {
  MD5_CTX context;
  if (!load_context(p, binary, &context) || !add_iodata(p, &context, data)) return p.badarg();
  return make_context(p, context);
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
