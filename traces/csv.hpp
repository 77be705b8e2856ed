#pragma once
// Rows as CSV lines: RFC 4180, a header line first, doubles in the shortest form that reads back
// equal, an absent figure empty. Columns and their order are the fields of the row
// (traces/records/field.hpp).
#include "traces/records/field.hpp"

#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

// A cell and a comma: the text (quoted where RFC 4180 asks for it), a number, 0 or 1, a list
// separated by blanks.
void append_cell(std::string& line, std::string_view text);
void append_cell(std::string& line, double value);
void append_cell(std::string& line, std::uint32_t value);
void append_cell(std::string& line, std::uint64_t value);
void append_cell(std::string& line, const std::vector<std::uint64_t>& values);
template <std::same_as<bool> T>  // or else a pointer would be taken for one
void append_cell(std::string& line, T value) {
  line += value ? "1," : "0,";
}
template <class T>
void append_cell(std::string& line, const std::optional<T>& value) {
  if (value) return append_cell(line, *value);
  line += ',';
}

/// Cells as a line, with its newline, quoted where RFC 4180 asks for it.
std::string csv_line(const std::vector<std::string>& cells);

/// A row as a line, with its newline.
template <HasFile Row>
std::string csv_line(const Row& row) {
  std::string line;
  Row::fields(
      [&](const auto&... fields) { (append_cell(line, std::invoke(fields.value, row)), ...); });
  line.back() = '\n';
  return line;
}

/// The header line of a table, with its newline.
template <HasFile Row>
std::string csv_header() {
  std::string line;
  Row::fields([&](const auto&... fields) { (append_cell(line, fields.name), ...); });
  line.back() = '\n';
  return line;
}

}  // namespace ringsim
