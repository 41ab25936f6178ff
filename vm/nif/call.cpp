// Calls of libraries' functions: the native behind every NifEntry.
#include <algorithm>

#include "vm/nif/env.h"
#include "vm/nif/library.h"
#include "vm/sched/dirty_call.h"

namespace joist {

namespace {

// A dirty call keeps its library: the module may be purged meanwhile.
class DirtyHold {
 public:
  explicit DirtyHold(NifLibrary* library) : library_(library) {
    if (library_ != nullptr) library_->retain();
  }
  ~DirtyHold() {
    if (library_ != nullptr) library_->release();
  }
  DirtyHold(const DirtyHold&) = delete;
  DirtyHold& operator=(const DirtyHold&) = delete;

 private:
  NifLibrary* library_;
};

// As enif_thread_type says it; 0: none of the VM's that has called a library.
int& this_thread_type() {
  static thread_local int type = 0;
  return type;
}
constexpr int kTypeOfKind[] = {1, 2, 3};

// The rest of the slice is given up, so that what a library does in pieces leaves room for others.
Term follow_schedule(Process& p, const ScheduledCall& call) {
  std::copy(call.arguments.begin(), call.arguments.end(), p.registers->x);
  p.reductions = 0;
  return p.trap_to(call.entry->native_stub, call.entry->mfa.arity);
}

}  // namespace

Term call_nif(Process& p, const Term* arguments) {
  if (p.suspended != nullptr) return back_from_dirty(p);
  const auto& entry =
      *static_cast<const NifEntry*>(reinterpret_cast<const ExportEntry*>(p.code_pointer[1]));
  const bool is_on_scheduler = on_scheduler(p);
  if (entry.is_dirty && is_on_scheduler) {
    p.outcome = NativeOutcome::kDirty;
    return Term::none();
  }
  this_thread_type() = kTypeOfKind[static_cast<size_t>(p.registers->thread)];
  const DirtyHold hold(is_on_scheduler ? nullptr : entry.library);
  NifEnv env(&p, entry.library);
  env.entry = &entry;
  const Word result = entry.function(&env, static_cast<int>(entry.mfa.arity),
                                     reinterpret_cast<const Word*>(arguments));
  if (env.raised) return p.error(env.reason);
  if (env.scheduled != nullptr) return follow_schedule(p, *env.scheduled);
  const Term value = term_of(result);
  return value.is_none() ? p.badarg() : value;
}

}  // namespace joist

extern "C" int enif_thread_type() { return joist::this_thread_type(); }
