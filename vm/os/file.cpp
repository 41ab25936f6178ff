#include "vm/os/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace joist {

namespace {

struct FileDescriptor {
  int value;
  ~FileDescriptor() {
    if (value >= 0) close(value);
  }
};

Error errno_error(const std::string& path) {
  if (errno == ENOENT) return make_error("%s: no such file", path.c_str());
  return make_error("%s: %s", path.c_str(), strerror(errno));
}

}  // namespace

FileKind file_kind(const std::string& path) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0) return FileKind::kMissing;
  if (S_ISREG(status.st_mode)) return FileKind::kRegular;
  if (S_ISDIR(status.st_mode)) return FileKind::kDirectory;
  return FileKind::kOther;
}

Result<std::vector<uint8_t>> read_file(const std::string& path) {
  const FileDescriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.value < 0) return errno_error(path);
  struct stat status;
  if (fstat(file.value, &status) != 0) return errno_error(path);
  if (S_ISDIR(status.st_mode)) return make_error("%s: is a directory", path.c_str());

  // The size is a hint: pipes and /proc files say 0, and a file may grow while it is read.
  std::vector<uint8_t> bytes(static_cast<size_t>(status.st_size) + 1);
  size_t used = 0;
  for (;;) {
    if (used == bytes.size()) bytes.resize(bytes.size() * 2 + 4096);
    const ssize_t count = read(file.value, bytes.data() + used, bytes.size() - used);
    if (count < 0) {
      if (errno == EINTR) continue;
      return errno_error(path);
    }
    if (count == 0) break;
    used += static_cast<size_t>(count);
  }
  bytes.resize(used);
  return bytes;
}

Result<std::vector<std::string>> list_directory(const std::string& path) {
  DIR* directory = opendir(path.c_str());
  if (directory == nullptr) return errno_error(path);
  std::vector<std::string> names;
  while (const dirent* entry = readdir(directory)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  closedir(directory);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace joist
