// {spawn, Command} and {spawn_executable, Program}: the input and output of another OS process.
#include <cerrno>

#include "vm/heap/builder.h"
#include "vm/io/drivers.h"
#include "vm/io/forker.h"
#include "vm/io/port.h"
#include "vm/io/ports.h"
#include "vm/io/stream_driver.h"
#include "vm/os/stream.h"

namespace joist {

namespace {

// The VM's end and the child's end of a pipe; -1: there is none.
struct Channel {
  int own = -1;
  int child = -1;
};

void close_channel(const Channel& channel) {
  if (channel.own >= 0) close_stream(channel.own);
  if (channel.child >= 0) close_stream(channel.child);
}

struct Channels {
  Channel to_child;
  Channel from_child;
  int standard_error = -1;

  // The error, or 0.
  int open(const PortOptions& options);
  void close();
};

int Channels::open(const PortOptions& options) {
  PipeEnds ends;
  int error = 0;
  if (options.reads) {
    if ((error = open_pipe(&ends)) != 0) return error;
    from_child = {ends.read, ends.write};
    set_blocking(ends.read, false);
  }
  if (options.writes) {
    if ((error = open_pipe(&ends)) != 0) return error;
    to_child = {ends.write, ends.read};
    set_blocking(ends.write, false);
  }
  const bool joins_output = options.stderr_to_stdout && options.reads;
  if ((error = duplicate(joins_output ? from_child.child : 2, &standard_error)) != 0) return error;
  // The forker gets all descriptors in any case.
  if (!options.reads) error = duplicate(standard_error, &from_child.child);
  if (!options.writes && error == 0) error = duplicate(standard_error, &to_child.child);
  return error;
}

void Channels::close() {
  close_channel(to_child);
  close_channel(from_child);
  if (standard_error >= 0) close_stream(standard_error);
}

class SpawnDriver final : public StreamDriver {
 public:
  SpawnDriver(Port& port, const PortOptions& options, const Channels& channels)
      : StreamDriver(port, options),
        reads_from_(channels.from_child.own),
        wants_status_(options.exit_status) {
    set_output(channels.to_child.own);
  }

  void output(OutputData data) override {
    if (!started_) return port_.fail(EINVAL);
    StreamDriver::output(std::move(data));
  }

  void event(const DriverEvent& event) override {
    switch (event.kind) {
      case child_event::kStarted:
        started_ = true;
        port_.set_os_pid(event.value);
        if (reads_from_ >= 0) set_input(std::exchange(reads_from_, -1));
        return port_.started();
      case child_event::kNotStarted:
        return port_.start_failed(static_cast<int>(event.value));
      case child_event::kExited:
        has_exited_ = true;
        status_ = event.value;
        if (input_has_ended_) report_exit();
        return;
      case child_event::kLost:
        return started_ ? port_.fail(EPIPE) : port_.start_failed(EPIPE);
      default:
        return StreamDriver::event(event);
    }
  }

  void stop() override {
    if (reads_from_ >= 0) close_stream(std::exchange(reads_from_, -1));
    StreamDriver::stop();
  }

 private:
  // The status comes after all that the child has written.
  void input_ended() override {
    input_has_ended_ = true;
    if (!wants_status_) return StreamDriver::input_ended();
    if (has_exited_) report_exit();
  }

  void report_exit() {
    Allocator scratch;
    port_.tell_owner(make_tuple(scratch, {atoms::exit_status, Term::small(status_)}));
    StreamDriver::input_ended();
  }

  void release_descriptor(int descriptor) override { close_stream(descriptor); }

  int reads_from_;  // before it has started
  const bool wants_status_;
  bool started_ = false;
  bool input_has_ended_ = false;
  bool has_exited_ = false;
  int64_t status_ = 0;
};

ChildProgram program_of(const std::string& command, const PortOptions& options) {
  ChildProgram program;
  if (options.use_stdio) program.flags |= child_flags::kUsesStdio;
  if (options.writes) program.flags |= child_flags::kReads;
  if (options.reads) program.flags |= child_flags::kWrites;
  if (options.exit_status) program.flags |= child_flags::kTellsExit;
  program.folder = options.folder;
  program.environment = options.environment;
  if (!options.is_executable) {
    program.command = "exec " + command;
    return program;
  }
  program.flags |= child_flags::kIsExecutable;
  program.command = command;
  program.arguments.push_back(options.argument_zero.value_or(command));
  if (options.arguments) {
    program.arguments.insert(program.arguments.end(), options.arguments->begin(),
                             options.arguments->end());
  }
  return program;
}

DriverStart start_spawn(Port& port, const std::string& command, const PortOptions& options) {
  Channels channels;
  int error = channels.open(options);
  if (error == 0 && options.is_executable) error = check_executable(command.c_str());
  if (error != 0) {
    channels.close();
    return {nullptr, error};
  }
  auto driver = std::make_unique<SpawnDriver>(port, options, channels);
  error =
      port.ports().forker().start(port.id(), program_of(command, options), channels.to_child.child,
                                  channels.from_child.child, channels.standard_error);
  if (error == 0) return {std::move(driver)};
  driver->stop();
  return {nullptr, error};
}

}  // namespace

const DriverInfo& spawn_driver() {
  static constexpr DriverInfo info{.name = "spawn",
                                   .start = start_spawn,
                                   .port_locking = true,
                                   .takes_limits = true,
                                   .starts_later = true};
  return info;
}

}  // namespace joist
