#include "tools/ringsim/table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ringsim {

std::string format_table(const std::vector<std::vector<std::string>>& rows, bool all_left) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) line += "  ";
      line += i == 0 || all_left ? fmt::format("{:<{}}", row[i], widths[i])
                                 : fmt::format("{:>{}}", row[i], widths[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
    if (&row != &rows.front()) continue;
    std::size_t total = 0;
    for (std::size_t i = 0; i < widths.size(); ++i) total += widths[i] + (i == 0 ? 0 : 2);
    text += std::string(total, '-') + "\n";
  }
  return text;
}

std::string markdown_text(std::string_view text) {
  constexpr std::string_view markup = "\\`*_{}[]<>#|~&$";
  std::string shown;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < ' ') {
      shown += ' ';
      continue;
    }
    if (markup.find(c) != std::string_view::npos) shown += '\\';
    shown += c;
  }
  return shown;
}

std::string markdown_table(const std::vector<std::vector<std::string>>& rows) {
  std::string text;
  for (const auto& row : rows) {
    for (const auto& cell : row) text += "| " + markdown_text(cell) + ' ';
    text += "|\n";
    if (&row != &rows.front()) continue;
    for (std::size_t i = 0; i < row.size(); ++i) text += i == 0 ? "| --- " : "| ---: ";
    text += "|\n";
  }
  return text;
}

}  // namespace ringsim
