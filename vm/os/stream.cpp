#include "vm/os/stream.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "vm/base/check.h"

namespace joist {

bool StreamResult::must_wait() const {
  return bytes < 0 && (error == EAGAIN || error == EWOULDBLOCK);
}

StreamResult read_stream(int descriptor, uint8_t* to, size_t count) {
  ssize_t done;
  do {
    done = read(descriptor, to, count);
  } while (done < 0 && errno == EINTR);
  return {done, done < 0 ? errno : 0};
}

StreamResult write_stream(int descriptor, std::span<const ByteSpan> pieces) {
  JOIST_CHECK(pieces.size() <= kMostPieces);
  iovec vector[kMostPieces];
  for (size_t i = 0; i < pieces.size(); ++i) {
    vector[i] = {const_cast<uint8_t*>(pieces[i].data()), pieces[i].size()};
  }
  ssize_t done;
  do {
    done = writev(descriptor, vector, static_cast<int>(pieces.size()));
  } while (done < 0 && errno == EINTR);
  return {done, done < 0 ? errno : 0};
}

void close_stream(int descriptor) { close(descriptor); }

void set_blocking(int descriptor, bool blocking) {
  const int flags = fcntl(descriptor, F_GETFL);
  if (flags < 0) return;
  const int wanted = blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK;
  if (wanted != flags) fcntl(descriptor, F_SETFL, wanted);
}

StreamKind stream_kind(int descriptor) {
  struct stat status;
  if (fstat(descriptor, &status) != 0) return StreamKind::kNone;
  if (isatty(descriptor) != 0) return StreamKind::kTerminal;
  const bool waits = S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode);
  return waits ? StreamKind::kOther : StreamKind::kFile;
}

bool reopen_terminal(int descriptor) {
  char name[256];
  if (ttyname_r(descriptor, name, sizeof name) != 0) return false;
  const int fresh = open(name, O_WRONLY | O_CLOEXEC);
  if (fresh < 0) return false;
  const bool replaced = dup2(fresh, descriptor) >= 0;
  close(fresh);
  return replaced;
}

bool window_size(int descriptor, uint32_t* columns, uint32_t* rows) {
  winsize size;
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0) return false;
  *columns = size.ws_col;
  *rows = size.ws_row;
  return true;
}

int open_pipe(PipeEnds* ends) {
  int descriptors[2];
  if (pipe2(descriptors, O_CLOEXEC) != 0) return errno;
  *ends = {descriptors[0], descriptors[1]};
  return 0;
}

int duplicate(int descriptor, int* copy) {
  *copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  return *copy < 0 ? errno : 0;
}

int check_executable(const char* path) { return access(path, X_OK) == 0 ? 0 : errno; }

int open_plain_file(const char* path, bool read, bool write, int* descriptor) {
  int flags = O_CLOEXEC | O_NONBLOCK;
  if (read && write) {
    flags |= O_RDWR | O_CREAT;
  } else {
    flags |= write ? O_WRONLY | O_CREAT | O_TRUNC : O_RDONLY;
  }
  *descriptor = open(path, flags, 0666);
  return *descriptor < 0 ? errno : 0;
}

void open_standard_streams() {
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor) {
    if (fcntl(descriptor, F_GETFD) != -1) continue;
    open("/dev/null", O_RDWR);  // takes the lowest free number, which is this one
  }
}

void ignore_broken_pipes() { signal(SIGPIPE, SIG_IGN); }

}  // namespace joist
