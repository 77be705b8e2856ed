#include "traces/csv.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>

namespace ringsim {

void append_cell(std::string& line, std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    line += text;
  } else {
    line += '"';
    for (const char c : text) {
      if (c == '"') line += '"';
      line += c;
    }
    line += '"';
  }
  line += ',';
}

void append_cell(std::string& line, double value) {
  fmt::format_to(std::back_inserter(line), "{},", value);
}

void append_cell(std::string& line, std::uint32_t value) {
  append_cell(line, std::uint64_t{value});
}

void append_cell(std::string& line, std::uint64_t value) {
  const fmt::format_int digits(value);
  line.append(digits.data(), digits.size());
  line += ',';
}

void append_cell(std::string& line, const std::vector<std::uint64_t>& values) {
  fmt::format_to(std::back_inserter(line), "{},", fmt::join(values, " "));
}

std::string csv_line(const std::vector<std::string>& cells) {
  std::string line;
  for (const auto& text : cells) append_cell(line, text);
  if (line.empty()) return "\n";
  line.back() = '\n';
  return line;
}

}  // namespace ringsim
