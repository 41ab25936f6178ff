// The numbers that OTP's prim_inet.erl and the drivers speak in (kernel's inet_int.hrl).
#pragma once

#include <cstdint>

namespace joist::inet {

// Operations of port_control, added to kControlBase.
inline constexpr uint32_t kControlBase = 0x03f1a300;
enum Request : uint32_t {
  kOpen = 1,
  kClose = 2,
  kConnect = 3,
  kPeerName = 4,
  kSocketName = 5,
  kBind = 6,
  kSetOptions = 7,
  kGetOptions = 8,
  kGetStatistics = 11,
  kGetHostName = 12,
  kOpenDescriptor = 13,
  kGetDescriptor = 14,
  kGetType = 15,
  kGetStatus = 16,
  kServicePort = 17,
  kServiceName = 18,
  kSetSocketName = 19,
  kSetPeerName = 20,
  kInterfaceNames = 21,
  kGetInterface = 22,
  kSetInterface = 23,
  kSubscribe = 24,
  kInterfaceAddresses = 25,
  kAccept = 26,
  kListen = 27,
  kIgnoreDescriptor = 28,
  kSocketNames = 29,
  kPeerNames = 30,
  kReceive = 42,
  kPutBack = 43,
  kShutdown = 44,
  kSendFile = 45,
  kReceivePacket = 60,
};
enum ReplyCode : uint8_t { kReplyError = 0, kReplyOk = 1 };

enum AddressTag : uint8_t {
  kTagUnspecified = 0,
  kTagInet = 1,
  kTagInet6 = 2,
  kTagAny = 3,
  kTagLoopback = 4,
  kTagLocal = 5,
  kTagUndefined = 6,
};
enum TypeTag : uint8_t { kTypeStream = 1, kTypeDatagram = 2 };

enum ProtocolTag : uint8_t {
  kProtocolDefault = 0,
  kProtocolTcp = 1,
  kProtocolUdp = 2,
  kProtocolMultipath = 4,
};

enum Option : uint8_t {
  kReuseAddress = 0,
  kKeepAlive = 1,
  kDontRoute = 2,
  kLinger = 3,
  kBroadcast = 4,
  kUrgentInline = 5,
  kSendBuffer = 6,
  kReceiveBuffer = 7,
  kPriority = 8,
  kTypeOfService = 9,
  kNoDelay = 10,
  kMulticastInterface = 11,
  kMulticastTimeToLive = 12,
  kMulticastLoop = 13,
  kAddMembership = 14,
  kDropMembership = 15,
  kOnlyInet6 = 16,
  kReusePort = 17,  // from OTP 26 on, as the next two
  kReusePortBalanced = 18,
  kExclusiveAddress = 19,
  kBuffer = 20,
  kHeader = 21,
  kActive = 22,
  kPacket = 23,
  kMode = 24,
  kDeliver = 25,
  kExitOnClose = 26,
  kHighWatermark = 27,
  kLowWatermark = 28,
  kSendTimeout = 30,
  kDelaySend = 31,
  kPacketSize = 32,
  kReadPackets = 33,
  kRaw = 34,
  kSendTimeoutClose = 35,
  kHighQueueWatermark = 36,
  kLowQueueWatermark = 37,
  kNamespace = 38,
  kShowReset = 39,
  kLineDelimiter = 40,
  kTrafficClass = 41,
  kBindToDevice = 42,
  kReceiveTypeOfService = 43,
  kReceiveTrafficClass = 44,
  kPacketOptions = 45,
  kTimeToLive = 46,
  kReceiveTimeToLive = 47,
  kNoPush = 48,
  kReadAhead = 49,  // from OTP 27 on
  kKeepCount = 51,  // from OTP 29 on, as the next three
  kKeepIdle = 52,
  kKeepInterval = 53,
  kUserTimeout = 54,
  kDebug = 99,
};
enum Mode : uint32_t { kModeList = 0, kModeBinary = 1 };
enum Deliver : uint32_t { kDeliverPort = 0, kDeliverTerm = 1 };
enum Active : uint32_t { kPassive = 0, kActiveAlways = 1, kActiveOnce = 2, kActiveCounted = 3 };

// Values of kPacket.
enum PacketCode : uint32_t {
  kPacketRaw = 0,
  kPacket1 = 1,
  kPacket2 = 2,
  kPacket4 = 3,
  kPacketAsn1 = 4,
  kPacketSunRm = 5,
  kPacketCdr = 6,
  kPacketFcgi = 7,
  kPacketLine = 8,
  kPacketTpkt = 9,
  kPacketHttp = 10,
  kPacketHttpHeader = 11,
  kPacketSslTls = 12,
  kPacketHttpBinary = 13,
  kPacketHttpHeaderBinary = 14,
};

enum Statistic : uint8_t {
  kReceivedCount = 1,
  kReceivedMax = 2,
  kReceivedAverage = 3,
  kReceivedDeviation = 4,
  kSentCount = 5,
  kSentMax = 6,
  kSentAverage = 7,
  kSendPending = 8,
  kReceivedBytes = 9,
  kSentBytes = 10,
};
inline constexpr uint8_t kSubscribeEmptyQueue = 1;

// Bits of the state, as getstatus shows it.
enum State : uint32_t {
  kStateOpen = 0x1,
  kStateActive = 0x4,  // connected
  kStateListen = 0x8,
  kStateConnecting = 0x10,
  kStateAccepting = 0x20,
  kStateBusy = 0x80,
};
inline constexpr uint32_t kInfinity = 0xffffffff;  // of timeouts

}  // namespace joist::inet
