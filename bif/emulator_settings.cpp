// Natives that tell what the emulator was started with: io:printable_range/0,
// file:native_name_encoding/0, error_logger:warning_map/0; and net_kernel:dflag_unicode_io/1,
// which tells the same of the node of a pid.
#include "bif/registry.h"

namespace joist {

namespace {

// What io_lib takes for printable: +pc.
Term printable_range_0(Process& p) {
  return p.runtime->printable_unicode ? atoms::unicode : atoms::latin1;
}

Term native_name_encoding_0(Process& p) {
  return p.runtime->utf8_file_names ? atoms::utf8 : atoms::latin1;
}

// +W, whose default is w.
Term warning_map_0(Process& p) {
  switch (p.runtime->settings.warnings_as) {
    case 'i':
      return atoms::info;
    case 'e':
      return atoms::error;
    default:
      return atoms::warning;
  }
}

Term dflag_unicode_io_1(Process& p, Term pid) {
  if (!is_pid(pid)) return p.badarg();
  // Every node that could be connected has the flag: it is older than the oldest protocol.
  return atoms::true_;
}

constexpr NativeEntry kEmulatorSettingsNatives[] = {
    {"error_logger", "warning_map", native<warning_map_0>},
    {"file", "native_name_encoding", native<native_name_encoding_0>},
    {"io", "printable_range", native<printable_range_0>},
    {"net_kernel", "dflag_unicode_io", native<dflag_unicode_io_1>},
};

}  // namespace

std::span<const NativeEntry> emulator_settings_natives() { return kEmulatorSettingsNatives; }

}  // namespace joist
