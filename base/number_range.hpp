#pragma once
// Ranges as people write them: "1..5".
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace ringsim {

/// What stands before and after the first ".." of a text; nothing where there is none.
std::optional<std::pair<std::string_view, std::string_view>> split_range(std::string_view text);

struct WholeRange {
  std::uint64_t first, last;  ///< both are in it
};

/// The items of "0..4,7": whole numbers and ranges of them with a comma between each two. Nothing
/// where an item is neither, or a range's last number is below its first.
std::optional<std::vector<WholeRange>> parse_whole_ranges(std::string_view text);

}  // namespace ringsim
