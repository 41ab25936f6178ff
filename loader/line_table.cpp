#include "loader/line_table.h"

#include "loader/chunks.h"
#include "loader/tagged.h"

namespace joist {

namespace {

constexpr uint32_t kLineVersion = 0;

Result<void> parse_positions(BeamFile& file, ByteReader& reader, uint32_t count,
                             uint32_t name_count) {
  file.lines.reserve(size_t{count} + 1);
  file.lines.push_back({0, 0});
  uint32_t current_file = 0;
  while (file.lines.size() <= count) {
    const TaggedNumber number = read_tagged(reader);
    if (!reader.ok()) return make_error("corrupt line table: it is cut short");
    if (number.is_below(Tag::kAtom, uint64_t{name_count} + 1)) {
      current_file = static_cast<uint32_t>(number.value);
    } else if (number.is_below(Tag::kInteger, uint64_t{1} << 32)) {
      // As in OTP, where a line takes 24 bits, those beyond are not known.
      constexpr int64_t kMostLines = (int64_t{1} << 24) - 1;
      file.lines.push_back(
          {current_file, number.value > kMostLines ? 0 : static_cast<uint32_t>(number.value)});
    } else {
      return make_error("corrupt line table: position %zu", file.lines.size());
    }
  }
  return {};
}

Result<void> parse_names(BeamFile& file, ByteReader& reader, uint32_t count) {
  file.files.reserve(size_t{count} + 1);
  file.files.push_back({});
  for (uint32_t i = 1; i <= count; ++i) {
    const ByteSpan name = reader.take(reader.u16());
    size_t characters = 0;
    if (!reader.ok() || !check_utf8(name, characters)) {
      return make_error("corrupt line table: file name %u", i);
    }
    file.files.push_back(text_of(name));
  }
  return {};
}

}  // namespace

Result<void> parse_lines(BeamFile& file, ByteSpan chunk) {
  ByteReader reader(chunk);
  if (reader.u32() != kLineVersion || !reader.ok()) return {};
  file.line_flags = reader.u32();
  reader.skip(4);  // how many line instructions the code has
  const uint32_t position_count = reader.u32();
  const uint32_t name_count = reader.u32();
  const bool fits = position_count <= reader.remaining() && name_count <= reader.remaining() / 2;
  if (!reader.ok() || !fits) return make_error("corrupt line table: its header");
  JOIST_TRY(parse_positions(file, reader, position_count, name_count));
  return parse_names(file, reader, name_count);
}

}  // namespace joist
