#include "loader/beam_file.h"

#include "loader/chunks.h"
#include "loader/iff.h"
#include "loader/line_table.h"
#include "loader/module_md5.h"
#include "loader/operands.h"
#include "loader/record_chunk.h"
#include "loader/type_chunk.h"

namespace joist {

namespace {

Result<void> parse_atom_chunk(BeamFile& file) {
  const ByteSpan utf8 = file.chunk(chunk_id("AtU8"));
  if (!utf8.empty()) return parse_atoms(file, utf8, AtomEncoding::kUtf8);
  const ByteSpan latin1 = file.chunk(chunk_id("Atom"));
  if (!latin1.empty()) return parse_atoms(file, latin1, AtomEncoding::kLatin1);
  return make_error("missing atom table");
}

Result<std::vector<FunctionEntry>> parse_function_chunk(const BeamFile& file, uint32_t id,
                                                        const char* what) {
  const ByteSpan chunk = file.chunk(id);
  if (chunk.empty()) return std::vector<FunctionEntry>();
  auto entries = parse_functions(file, chunk);
  if (!entries) return make_error("corrupt %s table: %s", what, entries.error().text.c_str());
  return entries;
}

// The tables that the code's operands refer to, and those that only need atoms.
Result<void> parse_table_chunks(BeamFile& file) {
  JOIST_TRY(parse_atom_chunk(file));
  const ByteSpan imports = file.chunk(chunk_id("ImpT"));
  if (imports.empty()) return make_error("missing import table");
  JOIST_TRY(parse_imports(file, imports));

  if (file.chunk(chunk_id("ExpT")).empty()) return make_error("missing export table");
  file.exports = JOIST_TRY(parse_function_chunk(file, chunk_id("ExpT"), "export"));
  file.locals = JOIST_TRY(parse_function_chunk(file, chunk_id("LocT"), "locals"));

  const ByteSpan lambdas = file.chunk(chunk_id("FunT"));
  if (!lambdas.empty()) JOIST_TRY(parse_lambdas(file, lambdas));
  const ByteSpan literals = file.chunk(chunk_id("LitT"));
  if (!literals.empty()) JOIST_TRY(parse_literals(file, literals));
  const ByteSpan lines = file.chunk(chunk_id("Line"));
  if (!lines.empty()) JOIST_TRY(parse_lines(file, lines));
  JOIST_TRY(parse_types(file, file.chunk(chunk_id("Type"))));
  const ByteSpan records = file.chunk(chunk_id("Recs"));
  if (!records.empty()) JOIST_TRY(parse_records(file, records));
  return {};
}

}  // namespace

ByteSpan BeamFile::chunk(uint32_t id) const {
  for (size_t i = chunks.size(); i-- > 0;) {
    if (chunks[i].id == id) return chunks[i].data;
  }
  return {};
}

Result<BeamFile> parse_tables(ByteSpan bytes) {
  BeamFile file;
  if (is_packed(bytes)) {
    file.file_bytes = JOIST_TRY(unpack_beam(bytes));
    bytes = file.file_bytes;
  } else if (bytes.size() > kMaxBeamSize) {
    return make_error("file too large");
  }
  file.chunks = JOIST_TRY(read_chunks(bytes));

  const ByteSpan code_chunk = file.chunk(chunk_id("Code"));
  if (code_chunk.empty()) return make_error("missing code chunk");
  file.code_bytes = JOIST_TRY(parse_code_header(file, code_chunk));
  JOIST_TRY(parse_table_chunks(file));

  file.strings = file.chunk(chunk_id("StrT"));
  file.attributes = file.chunk(chunk_id("Attr"));
  file.compile_info = file.chunk(chunk_id("CInf"));
  file.md5 = module_md5(file);
  return file;
}

Result<BeamFile> parse_beam(ByteSpan bytes) {
  std::vector<uint8_t> own = JOIST_TRY(unpack_beam(bytes));
  BeamFile file = JOIST_TRY(parse_tables(own));
  // If it was compressed twice, it has been refused.
  file.file_bytes = std::move(own);
  JOIST_TRY(parse_code(file));
  return file;
}

}  // namespace joist
