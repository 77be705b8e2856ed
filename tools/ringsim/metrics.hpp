#pragma once
// The figures of a summary as one list, for tables, for CSV lines, and for comparing runs. They are
// the keys of summary.json (traces/records/summary.hpp) but for its provenance.
#include "traces/records.hpp"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

/// How people read a figure.
enum class Shown { seconds, bytes, bandwidth, ratio, percent, number, text };

struct Metric {
  std::string name;                ///< path in summary.json and column in CSV: "target.steps"
  std::string_view unit, meaning;  ///< as in the record of the key
  std::string_view label;          ///< in tables; empty: not in tables
  Shown shown;
  std::function<std::optional<double>(const Summary&)> value;  ///< empty for text
  std::function<std::string(const Summary&)> text;             ///< empty for numbers
};

/// All figures, in the order of summary.json.
std::span<const Metric> metrics();

/// A figure for a table ("13.2ms", "62.6x", "-" where it is absent), or exactly, for CSV ("" where
/// it is absent).
std::string shown(const Metric& metric, const Summary& summary);
std::string shown(Shown how, double value);
std::string exact(const Metric& metric, const Summary& summary);

}  // namespace ringsim
