// The control messages that one node sends another (erts documentation, "Distribution Protocol"),
// in the form that both ends understand.
//
// Processes and references are given as terms, local or external, as they come; they and what is
// sent with them are encoded at once.
#pragma once

#include "vm/dist/incoming.h"

namespace joist {

enum class Operation : uint8_t {
  kLink = 1,
  kSend = 2,
  kExit = 3,
  kUnlink = 4,
  kNodeLink = 5,
  kSendToName = 6,
  kGroupLeader = 7,
  kExit2 = 8,
  kSendTraced = 12,
  kExitTraced = 13,
  kSendToNameTraced = 16,
  kExit2Traced = 18,
  kMonitor = 19,
  kDemonitor = 20,
  kMonitorExit = 21,
  kSendSender = 22,
  kSendSenderTraced = 23,
  kPayloadExit = 24,
  kPayloadExitTraced = 25,
  kPayloadExit2 = 26,
  kPayloadExit2Traced = 27,
  kPayloadMonitorExit = 28,
  kSpawnRequest = 29,
  kSpawnRequestTraced = 30,
  kSpawnReply = 31,
  kSpawnReplyTraced = 32,
  kAliasSend = 33,
  kAliasSendTraced = 34,
  kUnlinkId = 35,
  kUnlinkIdAck = 36,
  kFlaggedSignal = 37,  // ALTACT_SIG_SEND
};

// Of kFlaggedSignal: what it is besides a message to a pid.
inline constexpr uint32_t kPrioritySignal = 1;
inline constexpr uint32_t kTokenSignal = 2;
inline constexpr uint32_t kAliasSignal = 4;
inline constexpr uint32_t kNameSignal = 8;
inline constexpr uint32_t kExitSignal = 16;
// Of kSpawnReply.
inline constexpr uint32_t kSpawnedLinked = 1;
inline constexpr uint32_t kSpawnedMonitored = 2;

enum class SendStatus : uint8_t {
  kSent,
  kLost,     // there is no such connection any more
  kTooLong,  // a binary in it is too long for the format
};

// Whether it is a priority message is lost on a node that knows of none.
struct MessageToSend {
  Term from;
  Term to;  // a pid, a registered name or an alias
  Term message;
  bool is_priority;
};
SendStatus send_message(const Line& line, const MessageToSend& message, int64_t* charge);
SendStatus send_link(const Line& line, Term from, Term to);
// `from` has unlinked; `id` comes back in the acknowledgement.
SendStatus send_unlink(const Line& line, uint64_t id, Term from, Term to);
SendStatus send_unlink_ack(const Line& line, uint64_t id, Term from, Term to);
// The end of a linked process.
SendStatus send_link_exit(const Line& line, Term from, Term to, Term reason);
// exit/2,3: to a pid, or to an alias, which only nodes since OTP 28 understand: for others it is
// lost.
SendStatus send_exit_2(const Line& line, const MessageToSend& exit);
SendStatus send_group_leader(const Line& line, Term leader, Term to);
// `watched` is a pid or a registered name.
SendStatus send_monitor(const Line& line, Term watcher, Term watched, Term reference);
SendStatus send_demonitor(const Line& line, Term watcher, Term watched, Term reference);
SendStatus send_monitor_exit(const Line& line, Term watched, Term watcher, Term reference,
                             Term reason);
SendStatus send_spawn_request(const Line& line, Term request, Term from, Term group_leader,
                              Term function, Term options, Term arguments);
SendStatus send_spawn_reply(const Line& line, Term request, Term to, uint32_t flags, Term result);

}  // namespace joist
