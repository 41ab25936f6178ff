#include "vm/nif/select.h"

#include <cerrno>
#include <climits>
#include <utility>

#include "vm/heap/builder.h"
#include "vm/nif/interface.h"
#include "vm/nif/resource.h"
#include "vm/sched/deliver.h"
#include "vm/sched/schedulers.h"

namespace joist {

namespace {

constexpr int kFlagOfEvent[] = {abi::kSelectRead, abi::kSelectWrite, abi::kSelectError};
constexpr int kCancelledBit[] = {abi::kReadCancelled, abi::kWriteCancelled, abi::kErrorCancelled};
constexpr const char* kNameOfEvent[] = {"ready_input", "ready_output", "ready_error"};

int failure(int why) { return INT_MIN | why; }

}  // namespace

EventWatch::~EventWatch() {
  stopping_.store(true);
  if (thread_.joinable()) {
    poll_set_->wake();
    thread_.join();
  }
  MutexLock lock(mutex_);
  for (auto& [descriptor, watched] : watched_) {
    for (Waiter& waiter : watched.waiters) {
      if (waiter.message != nullptr) release_signal(waiter.message);
    }
  }
}

int EventWatch::start() {
  if (thread_.joinable()) return 0;
  Result<std::unique_ptr<PollSet>> poll_set = PollSet::create();
  if (!poll_set) return ENOMEM;
  poll_set_ = std::move(poll_set.value());
  Result<Thread> thread = Thread::start("nif_select", [this] { run(); });
  if (!thread) return EAGAIN;
  thread_ = std::move(thread.value());
  return 0;
}

int EventWatch::select(int descriptor, Binary& resource, const Request& request) {
  if (descriptor < 0) return failure(abi::kInvalidEvent);
  if ((request.flags & abi::kSelectStop) != 0) return stop(descriptor, resource);
  if ((request.flags & abi::kSelectCancel) != 0) return cancel(descriptor, resource, request.flags);
  return begin(descriptor, resource, request);
}

Signal* EventWatch::make_message(Binary& resource, const Request& request, size_t event) {
  if (!request.message.is_none()) {
    return new_signal_of(SignalKind::kMessage, request.pid, request.message, runtime_.literals);
  }
  Allocator heap;
  const Term object = NativeInterface::current()->types().make_term(heap, resource.bytes);
  const Term message = make_tuple(
      heap, {must_atom("select"), object, request.reference, must_atom(kNameOfEvent[event])});
  return new_signal_of(SignalKind::kMessage, request.pid, message, runtime_.literals);
}

int EventWatch::begin(int descriptor, Binary& resource, const Request& request) {
  Signal* messages[kEvents] = {};
  for (size_t i = 0; i < kEvents; ++i) {
    if ((request.flags & kFlagOfEvent[i]) != 0) messages[i] = make_message(resource, request, i);
  }
  int error = 0;
  {
    MutexLock lock(mutex_);
    const auto [place, is_new] = watched_.try_emplace(descriptor);
    Watched& watched = place->second;
    if (is_new) {
      watched.resource = &resource;
      resource.retain();
    }
    error = watched.resource != &resource ? EINVAL : start();
    for (size_t i = 0; error == 0 && i < kEvents; ++i) {
      if (messages[i] == nullptr) continue;
      std::swap(watched.waiters[i].message, messages[i]);
      watched.waiters[i].pid = request.pid;
    }
    if (error == 0) error = arm(descriptor, watched);
    if (error != 0 && error != PollSet::kAlwaysReady && is_new) {
      for (Waiter& waiter : watched.waiters) {
        if (waiter.message != nullptr) release_signal(waiter.message);
      }
      watched_.erase(place);
      resource.release();
    }
  }
  for (Signal* message : messages) {
    if (message != nullptr) release_signal(message);
  }
  if (error == PollSet::kAlwaysReady) {
    tell(descriptor, readiness::kRead | readiness::kWrite);
    error = 0;
  }
  return error == 0
             ? 0
             : failure(error == EINVAL || error == EBADF ? abi::kInvalidEvent : abi::kSelectFailed);
}

int EventWatch::arm(int descriptor, Watched& watched) {
  uint32_t events = 0;
  if (watched.waiters[0].message != nullptr) events |= readiness::kRead;
  if (watched.waiters[1].message != nullptr) events |= readiness::kWrite;
  if (events == 0 && watched.waiters[2].message == nullptr) return 0;
  const auto tag = static_cast<uint64_t>(descriptor);
  const int error = poll_set_->arm(descriptor, events, tag, watched.is_known);
  if (error == 0) watched.is_known = true;
  return error;
}

int EventWatch::cancel(int descriptor, Binary& resource, int flags) {
  int cancelled = 0;
  MutexLock lock(mutex_);
  const auto place = watched_.find(descriptor);
  if (place == watched_.end()) return 0;
  if (place->second.resource != &resource) return failure(abi::kInvalidEvent);
  for (size_t i = 0; i < kEvents; ++i) {
    Waiter& waiter = place->second.waiters[i];
    if ((flags & kFlagOfEvent[i]) == 0 || waiter.message == nullptr) continue;
    release_signal(std::exchange(waiter.message, nullptr));
    cancelled |= kCancelledBit[i];
  }
  return cancelled;
}

int EventWatch::stop(int descriptor, Binary& resource) {
  {
    MutexLock lock(mutex_);
    const auto place = watched_.find(descriptor);
    if (place != watched_.end()) {
      if (place->second.resource != &resource) return failure(abi::kInvalidEvent);
      if (place->second.is_known) poll_set_->forget(descriptor);
      for (Waiter& waiter : place->second.waiters) {
        if (waiter.message != nullptr) release_signal(waiter.message);
      }
      watched_.erase(place);
    } else {
      resource.retain();
    }
  }
  NifResourceType* type = resource_of(&resource).type;
  OwnEnv env(type->owner());
  type->callbacks.stop(&env, resource.bytes, descriptor, 1);
  resource.release();
  return abi::kStopCalled;
}

void EventWatch::tell(int descriptor, uint32_t ready) {
  Waiter told[kEvents];
  {
    MutexLock lock(mutex_);
    const auto place = watched_.find(descriptor);
    if (place == watched_.end()) return;
    Watched& watched = place->second;
    const bool both = ready == (readiness::kRead | readiness::kWrite);
    const bool nobody =
        watched.waiters[0].message == nullptr && watched.waiters[1].message == nullptr;
    if (both && nobody) std::swap(told[2], watched.waiters[2]);
    if ((ready & readiness::kRead) != 0) std::swap(told[0], watched.waiters[0]);
    if ((ready & readiness::kWrite) != 0) std::swap(told[1], watched.waiters[1]);
    arm(descriptor, watched);
  }
  ReaderScope reader;
  for (Waiter& waiter : told) {
    if (waiter.message != nullptr) deliver(runtime_, Schedulers::kNone, waiter.pid, waiter.message);
  }
}

void EventWatch::run() {
  PollSet::Event events[16];
  while (!stopping_.load()) {
    const size_t count = poll_set_->wait(events, -1);
    for (size_t i = 0; i < count; ++i) tell(static_cast<int>(events[i].tag), events[i].ready);
  }
}

}  // namespace joist
