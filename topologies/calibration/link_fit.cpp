#include "topologies/calibration/link_fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace ringsim {
namespace {

constexpr std::size_t fewest_in_piece = 3;
constexpr std::size_t most_pieces = 8;
constexpr std::size_t most_observations = 4096;
/// Relative; no clock and no link repeats better.
constexpr double least_noise = 1e-3;
/// Chance that noise alone makes a piece.
constexpr double significance = 1e-4;
/// A piece before the last one is at most so many times as fast as the best rate in the table:
/// where times hardly grow with the size, noise decides the slope, and would name a bandwidth that
/// no link has.
constexpr double fastest_inner = 4;
/// The last piece's bandwidth has to make at least one part in so many of the time at that best
/// rate.
constexpr double fastest_last = 1000;

constexpr double infinity = std::numeric_limits<double>::infinity();

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*std::max_element(values.begin(), middle) + *middle) / 2;
}

/// Latency and seconds per byte of one piece, and its sum of squares.
struct Line {
  double latency = 0, per_byte = 0, squares = infinity;
};

/// The sums that a line is fitted from: x and y are what latency and seconds per byte are
/// multiplied by, relative to the measured time.
struct Sums {
  double n = 0, x = 0, y = 0, xx = 0, xy = 0, yy = 0;

  void add(const Observation& observation) {
    const double a = observation.cost.latencies / observation.time.value;
    const double b = observation.cost.bytes / observation.time.value;
    n += 1;
    x += a;
    y += b;
    xx += a * a;
    xy += a * b;
    yy += b * b;
  }

  Line line(double latency, double per_byte) const {
    const double squares = latency * latency * xx + 2 * latency * per_byte * xy +
                           per_byte * per_byte * yy - 2 * (latency * x + per_byte * y) + n;
    return {latency, per_byte, std::max(squares, 0.0)};
  }

  /// The best line with a latency of at least 0 and at least `least` seconds per byte: the minimum
  /// of a convex function, inside or on one of the two borders.
  Line fit(double least) const {
    const double determinant = xx * yy - xy * xy;
    if (determinant > 0) {
      const double latency = (x * yy - y * xy) / determinant;
      const double per_byte = (y * xx - x * xy) / determinant;
      if (latency >= 0 && per_byte >= least) return line(latency, per_byte);
    }
    const Line without_latency = line(0, yy > 0 ? std::max(y / yy, least) : least);
    const Line fastest = line(std::max((x - least * xy) / xx, 0.0), least);
    return without_latency.squares <= fastest.squares ? without_latency : fastest;
  }
};

/// The best segmentations of the first observations, for every number of pieces.
class Segmentation {
 public:
  explicit Segmentation(std::span<const Observation> observations) : observations_(observations) {
    for (const auto& each : observations)
      best_rate_ = std::max(best_rate_, each.cost.bytes / each.time.value);
    const std::size_t n = observations.size();
    largest_ = std::clamp<std::size_t>(n / fewest_in_piece, 1, most_pieces);
    best_.assign(largest_ + 1, std::vector<Best>(n + 1));
    best_[0][0].squares = 0;
    for (std::size_t end = 1; end <= n; ++end) find_best(end);
  }

  std::size_t largest() const { return largest_; }

  /// The sum of squares over all observations, with noise of at least `least_noise`; infinite where
  /// there is no segmentation into so many pieces.
  double squares(std::size_t pieces) const {
    const auto n = static_cast<double>(observations_.size());
    return best_[pieces].back().squares + n * least_noise * least_noise;
  }

  /// Where the pieces begin, in increasing order.
  std::vector<std::size_t> starts(std::size_t pieces) const {
    std::vector<std::size_t> starts(pieces);
    std::size_t end = observations_.size();
    for (std::size_t k = pieces; k > 0; --k) end = starts[k - 1] = best_[k][end].start;
    return starts;
  }

  /// The line of observations `begin` to `end`; infinite squares where there can be none.
  Line line(std::size_t begin, std::size_t end) const {
    Sums sums;
    for (std::size_t i = begin; i < end; ++i) sums.add(observations_[i]);
    return line(sums, end);
  }

 private:
  struct Best {
    double squares = infinity;
    std::size_t start = 0;
  };

  Line line(const Sums& sums, std::size_t end) const {
    const bool is_last = end == observations_.size();
    const double least = 1 / (best_rate_ * (is_last ? fastest_last : fastest_inner));
    Line line = sums.fit(least);
    if (is_last && line.per_byte <= least) line.squares = infinity;
    return line;
  }

  /// Whether a piece may begin here: messages of a size belong to one piece.
  bool is_start(std::size_t i) const {
    return i == 0 || std::floor(observations_[i].cost.message) >
                         std::floor(observations_[i - 1].cost.message);
  }

  void find_best(std::size_t end) {
    Sums sums;
    for (std::size_t start = end; start-- > 0;) {
      sums.add(observations_[start]);
      const bool is_whole_table = start == 0 && end == observations_.size();
      if (!is_whole_table && end - start < fewest_in_piece) continue;
      if (!is_start(start)) continue;
      const double squares = line(sums, end).squares;
      for (std::size_t k = 1; k <= largest_; ++k) {
        const double total = best_[k - 1][start].squares + squares;
        if (total < best_[k][end].squares) best_[k][end] = {total, start};
      }
    }
  }

  std::span<const Observation> observations_;
  double best_rate_ = 0;
  std::size_t largest_ = 1;
  std::vector<std::vector<Best>> best_;  ///< [pieces][observations]
};

/// P(X < ratio) for X of a beta distribution with parameters a and a whole b:
/// ratio^a * sum over i < b of (a)_i / i! * (1 - ratio)^i.
double beta_probability(double ratio, double a, std::size_t b) {
  double term = 1, sum = 0;
  for (std::size_t i = 0; i < b; ++i) {
    sum += term;
    term *= (a + static_cast<double>(i)) / static_cast<double>(i + 1) * (1 - ratio);
  }
  return std::pow(ratio, a) * sum;
}

double binomial(std::size_t n, std::size_t k) {
  double value = 1;
  for (std::size_t i = 1; i <= k; ++i)
    value *= static_cast<double>(n - k + i) / static_cast<double>(i);
  return value;
}

bool fits_better(const Segmentation& segmentation, std::size_t n, std::size_t more,
                 std::size_t fewer) {
  if (!std::isfinite(segmentation.squares(more))) return false;
  if (!std::isfinite(segmentation.squares(fewer))) return true;
  const double ratio = segmentation.squares(more) / segmentation.squares(fewer);
  if (n <= 2 * more || ratio >= 1) return false;
  const double degrees = static_cast<double>(n - 2 * more);
  const double chance = beta_probability(ratio, degrees / 2, more - fewer);
  return chance * binomial(n - 1, more - fewer) < significance;
}

std::size_t number_of_pieces(const Segmentation& segmentation, std::size_t n) {
  for (std::size_t pieces = 1; pieces < segmentation.largest(); ++pieces) {
    bool is_enough = true;
    for (std::size_t more = pieces + 1; more <= segmentation.largest(); ++more)
      is_enough = is_enough && !fits_better(segmentation, n, more, pieces);
    if (is_enough) return pieces;
  }
  return segmentation.largest();
}

FitError summary_of(const std::vector<double>& errors) {
  FitError summary;
  summary.sizes = errors.size();
  if (errors.empty()) return summary;
  summary.median = median(errors);
  summary.worst = *std::max_element(errors.begin(), errors.end());
  return summary;
}

}  // namespace

std::vector<Observation> observations_of(std::span<const Measurement> rows,
                                         const Operation& operation, double ranks) {
  std::map<std::uint64_t, std::vector<double>> times;
  for (const auto& row : rows) times[row.size.count].push_back(row.time.value);
  std::vector<Observation> observations;
  observations.reserve(times.size());
  for (auto& [size, measured] : times) {
    observations.push_back(
        {{size}, operation.cost(ranks, static_cast<double>(size)), {median(std::move(measured))}});
  }
  return observations;
}

LinkFit fit_link(std::span<const Observation> observations, const Place& place) {
  const std::size_t n = observations.size();
  if (n < 2 || n > most_observations) {
    throw UserError(place, fmt::format("found {} size{} to fit to", n, n == 1 ? "" : "s"),
                    fmt::format("2 to {} different sizes are accepted", most_observations),
                    "measure sizes from a few kilobytes to a gigabyte, each twice the one before");
  }
  const Segmentation segmentation(observations);
  const std::size_t pieces = number_of_pieces(segmentation, n);
  if (!std::isfinite(segmentation.squares(pieces))) {
    throw UserError(place, "the times do not grow with the size, so they say nothing of bandwidth",
                    "times that grow with the size are accepted", "measure larger sizes, too");
  }
  auto bounds = segmentation.starts(pieces);
  bounds.push_back(n);
  LinkFit fit;
  for (std::size_t k = 0; k < pieces; ++k) {
    const Line line = segmentation.line(bounds[k], bounds[k + 1]);
    const double from = k == 0 ? 0 : std::floor(observations[bounds[k]].cost.message);
    fit.pieces.push_back(
        {{{static_cast<std::uint64_t>(from)}, {line.latency}, {1 / line.per_byte}}, {}});
  }
  for (std::size_t k = 0; k < pieces; ++k) {
    fit.pieces[k].error = error_on(fit, observations.subspan(bounds[k], bounds[k + 1] - bounds[k]));
  }
  fit.error = error_on(fit, observations);
  return fit;
}

std::size_t piece_of(const LinkFit& fit, const OperationCost& cost) {
  std::size_t index = 0;
  while (index + 1 < fit.pieces.size() &&
         std::floor(cost.message) >= static_cast<double>(fit.pieces[index + 1].piece.from.count)) {
    ++index;
  }
  return index;
}

Seconds time_of(const LinkFit& fit, const OperationCost& cost) {
  const auto& piece = fit.pieces[piece_of(fit, cost)].piece;
  return cost.latencies * piece.latency + Seconds{cost.bytes / piece.bandwidth.value};
}

double relative_error(const LinkFit& fit, const Observation& observation) {
  return time_of(fit, observation.cost) / observation.time - 1;
}

FitError error_on(const LinkFit& fit, std::span<const Observation> observations) {
  std::vector<double> errors;
  errors.reserve(observations.size());
  for (const auto& each : observations) errors.push_back(std::abs(relative_error(fit, each)));
  return summary_of(errors);
}

}  // namespace ringsim
