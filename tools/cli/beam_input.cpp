#include "tools/cli/beam_input.h"

#include "vm/os/file.h"

namespace joist::cli {

Result<BeamFile> load_beam(const std::string& path) {
  const std::vector<uint8_t> bytes = JOIST_TRY(read_file(path));
  auto file = parse_beam(bytes);
  if (!file.ok()) return make_error("%s: %s", path.c_str(), file.error().text.c_str());
  return file;
}

}  // namespace joist::cli
