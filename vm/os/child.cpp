#include "vm/os/child.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>

extern char** environ;

namespace joist {

namespace {

void append_text(std::string* all, const std::string& text) {
  all->append(text.c_str(), text.size() + 1);
}

int write_text(int file, const std::string& text) {
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t count = write(file, text.data() + done, text.size() - done);
    if (count < 0 && errno != EINTR) return errno;
    if (count > 0) done += static_cast<size_t>(count);
  }
  return 0;
}

// The forker lies beside the program that runs.
std::string forker_path() {
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  const std::string own(path, length < 0 ? 0 : static_cast<size_t>(length));
  return own.substr(0, own.rfind('/') + 1) + kForkerProgram;
}

// Error numbers as posix_spawn returns them.
int spawn_forker(const char* path, int socket, pid_t* process) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, socket, kForkerSocket);
  sigset_t no_signals;
  sigemptyset(&no_signals);
  posix_spawnattr_setsigmask(&attributes, &no_signals);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  char* arguments[] = {const_cast<char*>(kForkerProgram), nullptr};
  const int error = posix_spawn(process, path, &actions, &attributes, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return error;
}

}  // namespace

int ChildStart::create(uint64_t id, const ChildProgram& program, int reads, int writes,
                       int standard_error, std::unique_ptr<ChildStart>* start) {
  std::unique_ptr<ChildStart> own(new ChildStart);
  own->descriptors_[0] = reads;
  own->descriptors_[1] = writes;
  own->descriptors_[2] = standard_error;
  char folder[PATH_MAX];
  if (getcwd(folder, sizeof folder) == nullptr) return errno;
  std::string text;
  append_text(&text, program.command);
  append_text(&text, folder);
  append_text(&text, program.folder);
  for (const std::string& variable : program.environment) append_text(&text, variable);
  for (const std::string& argument : program.arguments) append_text(&text, argument);
  own->descriptors_[3] = memfd_create("child", MFD_CLOEXEC);
  if (own->descriptors_[3] < 0) return errno;
  if (const int error = write_text(own->descriptors_[3], text); error != 0) return error;
  const uint32_t has_folder = program.folder.empty() ? 0 : child_flags::kHasFolder;
  own->request_ = {id, program.flags | has_folder, static_cast<uint32_t>(text.size()),
                   static_cast<uint32_t>(program.environment.size()),
                   static_cast<uint32_t>(program.arguments.size())};
  *start = std::move(own);
  return 0;
}

ChildStart::~ChildStart() {
  for (const int descriptor : descriptors_) {
    if (descriptor >= 0) close(descriptor);
  }
}

std::unique_ptr<ForkerProcess> ForkerProcess::start(int* error) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    *error = errno;
    return nullptr;
  }
  pid_t process;
  *error = spawn_forker(forker_path().c_str(), ends[1], &process);
  close(ends[1]);
  if (*error != 0) {
    close(ends[0]);
    return nullptr;
  }
  return std::unique_ptr<ForkerProcess>(new ForkerProcess(ends[0], process));
}

ForkerProcess::~ForkerProcess() {
  close(socket_);
  waitpid(process_, nullptr, WNOHANG);
}

ForkerProcess::Outcome ForkerProcess::send(const ChildStart& start) {
  ChildRequest request = start.request_;
  iovec content{&request, sizeof request};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof start.descriptors_)] = {};
  msghdr message{};
  message.msg_iov = &content;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof start.descriptors_);
  memcpy(CMSG_DATA(header), start.descriptors_, sizeof start.descriptors_);
  ssize_t sent;
  do {
    sent = sendmsg(socket_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return Outcome::kDone;
  // Too many descriptors on their way count as a full socket.
  const bool is_full = errno == EAGAIN || errno == ENOBUFS || errno == ETOOMANYREFS;
  return is_full ? Outcome::kMustWait : Outcome::kGone;
}

ForkerProcess::Outcome ForkerProcess::receive(ChildReport* report) {
  ssize_t count;
  do {
    count = recv(socket_, report, sizeof *report, MSG_DONTWAIT);
  } while (count < 0 && errno == EINTR);
  if (count == sizeof *report) return Outcome::kDone;
  return count < 0 && errno == EAGAIN ? Outcome::kMustWait : Outcome::kGone;
}

}  // namespace joist
