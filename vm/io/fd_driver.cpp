// {fd, In, Out}: descriptors that the VM was started with, and files as ports.
#include "vm/io/drivers.h"
#include "vm/io/port.h"
#include "vm/io/stream_driver.h"
#include "vm/os/stream.h"

namespace joist {

namespace {

// --- {fd, In, Out} ---

// erts: control operation for the size of the terminal (kernel's user.erl and group.erl).
constexpr uint32_t kControlBase = 0x018b0900;
constexpr uint32_t kGetWindowSize = 100;

void append_native_u32(std::vector<uint8_t>* to, uint32_t value) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
  to->insert(to->end(), bytes, bytes + sizeof value);
}

// The descriptors are not its own: at the end they are left as they were.
class FdDriver final : public StreamDriver {
 public:
  FdDriver(Port& port, const PortOptions& options) : StreamDriver(port, options) {
    size_input_ = options.reads ? options.input_descriptor : -1;
    size_output_ = options.writes ? options.output_descriptor : -1;
    if (options.writes) begin_output(options);
    if (options.reads) set_input(options.input_descriptor);
  }

  bool control(uint32_t operation, ByteSpan, std::vector<uint8_t>* reply) override {
    uint32_t columns;
    uint32_t rows;
    if (operation != kControlBase + kGetWindowSize) return false;
    if (!window_size(size_output_, &columns, &rows) && !window_size(size_input_, &columns, &rows)) {
      return false;
    }
    append_native_u32(reply, columns);
    append_native_u32(reply, rows);
    return true;
  }

 private:
  // Non-blocking is a property that others who have the same pipe or terminal would get as well.
  // So it is set only where that is known to do no harm: on a terminal that is the input, too, or
  // that can be opened anew. Files do not wait; everything else is left to a thread.
  void begin_output(const PortOptions& options) {
    const int descriptor = options.output_descriptor;
    set_output(descriptor);
    switch (stream_kind(descriptor)) {
      case StreamKind::kFile:
      case StreamKind::kNone:
        return;
      case StreamKind::kTerminal:
        if (options.reads && (stream_kind(options.input_descriptor) == StreamKind::kTerminal ||
                              reopen_terminal(descriptor))) {
          return set_blocking(descriptor, false);
        }
        break;
      case StreamKind::kOther:
        break;
    }
    write_blocking();
  }

  void release_descriptor(int descriptor) override { set_blocking(descriptor, true); }

  int size_input_;
  int size_output_;
};

DriverStart start_fd(Port& port, const std::string&, const PortOptions& options) {
  return {std::make_unique<FdDriver>(port, options)};
}

// --- "name": a file ---

class FileDriver final : public StreamDriver {
 public:
  FileDriver(Port& port, const PortOptions& options, int descriptor) : StreamDriver(port, options) {
    if (options.writes) set_output(descriptor);
    if (options.reads) set_input(descriptor);
  }

 private:
  void release_descriptor(int descriptor) override { close_stream(descriptor); }
};

DriverStart start_file(Port& port, const std::string& name, const PortOptions& options) {
  int descriptor;
  if (open_plain_file(name.c_str(), options.reads, options.writes, &descriptor) != 0) return {};
  return {std::make_unique<FileDriver>(port, options, descriptor)};
}

}  // namespace

const DriverInfo& fd_driver() {
  static constexpr DriverInfo info{.name = "fd", .start = start_fd, .takes_limits = true};
  return info;
}

const DriverInfo& file_driver() {
  static constexpr DriverInfo info{.name = "vanilla", .start = start_file, .takes_limits = true};
  return info;
}

}  // namespace joist
