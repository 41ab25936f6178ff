// Sequential tracing (https://www.erlang.org/doc/man/seq_trace.html): a token goes with the
// messages of a process that has one, and becomes the receiver's; each step is told to the system
// tracer.
//
//   token   {Flags, Label, Serial, Sender, LastSerial}
#pragma once

#include "vm/proc/process.h"
#include "vm/proc/process_extras.h"

namespace joist {

namespace token_flag {
inline constexpr int64_t kSend = 1;
inline constexpr int64_t kReceive = 2;
inline constexpr int64_t kPrint = 4;
inline constexpr int64_t kTimestamp = 8;
inline constexpr int64_t kStrictMonotonicTimestamp = 16;
inline constexpr int64_t kMonotonicTimestamp = 32;
}  // namespace token_flag

inline constexpr size_t kTokenWords = 6;

// The token, or [].
Term process_token(const Process& process);
void replace_token(Process& process, Term token);
// The bit of a flag's name; 0: it is none.
int64_t token_flag_of(Term name);
// Sets a flag, label, serial or (to []) the token itself, and returns what it was; none(): wrong.
Term set_token_part(Process& process, Term what, Term value);
// The process is about to send something: its token gets the next serial.
void advance_token(Process& process);
// {seq_trace, Label, {What, {Last, Serial}, Sender, Receiver, Message}}, if the token wants it.
void tell_sequential_tracer(Process& process, Term token, Term what, int64_t flag, Term receiver,
                            Term message);
}  // namespace joist
