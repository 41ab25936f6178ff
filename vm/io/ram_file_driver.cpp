// ram_file_drv: files in memory, for kernel's ram_file.erl. Commands and answers are its own
// protocol: a byte for the operation, then 32-bit numbers (big endian) and data.
#include <algorithm>
#include <cerrno>
#include <string_view>

#include "vm/base/bytes.h"
#include "vm/io/drivers.h"
#include "vm/io/port.h"
#include "vm/os/posix_error.h"

namespace joist {

namespace {

enum Operation : uint8_t {
  kOpen = 1,
  kRead = 2,
  kSeek = 3,
  kWrite = 4,
  kSync = 9,
  kTruncate = 14,
  kReadAt = 17,
  kWriteAt = 18,
  kSyncData = 19,
  kGet = 30,
  kSize = 37,
  kAdvise = 38,
  kAllocate = 39,
};
enum Mode : uint32_t { kReads = 1, kWrites = 2 };
enum Origin : int32_t { kBegin = 0, kCurrent = 1, kEnd = 2 };
enum Answer : uint8_t { kOk = 0, kError = 1, kData = 2, kNumber = 3 };

class RamFileDriver final : public PortDriver {
 public:
  explicit RamFileDriver(Port& port) : port_(port) {}

  void output(OutputData data) override {
    const std::vector<uint8_t> command = data.joined();
    if (!command.empty()) perform(command[0], ByteSpan(command).subspan(1));
  }
  void stop() override {}

 private:
  // Numbers that are missing count as 0.
  static int32_t number(ByteSpan bytes, size_t at) {
    uint32_t value = 0;
    for (size_t i = at; i < at + 4; ++i) value = value << 8 | (i < bytes.size() ? bytes[i] : 0);
    return static_cast<int32_t>(value);
  }
  static ByteSpan behind(ByteSpan bytes, size_t count) {
    return bytes.subspan(std::min(count, bytes.size()));
  }

  void perform(uint8_t operation, ByteSpan rest) {
    switch (operation) {
      case kOpen:
        modes_ = static_cast<uint32_t>(number(rest, 0));
        content_.assign(behind(rest, 4).begin(), rest.end());
        position_ = 0;
        return answer_number(0);
      case kRead:
        return read(number(rest, 0), &position_);
      case kReadAt: {
        int64_t offset = number(rest, 0);
        return read(number(rest, 4), &offset);
      }
      case kWrite:
        return write(rest, &position_);
      case kWriteAt: {
        int64_t offset = number(rest, 0);
        return write(behind(rest, 4), &offset);
      }
      case kSeek:
        return seek(number(rest, 0), number(rest, 4));
      case kTruncate:
        if ((modes_ & kWrites) == 0) return answer_error(EACCES);
        content_.resize(std::min(content_.size(), static_cast<size_t>(position_)));
        return answer(kOk, {});
      case kGet:
        return answer_data(content_);
      case kSize:
        return answer_number(static_cast<int64_t>(content_.size()));
      case kSync:
      case kSyncData:
      case kAdvise:
      case kAllocate:
        return modes_ == 0 ? answer_error(EBADF) : answer(kOk, {});
      default:
        return;
    }
  }

  void read(int32_t count, int64_t* position) {
    if ((modes_ & kReads) == 0) return answer_error(EBADF);
    if (*position < 0 || count < 0) return answer_error(EINVAL);
    const size_t from = std::min(static_cast<size_t>(*position), content_.size());
    const size_t found = std::min(static_cast<size_t>(count), content_.size() - from);
    *position += static_cast<int64_t>(found);
    answer_data(ByteSpan(content_).subspan(from, found));
  }

  void write(ByteSpan bytes, int64_t* position) {
    if (*position < 0) return answer_error(EINVAL);
    if ((modes_ & kWrites) == 0) return answer_error(EBADF);
    const auto at = static_cast<size_t>(*position);
    if (content_.size() < at + bytes.size()) content_.resize(at + bytes.size());
    std::copy(bytes.begin(), bytes.end(), content_.begin() + static_cast<ptrdiff_t>(at));
    *position += static_cast<int64_t>(bytes.size());
    answer_number(static_cast<int64_t>(bytes.size()));
  }

  void seek(int64_t offset, int32_t origin) {
    if (modes_ == 0) return answer_error(EBADF);
    if (origin == kCurrent) offset += position_;
    if (origin == kEnd) offset += static_cast<int64_t>(content_.size());
    if (origin < kBegin || origin > kEnd || offset < 0) return answer_error(EINVAL);
    position_ = offset;
    answer_number(offset);
  }

  // --- answers ---
  void answer(Answer kind, ByteSpan bytes) {
    std::vector<uint8_t> message = {kind};
    message.insert(message.end(), bytes.begin(), bytes.end());
    port_.deliver_behind(message, nullptr);
  }
  void answer_error(int error) {
    const std::string_view name = posix_error_name(error);
    answer(kError, {reinterpret_cast<const uint8_t*>(name.data()), name.size()});
  }
  void answer_number(int64_t value) {
    uint8_t bytes[4];
    for (int i = 0; i < 4; ++i) bytes[i] = static_cast<uint8_t>(value >> (24 - 8 * i));
    answer(kNumber, bytes);
  }
  // The first bytes are a list in any case, the data a binary if the port's data are.
  void answer_data(ByteSpan bytes) {
    std::vector<uint8_t> header = {kData};
    for (int i = 0; i < 4; ++i)
      header.push_back(static_cast<uint8_t>(bytes.size() >> (24 - 8 * i)));
    port_.deliver_behind(header, &bytes);
  }

  Port& port_;
  uint32_t modes_ = 0;
  int64_t position_ = 0;
  std::vector<uint8_t> content_;
};

DriverStart start_ram_file(Port& port, const std::string&, const PortOptions&) {
  return {std::make_unique<RamFileDriver>(port)};
}

}  // namespace

const DriverInfo& ram_file_driver() {
  static constexpr DriverInfo info{.name = "ram_file_drv", .start = start_ram_file};
  return info;
}

}  // namespace joist
