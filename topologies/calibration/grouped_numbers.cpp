#include "topologies/calibration/grouped_numbers.hpp"

#include "base/text.hpp"

namespace ringsim::calibration {
namespace {

/// The digits of the part up to `end`, and the rest; the word where they are no groups.
std::string ungrouped(std::string_view word, std::string_view separators, std::size_t end) {
  const auto number = word.substr(0, end);
  const auto first = number.find_first_of(separators);
  if (first == number.npos || first == 0 || first > 3) return std::string(word);
  constexpr std::size_t group = 4;  // with its separator
  std::string digits(number.substr(0, first));
  for (std::size_t at = first; at < number.size(); at += group) {
    const auto three = number.substr(at + 1, group - 1);
    if (number[at] != number[first] || three.size() < group - 1) return std::string(word);
    digits += three;
  }
  if (!parse_whole_number(digits)) return std::string(word);
  return digits + std::string(word.substr(number.size()));
}

}  // namespace

std::string whole_of(std::string_view word) { return ungrouped(word, ",.'_", word.npos); }

std::string decimal_of(std::string_view word) {
  const auto point = word.find('.');
  return point == word.npos ? std::string(word) : ungrouped(word, ",'_", point);
}

}  // namespace ringsim::calibration
