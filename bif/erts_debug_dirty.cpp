// erts_debug:dirty_cpu/2, dirty_io/2 and dirty/3: natives by which OTP's own tests look at dirty
// schedulers. Each does what its first argument (the second of dirty/3) says.
#include "bif/registry.h"
#include "vm/heap/builder.h"
#include "vm/heap/copy.h"
#include "vm/os/clock.h"
#include "vm/os/thread.h"
#include "vm/sched/deliver.h"
#include "vm/sched/online.h"

namespace joist {

namespace {

using Kind = ThreadKind;
constexpr int64_t kMillisecond = 1'000'000;

Term kind_name(Kind kind) {
  if (kind == Kind::kScheduler) return atoms::normal;
  return kind == Kind::kDirtyCpu ? atoms::dirty_cpu : atoms::dirty_io;
}

void wait(Process& p, int64_t milliseconds, bool busy) {
  Clock& clock = *p.runtime->clock;
  Parker nobody;
  const int64_t end = clock.monotonic_ns() + milliseconds * kMillisecond;
  for (int64_t left = end - clock.monotonic_ns(); left > 0; left = end - clock.monotonic_ns()) {
    if (busy) {
      cpu_relax();
    } else {
      nobody.park(left);
    }
  }
}

Term send_atom(Process& p, Term receiver, Term atom) {
  OnlineScope online(p);
  send(p, receiver, make_tuple(p.heap, {atom, p.pid}));
  return atoms::ok;
}

Term fail(Process& p, Term reason) {
  const Term known[] = {atoms::notsup, atoms::undef, atoms::badarith, atoms::noproc,
                        atoms::system_limit};
  for (const Term one : known) {
    if (one == reason) return p.error(reason);
  }
  return p.badarg();
}

// A list of copies, enough to fill a heap.
Term copies(Process& p, Term term) {
  constexpr int kCopies = 1000;
  Term list = Term::nil();
  for (int i = 0; i < kCopies; ++i) {
    list = make_cons(p.heap, copy_term(p.heap, term, nullptr), list);
  }
  return list;
}

// The error of a call that has gone on under other arguments is that of the first.
Term refuse_reschedule(Process& p, Kind kind, Term number) {
  Term* arguments = p.registers->x;
  if (kind == Kind::kScheduler) *arguments++ = atoms::normal;
  arguments[0] = atoms::reschedule;
  arguments[1] = number;
  return p.badarg();
}

// Down to 0 in steps of two, on to the next kind of thread where four divides the number. Later
// calls have [Number | that of the first].
Term reschedule(Process& p, Kind kind, Term number) {
  Term first = number;
  if (number.is_list()) {
    first = number.tail();
    number = number.head();
  }
  if (!number.is_small() || number.small_value() < 0) return refuse_reschedule(p, kind, first);
  const int64_t n = number.small_value();
  if (n == 0) return atoms::ok;
  if (n % 4 == 0) {
    kind = kind == Kind::kDirtyCpu  ? Kind::kDirtyIo
           : kind == Kind::kDirtyIo ? Kind::kScheduler
                                    : Kind::kDirtyCpu;
  }
  const Term left = make_cons(p.heap, Term::small(n - 2), first);
  if (kind == Kind::kScheduler) {
    return p.trap(atoms::erts_debug, atoms::dirty, {atoms::normal, atoms::reschedule, left});
  }
  return p.trap(atoms::erts_debug, kind_name(kind), {atoms::reschedule, left});
}

// Says that it lives, waits until it is about to die, and carries on for a second where it is to.
Term outlive(Process& p, Term receiver, bool carries_on) {
  const auto is_doomed = [&p] {
    return (p.state.load(std::memory_order_relaxed) & process_state::kDoomed) != 0;
  };
  if (is_doomed()) return p.badarg();
  send_atom(p, receiver, atoms::alive);
  while (!is_doomed()) wait(p, 1, false);
  if (!carries_on) return atoms::ok;
  wait(p, 1000, false);
  constexpr size_t kWords = 10'000;
  const Term large = make_tuple_uninitialised(p.heap, kWords);
  for (Term& element : tuple_elements(large)) element = Term::small(4711);
  return make_tuple(p.heap, {atoms::ok, large});
}

Term run(Process& p, Kind kind, Term what, Term argument) {
  if (what == atoms::scheduler) {
    return argument == atoms::type ? kind_name(p.registers->thread) : p.badarg();
  }
  if (what == atoms::error) return fail(p, argument);
  if (what == atoms::copy) return copies(p, argument);
  if (what == atoms::send) return send_atom(p, argument, atoms::ok);
  if (what == atoms::reschedule) return reschedule(p, kind, argument);
  if (what == atoms::alive_waitexiting) return outlive(p, argument, true);
  if (what.is_atom() && atom_text(what) == "alive_waitexitingonly") {  // since OTP 26
    return outlive(p, argument, false);
  }
  if (what == atoms::wait) {
    if (!argument.is_small() || argument.small_value() < 0) return p.badarg();
    wait(p, argument.small_value(), kind == Kind::kDirtyCpu);
    return atoms::ok;
  }
  if (what == atoms::ready_wait6_done) {
    send_atom(p, argument, atoms::ready);
    wait(p, 6000, false);
    return send_atom(p, argument, atoms::done);
  }
  return p.badarg();
}

Term dirty_cpu_2(Process& p, Term what, Term argument) {
  return run(p, Kind::kDirtyCpu, what, argument);
}
Term dirty_io_2(Process& p, Term what, Term argument) {
  return run(p, Kind::kDirtyIo, what, argument);
}
Term dirty_3(Process& p, Term kind, Term what, Term argument) {
  if (kind == atoms::normal) return run(p, Kind::kScheduler, what, argument);
  if (kind == atoms::dirty_cpu || kind == atoms::dirty_io) {
    // Raised here, so that the exception shows this call.
    if (what == atoms::error) return fail(p, argument);
    return p.trap(atoms::erts_debug, kind, {what, argument});
  }
  return p.badarg();
}

constexpr NativeEntry kErtsDebugDirtyNatives[] = {
    {"erts_debug", "dirty", native<dirty_3>},
    {"erts_debug", "dirty_cpu", native<dirty_cpu_2>, kDirtyCpu},
    {"erts_debug", "dirty_io", native<dirty_io_2>, kDirtyIo},
};

}  // namespace

std::span<const NativeEntry> erts_debug_dirty_natives() { return kErtsDebugDirtyNatives; }

}  // namespace joist
