#include "vm/engine/code_path.h"

#include "vm/os/file.h"

namespace joist {

Result<void> CodePath::add_otp(const std::string& otp_root) {
  const std::string lib = otp_root + "/lib";
  for (const std::string& application : JOIST_TRY(list_directory(lib))) {
    const std::string ebin = lib + "/" + application + "/ebin";
    if (file_kind(ebin) == FileKind::kDirectory) add(ebin);
  }
  return {};
}

std::optional<std::string> CodePath::find(std::string_view module) const {
  if (module.empty() || module.find('/') != std::string_view::npos ||
      module.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  for (const std::string& folder : folders_) {
    std::string path = folder + "/" + std::string(module) + ".beam";
    if (file_kind(path) != FileKind::kMissing) return path;
  }
  return std::nullopt;
}

}  // namespace joist
