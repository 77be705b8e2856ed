#include "topologies/calibration/readers.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ringsim::calibration {
namespace {

constexpr std::string_view blanks = " \t\r";

}  // namespace

std::string_view stripped(std::string_view text) {
  const auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

std::vector<Line> lines_of(std::string_view text, const std::string& file) {
  std::vector<Line> lines;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const auto line = stripped(text.substr(begin, end - begin));
    ++number;
    if (!line.empty()) lines.push_back({line, {file, fmt::format("line {}", number)}});
    begin = end + 1;
  }
  return lines;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t begin = text.find_first_not_of(blanks); begin != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(blanks, begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(blanks, end);
  }
  return words;
}

Bytes read_count(std::string_view text, const Place& place) {
  constexpr std::uint64_t largest = 9'000'000'000'000'000;
  const auto bytes = parse_whole_number(text);
  if (bytes && *bytes <= largest) return {*bytes};
  throw UserError(place, fmt::format("found \"{}\" as a size", text),
                  "a whole number of bytes below 9e15 is accepted");
}

Seconds read_time(std::string_view text, double unit, const Place& place) {
  const auto number = leading_number(text);
  if (number && number->rest.empty() && number->value > 0) return {number->value * unit};
  throw UserError(place, fmt::format("found \"{}\" as a time", text),
                  "a number above zero is accepted");
}

}  // namespace ringsim::calibration
