#include "vm/os/quick_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <iterator>

#if __has_include(<linux/openat2.h>)
#include <linux/openat2.h>
#endif

#include "vm/os/file_descriptor.h"
#include "vm/os/file_status.h"

namespace joist {

namespace {

// Facts about the machine, like the number of its processors: one table for all VMs.
class FileSystems {
 public:
  bool knows(uint32_t device) const { return find(device) != 0; }
  bool is_quick(uint32_t device) const { return find(device) == entry(device, true); }
  void add(uint32_t device, bool quick) {
    // Some may be forgotten or stand there twice: then somebody asks again.
    const size_t place = next_.fetch_add(1, std::memory_order_relaxed);
    entries_[place % std::size(entries_)].store(entry(device, quick), std::memory_order_relaxed);
  }

 private:
  static uint64_t entry(uint32_t device, bool quick) {
    return uint64_t{1} << 33 | uint64_t{quick} << 32 | device;
  }
  uint64_t find(uint32_t device) const {
    for (const auto& each : entries_) {
      const uint64_t value = each.load(std::memory_order_relaxed);
      if (value != 0 && static_cast<uint32_t>(value) == device) return value;
    }
    return 0;
  }

  std::atomic<uint64_t> entries_[16] = {};
  std::atomic<size_t> next_{0};
};

constinit FileSystems file_systems;

// The kernel reads them from this machine's disks or memory, and asks no program.
bool is_local(uint64_t magic) {
  constexpr uint64_t kLocal[] = {
      0xef53,      // ext2, ext3, ext4
      0x58465342,  // xfs
      0x9123683e,  // btrfs
      0x2fc12fc1,  // zfs
      0xf2f52010,  // f2fs
      0x794c7630,  // overlayfs
      0x01021994,  // tmpfs
      0x858458f6,  // ramfs
      0x73717368,  // squashfs
      0xe0f5e1e2,  // erofs
  };
  return std::find(std::begin(kLocal), std::end(kLocal), magic) != std::end(kLocal);
}

#if defined(SYS_openat2) && defined(SYS_faccessat2) && defined(RESOLVE_CACHED)

int open_cached(const char* path, uint64_t flags) {
  open_how how = {};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_CACHED;
  return static_cast<int>(syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how));
}

// Names that are known not to be there are answers, too.
std::optional<PosixError> answer_of_failure() {
  if (errno == ENOENT || errno == ENOTDIR) return errno;
  return std::nullopt;
}

bool has_access(int descriptor, int mode) {
  return syscall(SYS_faccessat2, descriptor, "", mode, AT_EMPTY_PATH) == 0;
}

uint32_t access_of(int descriptor) {
  if (has_access(descriptor, R_OK | W_OK)) return kCanRead | kCanWrite;
  return (has_access(descriptor, R_OK) ? kCanRead : 0) |
         (has_access(descriptor, W_OK) ? kCanWrite : 0);
}

// What is known of the file without asking another machine for news. False: nothing reliable.
bool known_status(int descriptor, struct stat* status) {
  struct statx known;
  constexpr int kFlags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
  if (statx(descriptor, "", kFlags, STATX_TYPE, &known) != 0) return false;
  const auto device = static_cast<uint32_t>(makedev(known.stx_dev_major, known.stx_dev_minor));
  return file_systems.is_quick(device) && fstat(descriptor, status) == 0;
}

#else

int open_cached(const char*, uint64_t) { return -1; }
std::optional<PosixError> answer_of_failure() { return std::nullopt; }
uint32_t access_of(int) { return 0; }
bool known_status(int, struct stat*) { return false; }

#endif

}  // namespace

std::optional<PosixError> try_read_file_info(const char* path, Links links, FileInfo* info) {
  const int descriptor = open_cached(path, O_PATH | (links == Links::kFollow ? 0 : O_NOFOLLOW));
  if (descriptor < 0) return answer_of_failure();
  struct stat status;
  // Who asks for a link itself is told what access there is to the file.
  const bool done = known_status(descriptor, &status) && !S_ISLNK(status.st_mode);
  if (done) {
    fill_file_info(status, info);
    info->access = access_of(descriptor);
  }
  close(descriptor);
  return done ? std::optional<PosixError>(0) : std::nullopt;
}

// Looked at before it is opened: to open what is no regular file may wait, or do something.
std::optional<PosixError> try_open_file(const char* path, size_t longest, QuickFile* file) {
  const int place = open_cached(path, O_PATH);
  if (place < 0) return answer_of_failure();
  struct stat status;
  const bool fits = known_status(place, &status) && S_ISREG(status.st_mode) && status.st_size > 0 &&
                    static_cast<uint64_t>(status.st_size) <= longest;
  close(place);
  if (!fits) return std::nullopt;
  file->descriptor = open_cached(path, O_RDONLY | O_NONBLOCK);
  if (file->descriptor < 0) return std::nullopt;
  struct stat opened;
  const bool same = fstat(file->descriptor, &opened) == 0 && opened.st_ino == status.st_ino &&
                    opened.st_dev == status.st_dev && opened.st_size == status.st_size;
  file->size = static_cast<size_t>(status.st_size);
  if (same) return 0;
  close(file->descriptor);
  return std::nullopt;
}

bool try_read_whole(const QuickFile& file, uint8_t* to) {
#ifdef RWF_NOWAIT
  iovec whole = {to, file.size};
  const ssize_t bytes = preadv2(file.descriptor, &whole, 1, 0, RWF_NOWAIT);
  return bytes >= 0 && static_cast<size_t>(bytes) == file.size;
#else
  return false;
#endif
}

void learn_file_system(const char* path, uint32_t device) {
  if (file_systems.knows(device)) return;
  struct statfs system;
  if (statfs(path, &system) != 0) return;
  file_systems.add(device, is_local(static_cast<uint64_t>(system.f_type)));
}

}  // namespace joist
