#include "sim/scan/points_file.hpp"

#include "base/csv_reader.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "sim/run/run_options.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ringsim {
namespace {

std::string_view option_named(std::string_view cell, const Place& place) {
  std::string_view name = cell;
  name.remove_prefix(std::min(name.find_first_not_of('-'), name.size()));
  std::vector<std::string> known;
  for (const auto& option : run_options()) {
    if (option.name == name) return option.name;
    known.emplace_back(option.name);
  }
  throw UserError(place, fmt::format("found the column \"{}\"{}", cell, did_you_mean(name, known)),
                  "names of options are accepted (ringsim run `help`)");
}

}  // namespace

PointsFile read_points_file(const std::filesystem::path& path) {
  const auto text = read_file(path, "a CSV file of points is accepted");
  CsvReader reader(text, path.string());
  PointsFile file;
  if (reader.is_at_end()) {
    throw UserError(reader.place(1), "found no header",
                    "a line with the names of options is accepted, such as scheme,density");
  }
  for (const auto& cell : reader.row()) {
    const auto name = option_named(cell, reader.place(1));
    if (std::ranges::find(file.options, name) != file.options.end())
      throw UserError(reader.place(1), fmt::format("found the column \"{}\" twice", cell));
    file.options.push_back(name);
  }
  while (!reader.is_at_end()) {
    const std::size_t line = reader.line();
    auto cells = reader.row();
    if (cells.size() == 1 && cells.front().empty()) continue;  // an empty line
    if (cells.size() != file.options.size()) {
      throw UserError(reader.place(line), fmt::format("found {} cells", cells.size()),
                      fmt::format("{}, as in the header, are accepted", file.options.size()));
    }
    file.rows.push_back(std::move(cells));
    file.lines.push_back(line);
  }
  if (file.rows.empty()) throw UserError(reader.place(reader.line()), "found no points");
  return file;
}

}  // namespace ringsim
