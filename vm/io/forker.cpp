#include "vm/io/forker.h"

#include "vm/io/ports.h"

namespace joist {

int Forker::start(Term port, const ChildProgram& program, int reads, int writes,
                  int standard_error) {
  const uint64_t id = port.payload();
  std::unique_ptr<ChildStart> start;
  const int error = ChildStart::create(id, program, reads, writes, standard_error, &start);
  if (error != 0) return error;
  MutexLock lock(mutex_);
  reporting_.insert(id);
  if ((program.flags & child_flags::kTellsExit) != 0) tells_exit_.insert(id);
  waiting_.push_back(std::move(start));
  const int send_error = send_waiting();
  if (send_error != 0) {
    reporting_.erase(id);
    tells_exit_.erase(id);
  }
  return send_error;
}

// If it fails, the first request tries again, and its port hears why.
void Forker::start_ahead() {
  MutexLock lock(mutex_);
  if (process_ == nullptr) start_process();
}

int Forker::start_process() {
  int error;
  process_ = ForkerProcess::start(&error);
  is_watched_ = false;
  if (process_ == nullptr) {
    waiting_.clear();
    return error;
  }
  watch();
  return 0;
}

void Forker::watch() {
  const uint32_t events =
      waiting_.empty() ? readiness::kRead : readiness::kRead | readiness::kWrite;
  ports_.poll_set().arm(process_->socket(), events, kTag, is_watched_);
  is_watched_ = true;
}

int Forker::send_waiting() {
  while (!waiting_.empty()) {
    if (process_ == nullptr) {
      if (const int error = start_process(); error != 0) return error;
    }
    switch (process_->send(*waiting_.front())) {
      case ForkerProcess::Outcome::kDone:
        waiting_.pop_front();
        break;
      case ForkerProcess::Outcome::kMustWait:
        watch();
        return 0;
      case ForkerProcess::Outcome::kGone:
        lost();
        break;
    }
  }
  return 0;
}

void Forker::ready() {
  MutexLock lock(mutex_);
  ChildReport report;
  while (process_ != nullptr) {
    const ForkerProcess::Outcome outcome = process_->receive(&report);
    if (outcome == ForkerProcess::Outcome::kMustWait) break;
    if (outcome == ForkerProcess::Outcome::kDone) {
      handle_report(report);
    } else {
      lost();
    }
  }
  send_waiting();
  if (process_ != nullptr) watch();
}

void Forker::handle_report(const ChildReport& report) {
  if (report.kind != ChildReport::kStarted || !tells_exit_.contains(report.id)) {
    reporting_.erase(report.id);
    tells_exit_.erase(report.id);
  }
  const uint32_t kind = report.kind == ChildReport::kStarted      ? child_event::kStarted
                        : report.kind == ChildReport::kNotStarted ? child_event::kNotStarted
                                                                  : child_event::kExited;
  ports_.send_event(Term::local_port(report.id), {kind, report.value});
}

// Requests that were not sent yet go to the next one.
void Forker::lost() {
  ports_.poll_set().forget(process_->socket());
  process_.reset();
  for (const auto& start : waiting_) reporting_.erase(start->id());
  for (const uint64_t id : reporting_) {
    ports_.send_event(Term::local_port(id), {child_event::kLost, 0});
    tells_exit_.erase(id);
  }
  reporting_.clear();
  for (const auto& start : waiting_) reporting_.insert(start->id());
}

}  // namespace joist
