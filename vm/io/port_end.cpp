// How a port begins and ends.
#include "vm/io/port.h"
#include "vm/io/ports.h"
#include "vm/os/posix_error.h"
#include "vm/proc/name_table.h"
#include "vm/sched/schedulers.h"

namespace joist {

namespace {

Term error_atom(int posix_error) { return must_atom(posix_error_name(posix_error)); }

}  // namespace

// --- begin ---

DriverStart Port::start(const std::string& name, const PortOptions& options) {
  DriverStart result = driver_info_.start(*this, name, options);
  driver_ = std::move(result.driver);
  return result;
}

void Port::abandon() {
  state_.fetch_or(kClosing | kDead);
  remove();
}

// From here on nobody finds it.
void Port::remove() {
  for (const Watch& watch : watches_) {
    if (watch.is_known) ports_.poll_set().forget(watch.descriptor);
  }
  ports_.remove(*this);
  thread_->reader->retire(this, [](void* port) { static_cast<Port*>(port)->release(); });
}

void Port::started() {
  if (open_reply_ != 0) reply(opener_, std::exchange(open_reply_, 0), id_);
}

void Port::undo_link(Term process) {
  const auto link = links_.find(process.bits());
  if (link == links_.end() || link->second.unlinking != 0) return;
  Signal* unlink = new_signal(SignalKind::kUnlink, id_);
  unlink->id = link->second.unlinking = 1;
  send(process, unlink);
}

void Port::unlink_owner() { undo_link(owner()); }

void Port::start_failed(int posix_error) {
  if (open_reply_ == 0) return fail(posix_error);
  start_failed_with(error_atom(posix_error));
}

void Port::start_failed_with(Term why) {
  if (open_reply_ == 0) return;
  // The link that open_port has made is undone without anybody noticing.
  undo_link(opener_);
  reply(opener_, std::exchange(open_reply_, 0), why);
  fail_with(atoms::normal, false);
}

// --- end ---

void Port::fail(int posix_error) { fail_with(error_atom(posix_error), false); }
void Port::fail_normal() { fail_with(atoms::normal, false); }
void Port::fail_end_of_file() { fail_with(atoms::normal, true); }

void Port::fail_with(Term reason, bool end_of_file) {
  const uint32_t state = state_.load();
  if ((state & kDead) != 0) return;
  if (open_reply_ != 0) reply(opener_, std::exchange(open_reply_, 0), id_);
  if (end_of_file && lines_ != nullptr) {
    lines_->finish([this](ByteSpan line, bool ends) { deliver_message({}, &line, &ends); });
  }
  if ((state & kClosing) != 0) return terminate();
  if (end_of_file && soft_eof_) return tell_owner(atoms::eof);
  end(id_, reason, Cause::kDriver);
}

// An exit signal, of itself or of others; false: it has none of its effects.
bool Port::end(Term from, Term reason, Cause cause) {
  if (!is_open()) return false;
  if (cause == Cause::kLinkExit && reason == atoms::normal && !(from == owner())) return false;
  state_.fetch_or(kClosing);
  tells_closed_ = cause == Cause::kCloseMessage;
  state_.fetch_and(~uint32_t{kBusy | kBusyQueue});
  resume_senders();
  const Term name = registered_name.close();
  if (!name.is_none()) runtime().names->remove(name, id_);
  const Term told = reason == atoms::kill ? Term(atoms::killed) : reason;
  // Before anybody else hears of it: net_kernel asks for a new connection once it has.
  if (sink_ != nullptr) sink_->ended(thread_->scheduler, told);
  for (const auto& [other, link] : links_) {
    if (link.unlinking == 0) send_link_exit(source(), Term::from_bits(other), told);
  }
  links_.clear();
  for (const auto& [id, watcher] : watchers_) send_down(source(), watcher.process, id, told);
  watchers_.clear();
  while (!monitors_.empty()) demonitor(monitors_.begin()->first);
  // What the driver itself could not write is lost with it.
  if (cause == Cause::kDriver || reason == atoms::kill || driver_->queued() == 0) {
    // As in ERTS, a driver may say a last word, if it had nothing to flush.
    speaks_last_ = sink_ == nullptr;
    terminate();
  } else {
    driver_->flush();
    after_driver();
  }
  return true;
}

void Port::terminate() {
  if ((state_.fetch_or(kDead) & kDead) != 0) return;
  driver_->stop();
  speaks_last_ = false;
  ports_.set_timeout(*this, INT64_MAX);
  set_data(nullptr);
  remove();
  if (tells_closed_) tell_owner(atoms::closed);
}

}  // namespace joist
