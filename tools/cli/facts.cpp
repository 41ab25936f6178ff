#include "tools/cli/facts.h"

#include <algorithm>
#include <string_view>

#include "facts_data.h"
#include "vm/os/file.h"

namespace joist::cli {

namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  size_t begin = 0;
  for (;;) {
    const size_t end = text.find(separator, begin);
    if (end == std::string_view::npos) break;
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  parts.push_back(text.substr(begin));
  return parts;
}

// The number that all of `text` is, or -1.
int number_of(std::string_view text) {
  if (text.empty() || text.size() > 4) return -1;
  int number = 0;
  for (char digit : text) {
    if (digit < '0' || digit > '9') return -1;
    number = number * 10 + (digit - '0');
  }
  return number;
}

// Rows are: module, function, arity, perhaps guard, releases ("25,27").
Result<void> parse_table(const std::string& name, std::string_view text, size_t columns,
                         std::vector<NativeFact>& facts) {
  size_t line_number = 0;
  for (std::string_view line : split(text, '\n')) {
    ++line_number;
    if (line_number == 1 || line.empty()) continue;
    const auto fields = split(line, '\t');
    const int arity = fields.size() == columns ? number_of(fields[2]) : -1;
    if (arity < 0) return make_error("%s:%zu: not a row of it", name.c_str(), line_number);
    NativeFact fact{std::string(fields[0]),
                    std::string(fields[1]),
                    static_cast<unsigned>(arity),
                    columns == 5 && fields[3] == "guard",
                    columns == 4,
                    {}};
    for (std::string_view release : split(fields.back(), ',')) {
      fact.releases.push_back(number_of(release));
    }
    facts.push_back(std::move(fact));
  }
  return {};
}

Result<std::string> table_text(const std::string& folder, const char* file, const char* compiled) {
  if (folder.empty()) return std::string(compiled);
  const std::vector<uint8_t> bytes = JOIST_TRY(read_file(folder + "/" + file));
  return std::string(bytes.begin(), bytes.end());
}

}  // namespace

bool NativeFact::in(int release) const {
  return std::find(releases.begin(), releases.end(), release) != releases.end();
}

Result<std::vector<NativeFact>> load_native_facts(const std::string& folder) {
  std::vector<NativeFact> facts;
  const std::string bifs = JOIST_TRY(table_text(folder, "bifs.tsv", kBifsTable));
  JOIST_TRY(parse_table("bifs.tsv", bifs, 5, facts));
  const std::string natives = JOIST_TRY(table_text(folder, "natives.tsv", kNativesTable));
  JOIST_TRY(parse_table("natives.tsv", natives, 4, facts));
  return facts;
}

}  // namespace joist::cli
