// joist-forker: starts child processes for a VM and tells it of their ends
// (vm/os/child_protocol.h). Not meant to be run by hand. What children find when they begin
// follows OTP's erl_child_setup.
#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "vm/os/child_protocol.h"

namespace {

using joist::ChildReport;
using joist::ChildRequest;
using joist::kChildDescriptors;
using joist::kForkerSocket;
namespace child_flags = joist::child_flags;

void set_signal(int signal, void (*action)(int)) {
  struct sigaction behaviour{};
  behaviour.sa_handler = action;
  sigaction(signal, &behaviour, nullptr);
}

sigset_t child_signal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGCHLD);
  return signals;
}

// --- in the child ---

// The strings of a request.
class ChildText {
 public:
  ChildText(int file, size_t size) : text_(size + 1, '\0') {
    size_t done = 0;
    while (done < size) {
      const ssize_t count = pread(file, text_.data() + done, size - done, static_cast<off_t>(done));
      if (count <= 0 && errno != EINTR) _exit(EIO);
      if (count > 0) done += static_cast<size_t>(count);
    }
    next_ = text_.data();
  }
  char* take() { return std::exchange(next_, next_ + strlen(next_) + 1); }
  std::vector<char*> take_all(size_t count) {
    std::vector<char*> all;
    while (count-- != 0) all.push_back(take());
    all.push_back(nullptr);
    return all;
  }

 private:
  std::string text_;
  char* next_;
};

void place(int from, int to) {
  if (dup2(from, to) < 0) _exit(errno);
}

[[noreturn]] void become(const ChildRequest& request, const int* descriptors) {
  ChildText text(descriptors[3], request.text_bytes);
  char* command = text.take();
  const char* current_folder = text.take();
  const char* folder = text.take();
  const std::vector<char*> environment = text.take_all(request.environment_count);
  const std::vector<char*> arguments = text.take_all(request.argument_count);
  // That the VM's own folder is gone does no harm where another one is wanted.
  [[maybe_unused]] const int current = chdir(current_folder);
  if ((request.flags & child_flags::kHasFolder) != 0 && chdir(folder) != 0) {
    const int error = errno;
    fprintf(stderr, "spawn: Could not cd to %s\r\n", folder);
    _exit(error);
  }
  const bool stdio = (request.flags & child_flags::kUsesStdio) != 0;
  if ((request.flags & child_flags::kWrites) != 0) place(descriptors[1], stdio ? 1 : 4);
  if ((request.flags & child_flags::kReads) != 0) place(descriptors[0], stdio ? 0 : 3);
  place(descriptors[2], 2);
  setsid();
  set_signal(SIGTERM, SIG_DFL);
  const sigset_t signals = child_signal();
  sigprocmask(SIG_UNBLOCK, &signals, nullptr);
  if ((request.flags & child_flags::kIsExecutable) != 0) {
    execve(command, arguments.data(), environment.data());
  } else {
    execle("/bin/sh", "sh", "-c", command, static_cast<char*>(nullptr), environment.data());
  }
  _exit(errno);
}

// --- in the forker ---

std::map<pid_t, uint64_t> watched;  // children whose end the VM wants to know

void report(uint64_t id, ChildReport::Kind kind, int value) {
  const ChildReport message{id, kind, value};
  // The VM may be gone; that shows when the next request is read.
  while (send(kForkerSocket, &message, sizeof message, MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

void start(const ChildRequest& request, const int* descriptors, int received) {
  if (received != kChildDescriptors) return report(request.id, ChildReport::kNotStarted, EMFILE);
  const pid_t child = fork();
  if (child == 0) become(request, descriptors);
  if (child < 0) return report(request.id, ChildReport::kNotStarted, errno);
  if ((request.flags & child_flags::kTellsExit) != 0) watched[child] = request.id;
  report(request.id, ChildReport::kStarted, child);
}

// False: the VM is gone.
bool handle_request() {
  ChildRequest request;
  iovec content{&request, sizeof request};
  alignas(cmsghdr) char control[CMSG_SPACE(kChildDescriptors * sizeof(int))];
  msghdr message{};
  message.msg_iov = &content;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t size = recvmsg(kForkerSocket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (size < 0 && (errno == EINTR || errno == EAGAIN)) return true;
  if (size != sizeof request) return false;
  int descriptors[kChildDescriptors];
  int received = 0;
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    received = static_cast<int>((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    memcpy(descriptors, CMSG_DATA(header), static_cast<size_t>(received) * sizeof(int));
  }
  start(request, descriptors, received);
  for (int i = 0; i < received; ++i) close(descriptors[i]);
  return true;
}

void handle_exits(int signals) {
  signalfd_siginfo ignored;
  [[maybe_unused]] const ssize_t count = read(signals, &ignored, sizeof ignored);
  int status;
  pid_t child;
  while ((child = waitpid(-1, &status, WNOHANG)) > 0) {
    const auto found = watched.find(child);
    if (found == watched.end()) continue;
    const int value = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    report(found->second, ChildReport::kExited, value);
    watched.erase(found);
  }
}

}  // namespace

int main() {
  setsid();
  close_range(kForkerSocket + 1, ~0U, 0);
  if (fcntl(kForkerSocket, F_SETFD, FD_CLOEXEC) != 0) {
    fputs("joist-forker is started by the VM\n", stderr);
    return 2;
  }
  // Who ends all processes of a container lets the VM end first.
  set_signal(SIGTERM, SIG_IGN);
  const sigset_t signals = child_signal();
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  pollfd sources[] = {{kForkerSocket, POLLIN, 0}, {signalfd(-1, &signals, SFD_CLOEXEC), POLLIN, 0}};
  for (;;) {
    if (poll(sources, 2, -1) < 0 && errno != EINTR) return 1;
    if (sources[1].revents != 0) handle_exits(sources[1].fd);
    if (sources[0].revents != 0 && !handle_request()) return 0;
  }
}
