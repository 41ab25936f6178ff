// Writes to a descriptor that must stay blocking, because others share it (standard output in a
// pipeline), in a thread of its own. A write that never ends holds up nobody but itself.
#pragma once

#include <memory>

#include "vm/base/sync.h"
#include "vm/io/output.h"

namespace joist {

class Port;

class BlockingWriter {
 public:
  // DriverEvent::kind of the news that there is progress: see queued() and error().
  static constexpr uint32_t kProgressEvent = 1;

  BlockingWriter(Port& port, int descriptor);
  // What is not written yet is given up, but for a write that is under way.
  ~BlockingWriter();
  BlockingWriter(const BlockingWriter&) = delete;
  BlockingWriter& operator=(const BlockingWriter&) = delete;

  // False: there can be no thread.
  bool write(OutputData data);
  size_t queued() const;
  int error() const;  // 0: none

 private:
  struct Shared;
  static void run(const std::shared_ptr<Shared>& shared);

  std::shared_ptr<Shared> shared_;
  bool has_thread_ = false;
};

}  // namespace joist
