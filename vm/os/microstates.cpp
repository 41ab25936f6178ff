#include "vm/os/microstates.h"

#include <algorithm>

namespace joist {

namespace {

thread_local Microstates::Record* own_record = nullptr;

}  // namespace

Microstates::Record* own_microstates() { return own_record; }

void Microstates::add(Kind kind, uint32_t first, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    records_.emplace_back(*this, kind, first + static_cast<uint32_t>(i));
  }
}

Microstates::Record* Microstates::find(Kind kind, uint32_t id) {
  for (Record& record : records_) {
    if (record.kind == kind && record.id == id) return &record;
  }
  return nullptr;
}

MicrostateThread::MicrostateThread(Microstates* microstates, Microstates::Kind kind, uint32_t id)
    : before_(own_record) {
  own_record = microstates == nullptr ? nullptr : microstates->find(kind, id);
  if (own_record != nullptr) own_record->enter(Microstate::kOther);
}

MicrostateThread::~MicrostateThread() {
  if (own_record != nullptr) own_record->enter(Microstate::kSleep);
  own_record = before_;
}

void Microstates::Record::count_until(int64_t now) {
  if (since_ns_ == 0 || now < since_ns_) return;
  ns_[static_cast<size_t>(state_.load(std::memory_order_relaxed))] += now - since_ns_;
  since_ns_ = now;
}

void Microstates::Record::enter_measured(Microstate next) {
  const int64_t now = owner_.clock_.monotonic_ns();
  MutexLock lock(mutex_);
  count_until(now);
  state_.store(next, std::memory_order_relaxed);
}

bool Microstates::measure(bool on) {
  MutexLock lock(switch_mutex_);
  const bool before = is_on_.load();
  if (before == on) return before;
  is_on_.store(on);
  const int64_t now = clock_.monotonic_ns();
  for (Record& record : records_) {
    MutexLock record_lock(record.mutex_);
    record.count_until(now);
    record.since_ns_ = on ? now : 0;
  }
  return before;
}

bool Microstates::reset() {
  MutexLock lock(switch_mutex_);
  const bool is_on = is_on_.load();
  const int64_t now = clock_.monotonic_ns();
  for (Record& record : records_) {
    MutexLock record_lock(record.mutex_);
    record.since_ns_ = is_on ? now : 0;
    std::fill(std::begin(record.ns_), std::end(record.ns_), 0);
  }
  return is_on;
}

std::vector<Microstates::Figures> Microstates::figures() {
  std::vector<Figures> all;
  const int64_t now = clock_.monotonic_ns();
  for (Record& record : records_) {
    Figures figures = {record.kind, record.id, {}};
    MutexLock lock(record.mutex_);
    record.count_until(now);
    std::copy(std::begin(record.ns_), std::end(record.ns_), figures.ns);
    all.push_back(figures);
  }
  return all;
}

}  // namespace joist
