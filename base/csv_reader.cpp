#include "base/csv_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ringsim {

Place CsvReader::place(std::size_t line) const { return {file_, fmt::format("line {}", line)}; }

std::vector<std::string> CsvReader::row() {
  std::vector<std::string> cells;
  while (read_cell(cells.emplace_back())) continue;
  ++line_;
  return cells;
}

/// Whether another cell follows in the row.
bool CsvReader::read_cell(std::string& cell) {
  if (rest_.starts_with('"')) {
    read_quoted(cell);
  } else {
    const auto end = std::min(rest_.find_first_of(",\r\n"), rest_.size());
    cell = rest_.substr(0, end);
    rest_.remove_prefix(end);
  }
  if (rest_.starts_with(',')) {
    rest_.remove_prefix(1);
    return true;
  }
  if (rest_.starts_with('\r')) rest_.remove_prefix(1);
  if (!rest_.empty() && !rest_.starts_with('\n')) {
    throw UserError(place(line_), fmt::format("found text behind the cell \"{}\"", cell),
                    "cells with a comma between each two are accepted");
  }
  if (!rest_.empty()) rest_.remove_prefix(1);
  return false;
}

void CsvReader::read_quoted(std::string& cell) {
  const std::size_t first = line_;
  for (rest_.remove_prefix(1);; rest_.remove_prefix(1)) {
    if (rest_.empty()) throw UserError(place(first), "a quoted cell has no end");
    if (rest_.front() == '"') {
      rest_.remove_prefix(1);
      if (!rest_.starts_with('"')) return;
    }
    line_ += rest_.front() == '\n' ? 1 : 0;
    cell += rest_.front();
  }
}

}  // namespace ringsim
