// Questions about .beam files that are not loaded: erts_internal:beamfile_chunk/2 and
// beamfile_module_md5/1, behind code:get_chunk and code:module_md5.
#include "bif/registry.h"
#include "loader/beam_file.h"
#include "loader/iff.h"
#include "loader/module_md5.h"
#include "vm/heap/builder.h"
#include "vm/term/bits.h"

namespace joist {

namespace {

// A chunk's name: a list of four bytes.
bool parse_chunk_name(Term list, uint32_t* id) {
  *id = 0;
  for (int i = 0; i < 4; ++i, list = list.tail()) {
    if (!list.is_list()) return false;
    Term byte = list.head();
    if (!byte.is_small() || byte.small_value() < 0 || byte.small_value() > 255) return false;
    *id = *id << 8 | static_cast<uint32_t>(byte.small_value());
  }
  return list.is_nil();
}

Term beamfile_chunk_2(Process& p, Term file, Term name) {
  uint32_t id;
  if (!parse_chunk_name(name, &id) || !is_binary(file)) return p.badarg();
  ByteScratch scratch;
  ByteSpan bytes = binary_bytes(file, scratch);
  Result<std::vector<Chunk>> chunks = read_chunks(bytes);
  if (!chunks) return atoms::undefined;
  for (const Chunk& chunk : chunks.value()) {
    if (chunk.id != id) continue;
    if (chunk.data.empty()) return atoms::undefined;
    size_t offset = static_cast<size_t>(chunk.data.data() - bytes.data());
    return make_part(p.heap, file, 8 * offset, 8 * chunk.data.size());
  }
  return atoms::undefined;
}

Term beamfile_module_md5_1(Process& p, Term file) {
  if (!is_binary(file)) return p.badarg();
  ByteScratch scratch;
  Result<BeamFile> parsed = parse_beam(binary_bytes(file, scratch));
  if (!parsed) return atoms::undefined;
  return make_binary(p.heap, ByteSpan(module_md5(parsed.value())));
}

constexpr NativeEntry kBeamFilesNatives[] = {
    {"erts_internal", "beamfile_chunk", native<beamfile_chunk_2>},
    {"erts_internal", "beamfile_module_md5", native<beamfile_module_md5_1>},
};

}  // namespace

std::span<const NativeEntry> beam_files_natives() { return kBeamFilesNatives; }

}  // namespace joist
