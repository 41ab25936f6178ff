#include "loader/module_md5.h"

#include <md5.h>
#include <sys/types.h>

namespace joist {

namespace {

constexpr size_t kLambdaHeader = 4;
constexpr size_t kLambdaEntry = 24;
constexpr size_t kLambdaCounted = 20;  // all of an entry but its unique number

void update(MD5_CTX& context, ByteSpan bytes) { MD5Update(&context, bytes.data(), bytes.size()); }

void update_lambdas(MD5_CTX& context, ByteSpan chunk) {
  static constexpr uint8_t kZeros[kLambdaEntry - kLambdaCounted] = {};
  ByteReader reader(chunk);
  update(context, reader.take(kLambdaHeader));
  while (reader.remaining() >= kLambdaEntry) {
    update(context, reader.take(kLambdaCounted));
    reader.skip(sizeof(kZeros));
    update(context, kZeros);
  }
}

}  // namespace

std::array<uint8_t, 16> module_md5(const BeamFile& file) {
  MD5_CTX context;
  MD5Init(&context);
  for (const uint32_t id : {chunk_id("AtU8"), chunk_id("Atom")}) {
    const ByteSpan chunk = file.chunk(id);
    update(context, chunk);
    if (!chunk.empty()) break;
  }
  for (const uint32_t id :
       {chunk_id("Code"), chunk_id("StrT"), chunk_id("ImpT"), chunk_id("ExpT")}) {
    update(context, file.chunk(id));
  }
  update_lambdas(context, file.chunk(chunk_id("FunT")));
  for (const uint32_t id :
       {chunk_id("LitT"), chunk_id("Meta"), chunk_id("Recs"), chunk_id("DbgB")}) {
    update(context, file.chunk(id));
  }
  std::array<uint8_t, 16> digest;
  MD5Final(digest.data(), &context);
  return digest;
}

}  // namespace joist
