#pragma once
// Points from a CSV file: the header names options (with or without the leading dashes), each row
// is a point; an empty cell leaves the option out.
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

struct PointsFile {
  std::vector<std::string_view> options;       ///< names of run_options(), in the file's order
  std::vector<std::vector<std::string>> rows;  ///< as wide as `options`
  std::vector<std::size_t> lines;              ///< where each row begins in the file, from 1
};

/// Throws UserError at the file's line.
PointsFile read_points_file(const std::filesystem::path& path);

}  // namespace ringsim
