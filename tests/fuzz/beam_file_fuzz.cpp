// libFuzzer target: any bytes given as a .beam file. Built with -DJOIST_FUZZ=ON.

#include <cstdlib>

#include "loader/beam_file.h"
#include "loader/transform.h"
#include "loader/verify.h"
#include "loader/verify_flow.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto parsed = joist::parse_beam(joist::ByteSpan(data, size));
  if (!parsed.ok()) return 0;
  joist::BeamFile file = parsed.take();
  if (!joist::verify(file).ok()) return 0;
  file.code = joist::transform(file);
  const joist::LabelTable labels = joist::find_labels(file.code, file.label_count);
  for (const joist::GenericFunction& function : file.code.functions) {
    if (joist::follow_flow(file, labels, function).fault.found()) std::abort();
  }
  return 0;
}
