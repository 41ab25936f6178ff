#include "vm/io/blocking_writer.h"

#include "vm/io/ports.h"
#include "vm/os/stream.h"
#include "vm/os/thread.h"

namespace joist {

// The thread may outlive the driver, and even the VM: it keeps this and the port's record alive,
// and touches neither the port nor the VM once it is abandoned.
struct BlockingWriter::Shared {
  Shared(Port& tells_port, int to) : port(tells_port), descriptor(to) { port.retain(); }
  ~Shared() { port.release(); }

  Port& port;
  const int descriptor;
  Mutex mutex;
  Condition changed;
  OutputData data JOIST_GUARDED_BY(mutex);
  bool abandoned JOIST_GUARDED_BY(mutex) = false;
  int error JOIST_GUARDED_BY(mutex) = 0;
};

BlockingWriter::BlockingWriter(Port& port, int descriptor)
    : shared_(std::make_shared<Shared>(port, descriptor)) {}

BlockingWriter::~BlockingWriter() {
  MutexLock lock(shared_->mutex);
  shared_->abandoned = true;
  shared_->changed.notify_one();
}

bool BlockingWriter::write(OutputData data) {
  if (!has_thread_) {
    Result<Thread> thread = Thread::start("writer", [shared = shared_] { run(shared); });
    if (!thread) return false;
    thread.value().detach();
    has_thread_ = true;
  }
  MutexLock lock(shared_->mutex);
  shared_->data.append(std::move(data));
  shared_->changed.notify_one();
  return true;
}

size_t BlockingWriter::queued() const {
  MutexLock lock(shared_->mutex);
  return shared_->data.size();
}

int BlockingWriter::error() const {
  MutexLock lock(shared_->mutex);
  return shared_->error;
}

void BlockingWriter::run(const std::shared_ptr<Shared>& shared) {
  Shared& own = *shared;
  ByteSpan pieces[kMostPieces];
  for (;;) {
    size_t count;
    {
      MutexLock lock(own.mutex);
      while (own.data.empty() && !own.abandoned) own.changed.wait(own.mutex);
      if (own.abandoned) return;
      count = own.data.peek(pieces);
    }
    // Only this thread drops pieces, so they stay where they are.
    const StreamResult result = write_stream(own.descriptor, {pieces, count});
    MutexLock lock(own.mutex);
    if (result.bytes >= 0) {
      own.data.drop(static_cast<size_t>(result.bytes));
    } else if (!result.must_wait()) {
      own.error = result.error;
    }
    if (own.abandoned) return;
    auto task = std::make_unique<PortTask>();
    task->event.kind = kProgressEvent;
    own.port.add_task(std::move(task));
    own.port.ports().schedule(own.port);
    if (own.error != 0) return;
  }
}

}  // namespace joist
