// Natives that tell what the emulator was started with: io:printable_range/0,
// file:native_name_encoding/0, error_logger:warning_map/0.
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

constexpr NativeEntry kEmulatorSettingsNatives[] = {
    {"error_logger", "warning_map", native<warning_map_0>},
    {"file", "native_name_encoding", native<native_name_encoding_0>},
    {"io", "printable_range", native<printable_range_0>},
};

}  // namespace

std::span<const NativeEntry> emulator_settings_natives() { return kEmulatorSettingsNatives; }

}  // namespace joist
