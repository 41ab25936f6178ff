// What two nodes agree on in their handshake, which is dist_util's: the capabilities that both have
// (erts documentation, "Distribution Protocol", Distribution Flags).
#pragma once

#include <cstdint>

namespace joist::dist_flags {

inline constexpr uint64_t kPublished = 0x1;  // else it is a hidden node
inline constexpr uint64_t kAtomCache = 0x2;
inline constexpr uint64_t kExtendedReferences = 0x4;
inline constexpr uint64_t kMonitor = 0x8;
inline constexpr uint64_t kFunTags = 0x10;
inline constexpr uint64_t kMonitorName = 0x20;
inline constexpr uint64_t kHiddenAtomCache = 0x40;
inline constexpr uint64_t kNewFunTags = 0x80;
inline constexpr uint64_t kExtendedPidsPorts = 0x100;
inline constexpr uint64_t kExportTag = 0x200;
inline constexpr uint64_t kBitBinaries = 0x400;
inline constexpr uint64_t kNewFloats = 0x800;
inline constexpr uint64_t kUnicodeIo = 0x1000;
inline constexpr uint64_t kHeaderAtomCache = 0x2000;
inline constexpr uint64_t kSmallAtomTags = 0x4000;
inline constexpr uint64_t kUtf8Atoms = 0x10000;
inline constexpr uint64_t kMapTag = 0x20000;
inline constexpr uint64_t kBigCreation = 0x40000;
inline constexpr uint64_t kSendSender = 0x80000;
inline constexpr uint64_t kBigSeqTraceLabels = 0x100000;
inline constexpr uint64_t kExitPayload = 0x400000;
inline constexpr uint64_t kFragments = 0x800000;
inline constexpr uint64_t kHandshake23 = 0x1000000;
inline constexpr uint64_t kUnlinkId = 0x2000000;
inline constexpr uint64_t kMandatory25Digest = 0x4000000;
inline constexpr uint64_t kSpawn = uint64_t{1} << 32;
inline constexpr uint64_t kV4Identifiers = uint64_t{1} << 34;
inline constexpr uint64_t kAlias = uint64_t{1} << 35;
// kFlaggedSignal, which OTP 28 brought: ALTACT_SIG.
inline constexpr uint64_t kFlaggedSignals = uint64_t{1} << 37;

inline constexpr uint64_t kMandatory25 = kExtendedReferences | kFunTags | kExtendedPidsPorts |
                                         kUtf8Atoms | kNewFunTags | kBigCreation | kNewFloats |
                                         kMapTag | kExportTag | kBitBinaries | kHandshake23;
// What OTP 26 made mandatory, too.
inline constexpr uint64_t kMandatory26 = kMandatory25 | kV4Identifiers | kUnlinkId;
constexpr uint64_t mandatory(int otp_release) {
  return otp_release >= 26 ? kMandatory26 : kMandatory25;
}
// What is taken for granted while the handshake still goes on.
inline constexpr uint64_t kHopeful = kMonitor | kMonitorName | kSpawn | kAlias | kUnlinkId;
constexpr uint64_t while_pending(int otp_release) {
  return kMandatory26 | kHopeful | (otp_release >= 28 ? kFlaggedSignals : 0);
}
constexpr uint64_t ours(int otp_release) {
  return mandatory(otp_release) | kHopeful | kUnicodeIo | kHeaderAtomCache | kSmallAtomTags |
         kSendSender | kBigSeqTraceLabels | kExitPayload | kFragments | kV4Identifiers |
         kMandatory25Digest | (otp_release >= 28 ? kFlaggedSignals : 0);
}
inline constexpr uint64_t kRejectable =
    kHeaderAtomCache | kHiddenAtomCache | kFragments | kAtomCache;
inline constexpr uint64_t kStrictOrder = kHeaderAtomCache;

}  // namespace joist::dist_flags
