#pragma once
#include <string>
#include <vector>

namespace ringsim {

/// Rows of cells, the first row a heading, as text with aligned columns (the first to the left, the
/// others to the right) and a line under the heading. `all_left`: every column to the left, for
/// words. Cells are ASCII.
std::string format_table(const std::vector<std::vector<std::string>>& rows, bool all_left = false);

}  // namespace ringsim
