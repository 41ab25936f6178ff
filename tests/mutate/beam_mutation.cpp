// Loads mutants of .beam files: whatever the bytes are, no step of loading must crash or hang, and
// what verify() accepts must still be sound after transform().
//
//   beam_mutation [--count N] [--seed S] FILE...
//
// Each mutant is made from one of the files by a few edits: bits and bytes changed, numbers set to
// extreme values, ranges cut out, doubled or moved, the file cut short, chunks swapped, dropped or
// taken from another file, operands rewritten, and lengths put right again afterwards (or not). The
// seed is printed, so a run can be repeated.

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "tests/mutate/load_check.h"

namespace {

using Bytes = std::vector<uint8_t>;
using joist::ByteSpan;
using joist::LoadCheck;
using joist::LoadStep;

struct RawChunk {
  char name[4];
  Bytes data;
};

constexpr size_t kHeader = 12;  // FOR1, size, BEAM
constexpr int kTermRules = 29;  // with records, which only their release's modules have

bool read_file(const char* path, Bytes& bytes) {
  std::FILE* file = std::fopen(path, "rb");
  if (file == nullptr) return false;
  uint8_t buffer[65536];
  size_t count;
  while ((count = std::fread(buffer, 1, sizeof(buffer), file)) > 0) {
    bytes.insert(bytes.end(), buffer, buffer + count);
  }
  std::fclose(file);
  return true;
}

void append_u32(Bytes& bytes, size_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<uint8_t>(value >> shift));
  }
}

// Takes a sound file apart without the code under test.
std::vector<RawChunk> split(const Bytes& bytes) {
  std::vector<RawChunk> chunks;
  size_t at = kHeader;
  while (at + 8 <= bytes.size()) {
    RawChunk chunk;
    std::memcpy(chunk.name, &bytes[at], 4);
    size_t size = 0;
    for (size_t i = 4; i < 8; ++i) size = size << 8 | bytes[at + i];
    if (size > bytes.size() - at - 8) break;
    chunk.data.assign(bytes.begin() + static_cast<ptrdiff_t>(at + 8),
                      bytes.begin() + static_cast<ptrdiff_t>(at + 8 + size));
    chunks.push_back(std::move(chunk));
    at += 8 + (size + 3) / 4 * 4;
  }
  return chunks;
}

Bytes join(const std::vector<RawChunk>& chunks) {
  Bytes body = {'B', 'E', 'A', 'M'};
  for (const RawChunk& chunk : chunks) {
    body.insert(body.end(), chunk.name, chunk.name + 4);
    append_u32(body, chunk.data.size());
    body.insert(body.end(), chunk.data.begin(), chunk.data.end());
    body.resize((body.size() + 3) / 4 * 4);
  }
  Bytes file = {'F', 'O', 'R', '1'};
  append_u32(file, body.size());
  file.insert(file.end(), body.begin(), body.end());
  return file;
}

class Mutator {
 public:
  Mutator(uint64_t seed, std::vector<Bytes> files) : random_(seed), files_(std::move(files)) {
    for (const Bytes& file : files_) chunks_.push_back(split(file));
  }

  Bytes next() {
    const size_t which = below(files_.size());
    if (below(4) == 0) {
      Bytes bytes = files_[which];
      edit(bytes);
      return bytes;
    }
    std::vector<RawChunk> chunks = chunks_[which];
    const size_t edits = 1 + below(3);
    for (size_t i = 0; i < edits && !chunks.empty(); ++i) edit_chunks(chunks);
    return join(chunks);
  }

 private:
  size_t below(size_t limit) {
    return limit == 0 ? 0 : std::uniform_int_distribution<size_t>(0, limit - 1)(random_);
  }

  void edit_chunks(std::vector<RawChunk>& chunks) {
    switch (below(16)) {
      case 0:
        chunks.erase(chunks.begin() + static_cast<ptrdiff_t>(below(chunks.size())));
        return;
      case 1:
        std::swap(chunks[below(chunks.size())], chunks[below(chunks.size())]);
        return;
      case 2:
        std::swap(chunks[below(chunks.size())].data, chunks[below(chunks.size())].data);
        return;
      case 3: {  // a chunk of another file
        const auto& other = chunks_[below(chunks_.size())];
        if (!other.empty()) chunks[below(chunks.size())] = other[below(other.size())];
        return;
      }
      default:
        break;
    }
    RawChunk& chunk = chunks[below(chunks.size())];
    // Half of the edits go to the code, which has the most to get wrong.
    for (RawChunk& code : chunks) {
      if (below(2) == 0 && std::memcmp(code.name, "Code", 4) == 0) return edit_code(code.data);
    }
    edit(chunk.data);
  }

  void edit_code(Bytes& bytes) {
    constexpr size_t kCodeHeader = 20;
    if (bytes.size() <= kCodeHeader || below(8) == 0) return edit(bytes);
    const size_t at = kCodeHeader + below(bytes.size() - kCodeHeader);
    switch (below(6)) {
      case 0:  // another number
        bytes[at] = static_cast<uint8_t>((bytes[at] & 0x0f) | below(16) << 4);
        return;
      case 1:  // another tag
        bytes[at] = static_cast<uint8_t>((bytes[at] & 0xf8) | below(8));
        return;
      case 2:
        bytes[at] = static_cast<uint8_t>(below(192));  // another opcode
        return;
      case 3:
        bytes[at] = static_cast<uint8_t>(bytes[at] + (below(2) == 0 ? 16 : -16));
        return;
      case 4:
        std::swap(bytes[at], bytes[kCodeHeader + below(bytes.size() - kCodeHeader)]);
        return;
      default:
        return edit(bytes);
    }
  }

  void edit(Bytes& bytes) {
    if (bytes.empty()) return bytes.push_back(static_cast<uint8_t>(below(256)));
    const size_t at = below(bytes.size());
    const auto place = bytes.begin() + static_cast<ptrdiff_t>(at);
    const size_t length = 1 + below(std::min<size_t>(bytes.size() - at, 64));
    switch (below(8)) {
      case 0:
        bytes[at] ^= static_cast<uint8_t>(1 << below(8));
        return;
      case 1:
        bytes[at] = static_cast<uint8_t>(below(256));
        return;
      case 2: {  // an extreme 32-bit number
        static constexpr uint32_t kNumbers[] = {0,          1,          0x7fffffff, 0x80000000,
                                                0xffffffff, 0x10000000, 255,        0x00ffffff};
        const uint32_t number = kNumbers[below(8)];
        for (size_t i = 0; i < 4 && at + i < bytes.size(); ++i) {
          bytes[at + i] = static_cast<uint8_t>(number >> (24 - 8 * i));
        }
        return;
      }
      case 3:
        bytes.resize(at);
        return;
      case 4:
        bytes.erase(place, place + static_cast<ptrdiff_t>(length));
        return;
      case 5: {
        const Bytes copy(place, place + static_cast<ptrdiff_t>(length));
        bytes.insert(bytes.begin() + static_cast<ptrdiff_t>(below(bytes.size())), copy.begin(),
                     copy.end());
        return;
      }
      case 6:
        for (size_t i = 0; i < length; ++i) bytes[at + i] = static_cast<uint8_t>(below(256));
        return;
      default:
        for (size_t i = 0; i < length; ++i) bytes[at + i] = 0xff;
        return;
    }
  }

  std::mt19937_64 random_;
  std::vector<Bytes> files_;
  std::vector<std::vector<RawChunk>> chunks_;
};

struct Counts {
  size_t parsed = 0;
  size_t verified = 0;
  size_t loaded = 0;
};

// False if what was accepted is not sound after transform().
bool load(LoadCheck& check, ByteSpan bytes, Counts& counts) {
  const LoadStep step = check.load(bytes);
  counts.parsed += step >= LoadStep::kParsed;
  counts.verified += step >= LoadStep::kVerified;
  counts.loaded += step >= LoadStep::kLoaded;
  return step != LoadStep::kUnsound;
}

}  // namespace

int main(int argc, char** argv) {
  size_t count = 1000;
  uint64_t seed = std::random_device()();
  std::vector<Bytes> files;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--count") == 0 && i + 1 < argc) {
      count = std::strtoull(argv[++i], nullptr, 10);
    } else if (std::strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
      seed = std::strtoull(argv[++i], nullptr, 10);
    } else if (Bytes bytes; read_file(argv[i], bytes)) {
      files.push_back(std::move(bytes));
    } else {
      std::fprintf(stderr, "cannot read %s\n", argv[i]);
      return 2;
    }
  }
  if (files.empty()) {
    std::fprintf(stderr, "usage: beam_mutation [--count N] [--seed S] FILE...\n");
    return 2;
  }
  std::printf("seed %" PRIu64 "\n", seed);
  std::fflush(stdout);

  LoadCheck check(kTermRules);
  Counts counts;
  for (const Bytes& file : files) {
    if (!load(check, file, counts)) return 1;
  }
  if (counts.loaded != files.size()) {
    std::printf("%zu of %zu files refused\n", files.size() - counts.loaded, files.size());
    return 1;
  }
  counts = {};
  Mutator mutator(seed, std::move(files));
  for (size_t i = 0; i < count; ++i) {
    const Bytes mutant = mutator.next();
    if (!load(check, mutant, counts)) {
      std::printf("mutant %zu\n", i);
      return 1;
    }
  }
  std::printf("%zu mutants: %zu parsed, %zu verified, %zu loaded\n", count, counts.parsed,
              counts.verified, counts.loaded);
  return 0;
}
