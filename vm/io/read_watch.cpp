#include "vm/io/read_watch.h"

#include <cerrno>

#include "vm/sched/deliver.h"
#include "vm/sched/schedulers.h"

namespace joist {

ReadWatch::~ReadWatch() {
  stopping_.store(true);
  if (thread_.joinable()) {
    poll_set_->wake();
    thread_.join();
  }
  MutexLock lock(mutex_);
  for (auto& [descriptor, watch] : watches_) {
    if (watch.message != nullptr) release_signal(watch.message);
  }
}

int ReadWatch::start() {
  if (thread_.joinable()) return 0;
  Result<std::unique_ptr<PollSet>> poll_set = PollSet::create();
  if (!poll_set) return ENOMEM;
  poll_set_ = std::move(poll_set.value());
  Result<Thread> thread = Thread::start("read_watch", [this] { run(); });
  if (!thread) return EAGAIN;
  thread_ = std::move(thread.value());
  return 0;
}

int ReadWatch::watch(int descriptor, Term pid, Term message) {
  {
    MutexLock lock(mutex_);
    if (const int error = start(); error != 0) return error;
    const auto [place, is_new] = watches_.try_emplace(descriptor);
    const auto tag = static_cast<uint64_t>(descriptor);
    // The thread cannot tell anybody before the mutex is free.
    const int error = poll_set_->arm(descriptor, readiness::kRead, tag, !is_new);
    const bool armed = error == 0 || error == PollSet::kAlwaysReady;
    if (place->second.message != nullptr) release_signal(place->second.message);
    if (!armed) {
      watches_.erase(place);
      return error;
    }
    place->second = {pid, new_signal_of(SignalKind::kMessage, pid, message, nullptr)};
    if (error == 0) return 0;
  }
  tell(descriptor);
  return 0;
}

void ReadWatch::forget(int descriptor) {
  MutexLock lock(mutex_);
  const auto place = watches_.find(descriptor);
  if (place == watches_.end()) return;
  poll_set_->forget(descriptor);
  if (place->second.message != nullptr) release_signal(place->second.message);
  watches_.erase(place);
}

void ReadWatch::tell(int descriptor) {
  Watch watch;
  {
    MutexLock lock(mutex_);
    const auto place = watches_.find(descriptor);
    if (place == watches_.end()) return;
    watch = place->second;
    place->second.message = nullptr;
  }
  if (watch.message != nullptr) {
    deliver(runtime_, Schedulers::kNone, watch.pid, watch.message);
  }
}

void ReadWatch::run() {
  EpochReader reader(runtime_.schedulers->epochs());
  PollSet::Event events[16];
  while (!stopping_.load()) {
    const size_t count = poll_set_->wait(events, -1);
    reader.online();
    for (size_t i = 0; i < count; ++i) tell(static_cast<int>(events[i].tag));
    reader.offline();
  }
}

}  // namespace joist
