// What is asked of a port (erlang:port_command/2 and its kin, `Port ! Message`, links, monitors).
// What OTP answers: erts/emulator/beam/io.c.
#include "vm/heap/builder.h"
#include "vm/heap/copy.h"
#include "vm/io/port.h"
#include "vm/io/ports.h"
#include "vm/sched/deliver.h"
#include "vm/sched/schedulers.h"

namespace joist {

bool Port::send(Term to, Signal* message) {
  return joist::deliver(runtime(), thread_->scheduler, to, message);
}

// --- answers ---

void Port::reply(Term to, uint64_t reference, Term result) {
  const LiteralSpace* literals = runtime().literals;
  Signal* message = new_signal_of(SignalKind::kMessage, id_, result, literals, kRefWords + 3);
  {
    SignalBuilder builder(*message, message->value_words() - kRefWords - 3);
    const Term ref = make_ref(builder, reference_numbers(reference));
    message->value = make_tuple(builder, {ref, message->value});
  }
  send(to, message);
}

void Port::answer(const PortTask& task, Term result) {
  if (task.reply != 0) reply(task.caller, task.reply, result);
}

void Port::perform(PortTask& task) {
  if (task.kind == PortTaskKind::kCommand && task.refused_if_busy && (state_.load() & kBusy)) {
    return answer(task, atoms::false_);
  }
  Allocator scratch;
  answer(task, carry_out(task, scratch));
}

Term Port::carry_out(PortTask& task, Allocator& heap) {
  if (task.kind == PortTaskKind::kSignal) {
    if (is_open()) {
      handle_signal(*task.signal);
    } else {
      refuse_signal(*task.signal);
    }
    return atoms::true_;
  }
  if (task.kind == PortTaskKind::kEvent) {
    if ((state_.load() & kDead) == 0) {
      driver_->event(task.event);
      after_driver();
    }
    return atoms::true_;
  }
  // As in OTP, a port that still writes what it has when it is closed can be asked about.
  if (task.kind == PortTaskKind::kInfo) {
    return (state_.load() & kDead) == 0 ? info(task.argument, heap) : Term(atoms::undefined);
  }
  if (!is_open()) return atoms::badarg;
  switch (task.kind) {
    case PortTaskKind::kCommand:
      return command(task);
    case PortTaskKind::kBadCommand:
      if (task.is_message) send_bad_signal();
      return atoms::badarg;
    case PortTaskKind::kClose:
      return close(task);
    case PortTaskKind::kConnect:
      return connect(task);
    case PortTaskKind::kControl:
      return control(task, heap);
    case PortTaskKind::kCall:
      return call(task, heap);
    case PortTaskKind::kAttach:
      sink_ = std::move(task.sink);
      return atoms::true_;
    case PortTaskKind::kFail:
      fail_with(task.argument, false);
      return atoms::true_;
    case PortTaskKind::kInfo:
    case PortTaskKind::kSignal:
    case PortTaskKind::kEvent:
      break;
  }
  return atoms::badarg;
}

void Port::send_bad_signal() { send_exit(source(), owner(), atoms::badsig); }

Term Port::command(PortTask& task) {
  if (task.is_message && !(task.owner == owner())) {
    send_bad_signal();
    return atoms::badarg;
  }
  const size_t size = task.data.size();
  caller_ = task.caller;
  driver_->output(std::move(task.data));
  after_driver();
  bytes_out_ += size;
  runtime().statistics.bytes_written.fetch_add(size, std::memory_order_relaxed);
  return atoms::true_;
}

Term Port::close(PortTask& task) {
  if (task.is_message && !(task.owner == owner())) {
    send_bad_signal();
    return atoms::badarg;
  }
  const Term from = task.is_message ? task.owner : task.caller;
  const Cause cause = task.is_message ? Cause::kCloseMessage : Cause::kSignal;
  return end(from, atoms::normal, cause) ? atoms::true_ : atoms::badarg;
}

// By message the former owner stays linked and is told; by call the new one is linked.
Term Port::connect(PortTask& task) {
  const bool valid = task.argument.is_local_pid();
  if (task.is_message) {
    if (!valid || !(task.owner == owner())) {
      send_bad_signal();
      return atoms::badarg;
    }
    const Term former = owner();
    owner_.store(task.argument.bits(), std::memory_order_release);
    Signal* message = new_signal(SignalKind::kMessage, id_, 3);
    SignalBuilder builder(*message);
    message->value = make_tuple(builder, {id_, atoms::connected});
    send(former, message);
    return atoms::true_;
  }
  if (!valid) return atoms::badarg;
  if (links_.try_emplace(task.argument.bits()).second) {
    Signal* link = new_signal(SignalKind::kLink, id_);
    if (!joist::deliver(runtime(), thread_->scheduler, task.argument, link)) {
      links_.erase(task.argument.bits());
      return atoms::badarg;
    }
  }
  owner_.store(task.argument.bits(), std::memory_order_release);
  return atoms::true_;
}

Term Port::control(PortTask& task, Allocator& heap) {
  caller_ = task.caller;
  const Term result = driver_->control_term(task.operation, task.data.joined(), heap);
  after_driver();
  return result.is_none() ? Term(atoms::badarg) : result;
}

Term Port::call(PortTask& task, Allocator& heap) {
  caller_ = task.caller;
  const Term result = driver_->call(task.operation, task.data.joined(), heap);
  after_driver();
  return result.is_none() ? Term(atoms::badarg) : make_tuple(heap, {atoms::ok, result});
}

// --- port_info ---

Term Port::info_item(Term item, Allocator& heap) {
  const auto integer = [&heap](uint64_t value) {
    return make_integer(heap, static_cast<int64_t>(value));
  };
  if (item == atoms::id) return integer(id_.payload());
  if (item == atoms::connected) return owner();
  if (item == atoms::input) return integer(bytes_in_);
  if (item == atoms::output) return integer(bytes_out_);
  if (item == atoms::name) return make_string(heap, name_);
  if (item == atoms::os_pid) {
    return os_pid_ < 0 ? Term(atoms::undefined) : integer(static_cast<uint64_t>(os_pid_));
  }
  if (item == atoms::queue_size) return integer(driver_->queued());
  if (item == atoms::locking)
    return driver_info_.port_locking ? atoms::port_level : atoms::driver_level;
  if (item == atoms::parallelism) return boolean(parallelism_);
  if (item == atoms::memory) {
    return integer(sizeof(Link) * links_.size() + sizeof(Watcher) * watchers_.size());
  }
  ListBuilder list(heap);
  if (item == atoms::monitors) {
    for (const auto& [id, process] : monitors_) {
      list.add(make_tuple(heap, {atoms::process, process}));
    }
    return list.finish();
  }
  if (item == atoms::links) {
    for (const auto& [other, link] : links_) {
      if (link.unlinking == 0) list.add(Term::from_bits(other));
    }
    return list.finish();
  }
  if (item == atoms::monitored_by) {
    for (const auto& [id, watcher] : watchers_) list.add(watcher.process);
    return list.finish();
  }
  return Term::none();
}

// One item, or, for none(), a list of the usual ones.
Term Port::info(Term item, Allocator& heap) {
  const Term name = registered_name.get();
  if (item == atoms::registered_name) {
    return name.is_none() ? Term::nil() : make_tuple(heap, {item, name});
  }
  if (!item.is_none()) {
    const Term value = info_item(item, heap);
    return value.is_none() ? Term(atoms::badarg) : make_tuple(heap, {item, value});
  }
  ListBuilder list(heap);
  if (!name.is_none()) list.add(make_tuple(heap, {atoms::registered_name, name}));
  for (const Term one :
       {Term(atoms::name), Term(atoms::links), Term(atoms::id), Term(atoms::connected),
        Term(atoms::input), Term(atoms::output), Term(atoms::os_pid)}) {
    list.add(make_tuple(heap, {one, info_item(one, heap)}));
  }
  return list.finish();
}

// --- signals of processes ---

void Port::handle_signal(Signal& signal) {
  const Term from = signal.sender;
  const auto link = links_.find(from.bits());
  switch (signal.kind) {
    case SignalKind::kLink:
      links_[from.bits()].unlinking = 0;
      break;
    case SignalKind::kUnlink: {
      if (link != links_.end() && link->second.unlinking == 0) links_.erase(link);
      Signal* acknowledgement = new_signal(SignalKind::kUnlinkAck, id_);
      acknowledgement->id = signal.id;
      send(from, acknowledgement);
      break;
    }
    case SignalKind::kUnlinkAck:
      if (link != links_.end() && link->second.unlinking == signal.id) links_.erase(link);
      break;
    case SignalKind::kMonitor:
      watchers_.try_emplace(signal.id, Watcher{from, signal.value});
      break;
    case SignalKind::kDemonitor:
      watchers_.erase(signal.id);
      break;
    case SignalKind::kDown:
      if (monitors_.contains(signal.id)) {
        driver_->process_ended(signal.id);
        monitors_.erase(signal.id);
        after_driver();
      }
      break;
    case SignalKind::kExit:
      end(from, signal.value, Cause::kSignal);
      break;
    case SignalKind::kLinkExit:
      if (link == links_.end() || link->second.unlinking != 0) break;
      links_.erase(link);
      end(from, signal.value, Cause::kLinkExit);
      break;
    default:  // nothing else is sent to ports
      break;
  }
}

void Port::refuse_signal(const Signal& signal) {
  switch (signal.kind) {
    case SignalKind::kLink:
      send_link_exit(source(), signal.sender, atoms::noproc);
      break;
    case SignalKind::kUnlink: {
      Signal* acknowledgement = new_signal(SignalKind::kUnlinkAck, id_);
      acknowledgement->id = signal.id;
      send(signal.sender, acknowledgement);
      break;
    }
    case SignalKind::kMonitor:
      send_down(source(), signal.sender, signal.id, atoms::noproc);
      break;
    default:
      break;
  }
}

uint64_t Port::monitor(Term process) {
  Allocator scratch;
  const uint64_t id = reference_id(make_ref(scratch, runtime().uniques.next_ref()));
  Signal* signal = new_signal(SignalKind::kMonitor, id_);
  signal->id = id;
  if (!process.is_local_pid() || !send(process, signal)) return 0;
  monitors_.emplace(id, process);
  return id;
}

Term Port::monitored(uint64_t id) const {
  const auto found = monitors_.find(id);
  return found == monitors_.end() ? Term::none() : found->second;
}

void Port::demonitor(uint64_t id) {
  const auto found = monitors_.find(id);
  if (found == monitors_.end()) return;
  Signal* signal = new_signal(SignalKind::kDemonitor, id_);
  signal->id = id;
  send(found->second, signal);
  monitors_.erase(found);
}

// --- messages for the owner ---

void Port::tell_owner(Term message) {
  Signal* signal = new_signal_of(SignalKind::kMessage, id_, message, runtime().literals, 3);
  {
    SignalBuilder builder(*signal, signal->value_words() - 3);
    signal->value = make_tuple(builder, {id_, signal->value});
  }
  send(owner(), signal);
}

void Port::count_input(size_t bytes) {
  bytes_in_ += bytes;
  runtime().statistics.bytes_read.fetch_add(bytes, std::memory_order_relaxed);
}

void Port::deliver_data(ByteSpan bytes) { deliver_behind({}, &bytes); }

void Port::deliver_term(Term data, size_t bytes) {
  if (!is_open() && !speaks_last_) return;
  count_input(bytes);
  Signal* signal = new_signal_of(SignalKind::kMessage, id_, data, runtime().literals, 3 + 3);
  {
    SignalBuilder builder(*signal, signal->value_words() - 3 - 3);
    const Term tagged = make_tuple(builder, {atoms::data, signal->value});
    signal->value = make_tuple(builder, {id_, tagged});
  }
  send(owner(), signal);
}

void Port::deliver_behind(ByteSpan header, const ByteSpan* bytes, Binary* holder) {
  if (!is_open() && !speaks_last_) return;
  count_input(header.size() + (bytes == nullptr ? 0 : bytes->size()));
  if (sink_ != nullptr) {
    // Where data are lists, all of it may have come as the list before the bytes.
    std::vector<uint8_t> joined;
    ByteSpan packet = header;
    if (bytes != nullptr && header.empty()) {
      packet = *bytes;
    } else if (bytes != nullptr) {
      joined.assign(header.begin(), header.end());
      joined.insert(joined.end(), bytes->begin(), bytes->end());
      packet = joined;
    }
    if (!sink_->received(thread_->scheduler, packet)) fail_normal();
    return;
  }
  if (lines_ == nullptr || bytes == nullptr || holder != nullptr) {
    return deliver_message(header, bytes, nullptr, holder);
  }
  lines_->feed(*bytes, [&](ByteSpan line, bool ends) { deliver_message(header, &line, &ends); });
}

void Port::deliver_message(ByteSpan header, const ByteSpan* bytes, const bool* ends_line,
                           Binary* holder) {
  const size_t size = bytes == nullptr ? 0 : bytes->size();
  const bool as_binary = binary_ && bytes != nullptr;
  const size_t data_words = !as_binary               ? 2 * size
                            : size <= kHeapBitsLimit ? heap_bits_words(8 * size)
                                                     : kBinRefWords + kSubBitsWords;
  const size_t words = data_words + 2 * header.size() + (ends_line != nullptr ? 3 : 0) + 3 + 3;
  Signal* signal = new_signal(SignalKind::kMessage, id_, words);
  {
    const auto text = [](ByteSpan span) {
      return std::string_view(reinterpret_cast<const char*>(span.data()), span.size());
    };
    SignalBuilder builder(*signal);
    Term data = Term::nil();
    if (bytes != nullptr) {
      data = as_binary ? make_binary(builder, *bytes, holder) : make_string(builder, text(*bytes));
    }
    data = make_string(builder, text(header), data);
    if (ends_line != nullptr) {
      data = make_tuple(builder, {*ends_line ? atoms::eol : atoms::noeol, data});
    }
    data = make_tuple(builder, {atoms::data, data});
    signal->value = make_tuple(builder, {id_, data});
    JOIST_CHECK(builder.top == signal->words + words);
  }
  send(owner(), signal);
}

}  // namespace joist
