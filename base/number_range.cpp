#include "base/number_range.hpp"

#include "base/text.hpp"

namespace ringsim {

std::optional<std::pair<std::string_view, std::string_view>> split_range(std::string_view text) {
  constexpr std::string_view dots = "..";
  const auto at = text.find(dots);
  if (at == std::string_view::npos) return std::nullopt;
  return std::pair(text.substr(0, at), text.substr(at + dots.size()));
}

std::optional<std::vector<WholeRange>> parse_whole_ranges(std::string_view text) {
  std::vector<WholeRange> ranges;
  for (std::string_view rest = text;;) {
    const auto item = rest.substr(0, rest.find(','));
    const auto [from, to] = split_range(item).value_or(std::pair(item, item));
    const auto first = parse_whole_number(from), last = parse_whole_number(to);
    if (!first || !last || *first > *last) return std::nullopt;
    ranges.push_back({*first, *last});
    if (item.size() == rest.size()) return ranges;
    rest.remove_prefix(item.size() + 1);
  }
}

}  // namespace ringsim
