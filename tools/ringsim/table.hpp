#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

/// Rows of cells, the first row a heading, as text with aligned columns (the first to the left, the
/// others to the right) and a line under the heading. `all_left`: every column to the left, for
/// words. Cells are ASCII.
std::string format_table(const std::vector<std::vector<std::string>>& rows, bool all_left = false);

/// The same rows as a table of GitHub Markdown, in which every cell is text.
std::string markdown_table(const std::vector<std::vector<std::string>>& rows);

/// `text` on one line such that Markdown shows it as it is: no markup, no HTML, no cell's end.
std::string markdown_text(std::string_view text);

}  // namespace ringsim
