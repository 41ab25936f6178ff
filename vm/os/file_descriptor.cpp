#include "vm/os/file_descriptor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "vm/os/file_status.h"

namespace joist {

namespace {

PosixError error_of(int result) { return result < 0 ? errno : 0; }

bool is_directory(int descriptor) {
  struct stat status;
  return fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode);
}

int system_flags(uint32_t modes) {
  int flags = O_CLOEXEC;
  switch (modes & (open_mode::kRead | open_mode::kWrite)) {
    case open_mode::kRead:
      flags |= O_RDONLY;
      break;
    case open_mode::kWrite:
      flags |= O_WRONLY | O_CREAT;
      if ((modes & open_mode::kAppend) == 0) flags |= O_TRUNC;
      break;
    default:
      flags |= O_RDWR | O_CREAT;
  }
  if ((modes & open_mode::kAppend) != 0) flags |= O_APPEND;
  if ((modes & open_mode::kExclusive) != 0) flags |= O_EXCL;
  if ((modes & open_mode::kSync) != 0) flags |= O_SYNC;
  if ((modes & open_mode::kDirectory) != 0) flags |= O_DIRECTORY;
  return flags;
}

// Reads until `count` bytes are there; `read_some(to, count, done)` is the system call, which is
// made for no bytes, too: whether the file may be read shows there.
template <typename ReadSome>
Transfer read_all(uint8_t* to, size_t count, ReadSome read_some) {
  size_t done = 0;
  ssize_t result;
  do {
    result = read_some(to + done, count - done, done);
    if (result > 0) done += static_cast<size_t>(result);
    if (result < 0 && errno != EINTR) return {-1, errno};
  } while (result < 0 || (result > 0 && done < count));
  return {static_cast<int64_t>(done), 0};
}

constexpr size_t kMostPieces = 64;  // of a system call; no system takes fewer

// Likewise; `write_some(vectors, count, done)`.
template <typename WriteSome>
Transfer write_all(std::span<const ByteSpan> pieces, WriteSome write_some) {
  iovec vectors[kMostPieces];
  size_t done = 0;
  size_t first = 0;   // piece to go on with
  size_t offset = 0;  // in it
  while (first < pieces.size()) {
    const size_t count = std::min(pieces.size() - first, kMostPieces);
    for (size_t i = 0; i < count; ++i) {
      const ByteSpan piece = pieces[first + i].subspan(i == 0 ? offset : 0);
      vectors[i] = {const_cast<uint8_t*>(piece.data()), piece.size()};
    }
    const ssize_t result = write_some(vectors, static_cast<int>(count), done);
    if (result < 0) {
      if (errno == EINTR) continue;
      return {-1, errno};
    }
    if (result == 0) break;
    done += static_cast<size_t>(result);
    offset += static_cast<size_t>(result);
    while (first < pieces.size() && offset >= pieces[first].size()) {
      offset -= pieces[first++].size();
    }
  }
  return {static_cast<int64_t>(done), 0};
}

uint32_t mode_access(const struct stat& status) {
  mode_t can_read = S_IROTH;
  mode_t can_write = S_IWOTH;
  if (status.st_uid == geteuid()) {
    can_read = S_IRUSR;
    can_write = S_IWUSR;
  } else if (status.st_gid == getegid()) {
    can_read = S_IRGRP;
    can_write = S_IWGRP;
  }
  return ((status.st_mode & can_read) != 0 ? kCanRead : 0) |
         ((status.st_mode & can_write) != 0 ? kCanWrite : 0);
}

}  // namespace

PosixError open_file(const char* path, uint32_t modes, int* descriptor) {
  const mode_t permissions = (modes & open_mode::kDirectory) != 0 ? 0777 : 0666;
  const int flags = system_flags(modes);
  do {
    *descriptor = open(path, flags, permissions);
  } while (*descriptor < 0 && errno == EINTR);
  if (*descriptor < 0) return errno;
  // Directories can be opened for reading, but only those who ask for it may have them.
  const bool any_type = (modes & (open_mode::kAnyType | open_mode::kDirectory)) != 0;
  if (!any_type && is_directory(*descriptor)) {
    close(*descriptor);
    return EISDIR;
  }
  return 0;
}

// No second try after EINTR: by then the number may stand for another file.
PosixError close_file(int descriptor) { return error_of(close(descriptor)); }

bool is_open(int descriptor) { return fcntl(descriptor, F_GETFL) != -1 || errno != EBADF; }

Transfer read_file_bytes(int descriptor, uint8_t* to, size_t count) {
  return read_all(to, count, [descriptor](uint8_t* at, size_t left, size_t) {
    return read(descriptor, at, left);
  });
}

Transfer read_file_bytes_at(int descriptor, int64_t offset, uint8_t* to, size_t count) {
  return read_all(to, count, [descriptor, offset](uint8_t* at, size_t left, size_t done) {
    return pread(descriptor, at, left, offset + static_cast<int64_t>(done));
  });
}

Transfer write_pieces(int descriptor, std::span<const ByteSpan> pieces) {
  return write_all(pieces, [descriptor](const iovec* vectors, int count, size_t) {
    return writev(descriptor, vectors, count);
  });
}

Transfer write_pieces_waiting(int descriptor, std::span<const ByteSpan> pieces) {
  return write_all(pieces, [descriptor](const iovec* vectors, int count, size_t) {
    for (;;) {
      const ssize_t result = writev(descriptor, vectors, count);
      if (result >= 0 || errno != EAGAIN) return result;
      pollfd waiting = {descriptor, POLLOUT, 0};
      poll(&waiting, 1, -1);
    }
  });
}

Transfer write_pieces_at(int descriptor, int64_t offset, std::span<const ByteSpan> pieces) {
  return write_all(pieces, [descriptor, offset](const iovec* vectors, int count, size_t done) {
    return pwritev(descriptor, vectors, count, offset + static_cast<int64_t>(done));
  });
}

PosixError seek_file(int descriptor, SeekOrigin origin, int64_t offset, int64_t* position) {
  static constexpr int kWhence[] = {SEEK_SET, SEEK_CUR, SEEK_END};
  *position = lseek(descriptor, offset, kWhence[static_cast<size_t>(origin)]);
  return *position < 0 ? errno : 0;
}

PosixError sync_file(int descriptor, bool data_only) {
  return error_of(data_only ? fdatasync(descriptor) : fsync(descriptor));
}

PosixError truncate_file(int descriptor) {
  const off_t position = lseek(descriptor, 0, SEEK_CUR);
  if (position < 0) return errno;
  return error_of(ftruncate(descriptor, position));
}

PosixError allocate_file(int descriptor, int64_t offset, int64_t length) {
  int result;
  do {
    result = fallocate(descriptor, 0, offset, length);
  } while (result < 0 && errno == EINTR);
  if (result == 0) return 0;
  // The C library can do it in its own way where the file system cannot.
  do {
    result = posix_fallocate(descriptor, offset, length);
  } while (result == EINTR);
  return result;
}

PosixError advise_file(int descriptor, int64_t offset, int64_t length, Advice advice) {
  static constexpr int kAdvice[] = {POSIX_FADV_NORMAL,   POSIX_FADV_RANDOM,   POSIX_FADV_SEQUENTIAL,
                                    POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED, POSIX_FADV_NOREUSE};
  // Its error numbers are positive results, which ERTS takes for success: advice binds nobody.
  return error_of(posix_fadvise(descriptor, offset, length, kAdvice[static_cast<size_t>(advice)]));
}

PosixError read_descriptor_info(int descriptor, FileInfo* info) {
  struct stat status;
  if (fstat(descriptor, &status) < 0) return errno;
  fill_file_info(status, info);
  info->access = mode_access(status);
  return 0;
}

}  // namespace joist
