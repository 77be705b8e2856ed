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

namespace {

/// Whether the letters up to `at` are "www", which a point follows.
bool ends_with_www(std::string_view text, std::size_t at) {
  if (at < 2 || at + 1 >= text.size() || text[at + 1] != '.') return false;
  return std::ranges::all_of(text.substr(at - 2, 3),
                             [](char letter) { return letter == 'w' || letter == 'W'; });
}

}  // namespace

std::string markdown_text(std::string_view text) {
  constexpr std::string_view markup = "\\`*_{}[]<>#|~&$";
  // GitHub looks for addresses, mentions and numbers of issues after it has read the Markdown, so
  // that no backslash helps: a comment parts what it looks for.
  constexpr std::string_view apart = "<!-- -->";
  std::string shown;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) < ' ') {
      shown += ' ';
      continue;
    }
    if (markup.find(c) != std::string_view::npos) shown += '\\';
    shown += c;
    if (c == '@' || c == '#' || text.substr(i).starts_with("://") || ends_with_www(text, i))
      shown += apart;
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
