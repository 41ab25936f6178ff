// What a native that has used up its slice goes on with in the next one.
//
//   Term native_2(Process& p, Term a, Term b) {
//     std::unique_ptr<Job> job = p.resume<Job>();  // null: a new call
//     if (job == nullptr) { ... what is short is done here ...; job = make_unique<Job>(...); }
//     if (!job->run(p)) return p.suspend(std::move(job), {a, b});
//     return job->result();
//   }
//
// The native is called again with its arguments, which so are at hand for a stack trace. The
// process is not collected meanwhile (Process::collect_gc): terms in the job stay where they are,
// and what it builds may be unfinished. The job goes when the process does.
#pragma once

namespace joist {

class SuspendedNative {
 public:
  SuspendedNative() = default;
  virtual ~SuspendedNative() = default;
  SuspendedNative(const SuspendedNative&) = delete;
  SuspendedNative& operator=(const SuspendedNative&) = delete;
};

}  // namespace joist
