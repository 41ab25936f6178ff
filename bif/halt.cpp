// erlang:halt/2, which the other forms end in (https://www.erlang.org/doc/man/erlang#halt-2).
#include <climits>
#include <cstdio>
#include <string>

#include "bif/registry.h"
#include "vm/codec/unicode.h"
#include "vm/io/ports.h"
#include "vm/os/exit.h"
#include "vm/sched/system_flags.h"
#include "vm/sched/system_logger.h"

namespace joist {

namespace {

constexpr size_t kLongestSlogan = 1023;  // characters
// A crash shows what was printed before it, but waits for nobody who does not read.
constexpr int64_t kLongestFlushOfCrash = 1'000'000'000;

// What is behind the slogan does not count. False: no text.
bool read_slogan(Term list, std::string* text) {
  size_t length = 0;
  for (; list.is_list(); list = list.tail()) {
    const Term head = list.head();
    if (!head.is_small() || head.small_value() < 0 ||
        !is_code_point(static_cast<uint64_t>(head.small_value()))) {
      return false;
    }
    if (++length > kLongestSlogan) continue;
    uint8_t bytes[4];
    uint8_t* end = put_utf8(bytes, static_cast<uint32_t>(head.small_value()));
    text->append(bytes, end);
  }
  return list.is_nil();
}

struct HaltOptions {
  bool flush = true;
  int64_t flush_timeout_ms = kNoTimeLimit;
};

// {flush_timeout, Milliseconds | infinity}, since OTP 27.
bool parse_flush_timeout(Term value, HaltOptions* options) {
  options->flush_timeout_ms = kNoTimeLimit;
  if (value == atoms::infinity) return true;
  if (!value.is_small() || value.small_value() < 0 || value.small_value() > UINT32_MAX)
    return false;
  options->flush_timeout_ms = value.small_value();
  return true;
}

bool parse_halt_options(const Process& p, Term list, HaltOptions* options) {
  for (; list.is_list(); list = list.tail()) {
    const Term option = list.head();
    if (!is_tuple(option) || tuple_size(option) != 2) return false;
    const std::span<const Term> pair = tuple_elements(option);
    if (p.runtime->otp_release >= 27 && pair[0].is_atom() &&
        atom_text(pair[0]) == "flush_timeout") {
      if (!parse_flush_timeout(pair[1], options)) return false;
      continue;
    }
    if (!(pair[0] == atoms::flush)) return false;
    if (!(pair[1] == atoms::true_) && !(pair[1] == atoms::false_)) return false;
    options->flush = pair[1] == atoms::true_;
  }
  return list.is_nil();
}

// The shorter of +zhft and the option holds; a flush that takes longer ends the VM with a status of
// its own.
void flush_before_halt(Process& p, int64_t timeout_ms) {
  constexpr int kInterrupted = 255;
  constexpr int64_t kNsPerMs = 1'000'000;
  const int64_t limit = system_flags(p)->halt_flush_timeout_ms.load();
  if (timeout_ms == kNoTimeLimit || (limit != kNoTimeLimit && limit < timeout_ms)) {
    timeout_ms = limit;
  }
  const int64_t timeout = timeout_ms == kNoTimeLimit ? kNoTimeLimit : timeout_ms * kNsPerMs;
  if (p.runtime->ports->flush(timeout)) return;
  p.runtime->ports->release_terminal();
  exit_now(kInterrupted, false);
}

Term halt_2(Process& p, Term status, Term options) {
  HaltOptions parsed;
  if (!parse_halt_options(p, options, &parsed)) return p.badarg(atoms::badopt);
  if (status.is_small() && status.small_value() >= 0) {
    if (parsed.flush) flush_before_halt(p, parsed.flush_timeout_ms);
    p.runtime->ports->release_terminal();
    exit_now(static_cast<int>(status.small_value() & INT_MAX), parsed.flush);
  }
  if (status == atoms::abort) {
    p.runtime->ports->release_terminal();
    abort_now();
  }
  std::string slogan;
  if ((!status.is_list() && !status.is_nil()) || !read_slogan(status, &slogan)) return p.badarg();
  p.runtime->ports->flush(kLongestFlushOfCrash);
  p.runtime->ports->release_terminal();
  fprintf(stderr, "%s\r\n", slogan.c_str());
  if (CrashDumper* dumper = p.runtime->logger->crash_dumper()) dumper->write_crash_dump(slogan);
  exit_now(1, false);
}

constexpr NativeEntry kHaltNatives[] = {
    {"erlang", "halt", native<halt_2>},
};

}  // namespace

std::span<const NativeEntry> halt_natives() { return kHaltNatives; }

}  // namespace joist
