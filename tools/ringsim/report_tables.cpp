#include "tools/ringsim/report_tables.hpp"

#include "base/csv_reader.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "traces/records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <utility>

namespace ringsim {
namespace {

namespace fs = std::filesystem;

void check_heading(const fs::path& path, std::string_view heading, const ResultTable& table) {
  CsvReader reader(heading, path.string());
  const auto found = reader.is_at_end() ? std::vector<std::string>() : reader.row();
  std::vector<std::string_view> missing;
  for (const auto column : table.columns) {
    if (std::ranges::find(found, column) == found.end()) missing.push_back(column);
  }
  if (missing.empty()) return;
  throw UserError({path.string(), "row 1"}, fmt::format("found no column {}", join(missing, ", ")),
                  fmt::format("a {} as `run -o` writes it is accepted", table.file));
}

/// The step of a row: its first cell.
std::optional<std::uint64_t> step_of(std::string_view row) {
  return parse_whole_number(row.substr(0, row.find_first_of(",\n")));
}

}  // namespace

void for_rows(const fs::path& path, const std::function<bool(std::string_view)>& take) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw UserError({path.string(), {}}, "cannot be read", accepted_folders);
  std::string row;
  bool is_quoted = false;
  for (std::string line; std::getline(file, line);) {
    row += line += '\n';
    if (std::count(line.begin(), line.end(), '"') % 2 == 1) is_quoted = !is_quoted;
    if (is_quoted) continue;
    if (!take(row)) return;
    row.clear();
  }
  if (!row.empty()) throw UserError({path.string(), {}}, "ends within a quoted cell");
}

std::string whole_table(const fs::path& folder, const ResultTable& table) {
  const auto path = folder / table.file;
  auto text = read_file(path, accepted_folders);
  check_heading(path, std::string_view(text).substr(0, text.find('\n')), table);
  return text;
}

Thinned thinned_table(const fs::path& folder, const ResultTable& table, std::size_t most_rows) {
  const auto path = folder / table.file;
  std::size_t rows = 0;
  std::uint64_t last = 0;
  for_rows(path, [&](std::string_view row) {
    if (rows++ == 0) {
      check_heading(path, row, table);
      return true;
    }
    const auto step = step_of(row);
    if (!step) {
      throw UserError({path.string(), fmt::format("row {}", rows)}, "begins with no step",
                      accepted_folders);
    }
    last = *step;
    return true;
  });
  if (rows == 0) throw UserError({path.string(), {}}, "is empty", accepted_folders);
  Thinned thinned{{}, std::max<std::uint64_t>(1, (rows + most_rows - 1) / most_rows)};
  for_rows(path, [&](std::string_view row) {
    const auto step = step_of(row);
    if (!step || *step % thinned.every == 0 || *step == last) thinned.csv += row;
    return true;
  });
  return thinned;
}

Json first_messages(const fs::path& folder, std::size_t most) {
  const auto table = table_of<TransferRow>();
  const auto path = folder / table.file;
  if (!fs::exists(path)) return nullptr;
  std::string csv;
  std::size_t rows = 0;
  for_rows(path, [&](std::string_view row) {
    if (rows == 0) check_heading(path, row, table);
    if (rows++ > most) return false;
    csv += row;
    return true;
  });
  return Json::Object{{"csv", std::move(csv)}, {"is_whole", rows <= most + 1}};
}

}  // namespace ringsim
