#include "vm/os/poll.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

namespace joist {

namespace {

constexpr size_t kMostEvents = 64;

int timeout_ms(int64_t timeout_ns) {
  if (timeout_ns < 0) return -1;
  const int64_t rounded_up = (timeout_ns + 999'999) / 1'000'000;
  return static_cast<int>(std::min<int64_t>(rounded_up, INT_MAX));
}

}  // namespace

Result<std::unique_ptr<PollSet>> PollSet::create() {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) return make_error("epoll_create: %s", std::strerror(errno));
  const int wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kNoTag;
  if (wakeup < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, wakeup, &event) != 0) {
    const int error = errno;
    if (wakeup >= 0) close(wakeup);
    close(epoll);
    return make_error("eventfd: %s", std::strerror(error));
  }
  return std::unique_ptr<PollSet>(new PollSet(epoll, wakeup));
}

PollSet::~PollSet() {
  close(wakeup_);
  close(epoll_);
}

int PollSet::arm(int descriptor, uint32_t events, uint64_t tag, bool is_known) {
  epoll_event event{};
  event.events = EPOLLONESHOT;
  if ((events & readiness::kRead) != 0) event.events |= EPOLLIN;
  if ((events & readiness::kWrite) != 0) event.events |= EPOLLOUT;
  event.data.u64 = tag;
  if (epoll_ctl(epoll_, is_known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, descriptor, &event) == 0) {
    return 0;
  }
  return errno == EPERM ? kAlwaysReady : errno;
}

void PollSet::forget(int descriptor) {
  epoll_event unused{};
  epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, &unused);
}

size_t PollSet::wait(std::span<Event> events, int64_t timeout_ns) {
  epoll_event ready[kMostEvents];
  const int limit = static_cast<int>(std::min(events.size(), kMostEvents));
  const int count = epoll_wait(epoll_, ready, limit, timeout_ms(timeout_ns));
  size_t filled = 0;
  for (int i = 0; i < count; ++i) {
    if (ready[i].data.u64 == kNoTag) {
      uint64_t wakeups;
      [[maybe_unused]] const ssize_t taken = read(wakeup_, &wakeups, sizeof wakeups);
      continue;
    }
    const uint32_t bits = ready[i].events;
    uint32_t what = 0;
    if ((bits & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) what |= readiness::kRead;
    if ((bits & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) what |= readiness::kWrite;
    events[filled++] = {ready[i].data.u64, what};
  }
  return filled;
}

void PollSet::wake() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wakeup_, &one, sizeof one);
}

}  // namespace joist
