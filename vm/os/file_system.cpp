#include "vm/os/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "vm/os/file_status.h"

namespace joist {

namespace {

PosixError error_of(int result) { return result < 0 ? errno : 0; }

bool is_current_directory(const char* path) {
  struct stat there;
  struct stat here;
  return stat(path, &there) == 0 && stat(".", &here) == 0 && there.st_ino == here.st_ino &&
         there.st_dev == here.st_dev;
}

}  // namespace

void fill_file_info(const struct stat& status, FileInfo* info) {
  switch (status.st_mode & S_IFMT) {
    case S_IFCHR:
    case S_IFBLK:
      info->type = FileType::kDevice;
      break;
    case S_IFDIR:
      info->type = FileType::kDirectory;
      break;
    case S_IFREG:
      info->type = FileType::kRegular;
      break;
    case S_IFLNK:
      info->type = FileType::kSymlink;
      break;
    default:
      info->type = FileType::kOther;
  }
  info->size = status.st_size;
  info->access_time = status.st_atime;
  info->modification_time = status.st_mtime;
  info->change_time = status.st_ctime;
  info->mode = status.st_mode;
  // Erlang sees 32 bits of these.
  info->links = static_cast<uint32_t>(status.st_nlink);
  info->major_device = static_cast<uint32_t>(status.st_dev);
  info->minor_device = static_cast<uint32_t>(status.st_rdev);
  info->inode = static_cast<uint32_t>(status.st_ino);
  info->user = status.st_uid;
  info->group = status.st_gid;
}

PosixError read_file_info(const char* path, Links links, FileInfo* info) {
  struct stat status;
  const int result = links == Links::kFollow ? stat(path, &status) : lstat(path, &status);
  if (result < 0) return errno;
  fill_file_info(status, info);
  info->access = 0;
  if (access(path, R_OK) == 0) info->access |= kCanRead;
  if (access(path, W_OK) == 0) info->access |= kCanWrite;
  return 0;
}

PosixError set_file_permissions(const char* path, uint32_t permissions) {
  const mode_t set_id = S_ISUID | S_ISGID;
  const mode_t mode = permissions & (set_id | S_IRWXU | S_IRWXG | S_IRWXO);
  // Not everybody may set the former.
  if (chmod(path, mode) == 0) return 0;
  return error_of(chmod(path, mode & ~set_id));
}

PosixError set_file_owner(const char* path, int32_t user, int32_t group) {
  return error_of(chown(path, static_cast<uid_t>(user), static_cast<gid_t>(group)));
}

PosixError set_file_times(const char* path, int64_t access_time, int64_t modification_time) {
  const struct utimbuf times = {access_time, modification_time};
  return error_of(utime(path, &times));
}

PosixError read_symbolic_link(const char* path, std::string* target) {
  target->resize(256);
  for (;;) {
    const ssize_t count = readlink(path, target->data(), target->size());
    if (count < 0) return errno;
    if (static_cast<size_t>(count) < target->size()) {
      target->resize(static_cast<size_t>(count));
      return 0;
    }
    target->resize(target->size() * 2);
  }
}

PosixError read_directory(const char* path, std::vector<std::string>* names) {
  DIR* directory = opendir(path);
  if (directory == nullptr) return errno;
  while (const dirent* entry = readdir(directory)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names->emplace_back(name);
  }
  closedir(directory);
  return 0;
}

PosixError rename_file(const char* old_path, const char* new_path) {
  if (rename(old_path, new_path) == 0) return 0;
  if (errno == ENOTEMPTY) return EEXIST;
  // Systems differ in what they say of the root.
  if (strcmp(old_path, "/") == 0) return EINVAL;
  return errno;
}

PosixError make_hard_link(const char* existing, const char* new_path) {
  return error_of(link(existing, new_path));
}

PosixError make_symbolic_link(const char* target, const char* new_path) {
  return error_of(symlink(target, new_path));
}

PosixError make_directory(const char* path) { return error_of(mkdir(path, 0777)); }

PosixError delete_file(const char* path) {
  if (unlink(path) == 0) return 0;
  // POSIX has EPERM for directories.
  return errno == EISDIR ? EPERM : errno;
}

PosixError delete_directory(const char* path) {
  if (rmdir(path) == 0) return 0;
  if (errno != ENOTEMPTY && errno != EEXIST) return errno;
  return is_current_directory(path) ? EINVAL : EEXIST;
}

PosixError current_directory(std::string* path) {
  path->resize(256);
  while (getcwd(path->data(), path->size()) == nullptr) {
    if (errno != ERANGE) return errno;
    path->resize(path->size() * 2);
  }
  path->resize(strlen(path->c_str()));
  return 0;
}

PosixError change_directory(const char* path) { return error_of(chdir(path)); }

}  // namespace joist
