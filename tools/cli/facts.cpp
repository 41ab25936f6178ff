#include "tools/cli/facts.h"

#include <algorithm>
#include <string_view>

#include "facts_data.h"
#include "vm/os/file.h"

namespace joist::cli {

namespace {

// Takes the text up to the separator, or all of it, off `rest`; the separator is dropped.
std::string_view take(std::string_view& rest, char separator) {
  const size_t end = rest.find(separator);
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return part;
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

constexpr size_t kBifColumns = 5;
constexpr size_t kNativeColumns = 4;

// Rows are: module, function, arity, perhaps guard, releases ("25,27").
bool parse_row(std::string_view line, size_t columns, NativeFact& fact) {
  const auto tabs = static_cast<size_t>(std::count(line.begin(), line.end(), '\t'));
  if (tabs + 1 != columns) return false;
  fact.module = take(line, '\t');
  fact.function = take(line, '\t');
  const int arity = number_of(take(line, '\t'));
  fact.arity = static_cast<unsigned>(arity);
  fact.guard = columns == kBifColumns && take(line, '\t') == "guard";
  fact.nif = columns == kNativeColumns;
  while (!line.empty()) {
    const int release = number_of(take(line, ','));
    if (release < 0 || release >= NativeFact::kReleases) return false;
    fact.releases |= uint64_t{1} << release;
  }
  return arity >= 0;
}

Result<void> parse_table(const std::string& name, std::string_view text, size_t columns,
                         std::vector<NativeFact>& facts) {
  facts.reserve(facts.size() + static_cast<size_t>(std::count(text.begin(), text.end(), '\n')));
  for (size_t line_number = 1; !text.empty(); ++line_number) {
    const std::string_view line = take(text, '\n');
    if (line_number == 1 || line.empty()) continue;
    if (!parse_row(line, columns, facts.emplace_back())) {
      return make_error("%s:%zu: not a row of it", name.c_str(), line_number);
    }
  }
  return {};
}

Result<std::string> table_text(const std::string& folder, const char* file, const char* compiled) {
  if (folder.empty()) return std::string(compiled);
  const std::vector<uint8_t> bytes = JOIST_TRY(read_file(folder + "/" + file));
  return std::string(bytes.begin(), bytes.end());
}

}  // namespace

Result<std::vector<NativeFact>> load_native_facts(const std::string& folder) {
  std::vector<NativeFact> facts;
  const std::string bifs = JOIST_TRY(table_text(folder, "bifs.tsv", kBifsTable));
  JOIST_TRY(parse_table("bifs.tsv", bifs, kBifColumns, facts));
  const std::string natives = JOIST_TRY(table_text(folder, "natives.tsv", kNativesTable));
  JOIST_TRY(parse_table("natives.tsv", natives, kNativeColumns, facts));
  return facts;
}

}  // namespace joist::cli
