#pragma once
// Where two configurations take the same time per step, along one option.
#include "sim/scan/points.hpp"
#include "sim/scan/values.hpp"
#include "traces/records/summary.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace ringsim {

/// The values of one option between two ends, on which bisection goes.
class SearchAxis {
 public:
  /// A range with a step gives its values alone. One without gives all numbers between the ends, on
  /// a logarithmic scale where both are above 0, or all whole numbers where `option` takes no
  /// others. (Bytes are whole.) Throws UserError at `place`.
  SearchAxis(std::string_view option, const ValueRange& range, std::string_view item,
             const Place& place);

  /// Positions are 0 at the first end and end() at the last one.
  double end() const { return end_; }
  std::string text(double position) const;
  /// A position between the two, or nothing where there is none, or the two are apart by at most
  /// `accuracy`, relatively.
  std::optional<double> between(double low, double high, double accuracy) const;
  /// How much the value at `high` is above that at `low`, relatively; nothing where a value is none
  /// to be divided by.
  std::optional<double> width(double low, double high) const;
  /// `count` positions (fewer where there are no more), both ends among them, evenly apart.
  std::vector<double> grid(std::size_t count) const;

 private:
  double value(double position) const;

  enum class Scale { listed, whole, linear, logarithmic };
  Scale scale_;
  double first_, last_, end_;
  std::string unit_;
  std::vector<std::string> listed_;
};

/// The two configurations and what is searched, from lists of two values and one range.
struct BreakevenRequest {
  ScanRequest both;  ///< its two points, without the option that is searched
  std::string_view option;
  ValueRange range;
  std::string item;  ///< the range as it was written
};

/// Times of both per step, at one value of the option, how they are known, and where `headroom` is
/// on how much longer compressing may take until dense gradients are as fast.
struct Comparison {
  std::string value;
  double a, b;  ///< s
  TimeBasis basis_a = {}, basis_b = {};
  HeadroomSeconds headroom_a = {}, headroom_b = {};

  friend bool operator==(const Comparison& x, const Comparison& y) {
    return x.value == y.value && x.a == y.a && x.b == y.b;
  }
};

/// They are equal between `low` and `high`, or at both, which are then the same.
struct Crossing {
  Comparison low, high;
  std::optional<double> width;  ///< of high against low, relatively
};

/// What both took at one value of the option.
struct BothSummaries {
  Summary a, b;
};

struct Breakeven {
  std::vector<Comparison> grid;
  std::vector<Crossing> crossings;  ///< one for each change of sign on the grid
  /// How it is known what the two take to compress (TimeBasis::compress).
  std::optional<std::string> compress_basis_a = {}, compress_basis_b = {};
  /// At the first and the last value of the grid.
  std::optional<BothSummaries> at_first = {}, at_last = {};
};

/// Compares at `grid_points` values, and bisects wherever the faster one changes from one to the
/// next. `time` gives both times at a value of the option. Two crossings between neighbours of the
/// grid are not seen.
Breakeven find_breakeven(const SearchAxis& axis, std::size_t grid_points, double accuracy,
                         const std::function<Comparison(const std::string& value)>& time);

/// Finds where the two configurations are equal. An option that one of them does not take and the
/// other one does is left out for the one, also where it is the one that is searched. Recordings
/// that do not depend on it are made once. Throws RunError where a point fails.
Breakeven run_breakeven(const BreakevenRequest& request, std::size_t grid_points, double accuracy);

}  // namespace ringsim
