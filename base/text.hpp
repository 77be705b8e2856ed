#pragma once
// Small helpers for text that people read or write.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

struct LeadingNumber {
  double value;
  std::string_view rest;  ///< what follows the number, blanks removed
};

/// The decimal number that `text` starts with and what follows it; nothing where it does not start
/// with one.
std::optional<LeadingNumber> leading_number(std::string_view text);

/// A whole number in decimal digits and nothing else, below 2^64, or nothing.
std::optional<std::uint64_t> parse_whole_number(std::string_view text);

/// A plain finite number, a fraction such as "1/84", or nothing.
std::optional<double> parse_number_or_fraction(std::string_view text);

std::string join(std::span<const std::string_view> parts, std::string_view separator);
std::string join(std::span<const std::string> parts, std::string_view separator);

/// The candidate that is nearest to `word` in edit distance, where it is near enough to be a likely
/// typing mistake.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

/// " (did you mean \"X\"?)" for the nearest candidate, or "".
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

}  // namespace ringsim
