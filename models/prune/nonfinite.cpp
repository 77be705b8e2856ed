#include "models/prune/nonfinite.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace ringsim::prune {

namespace {

bool is_finite(float value) { return std::isfinite(value); }

/// The index of the first value that is not finite, or the size.
std::size_t find_nonfinite(std::span<const float> values) {
  return static_cast<std::size_t>(std::ranges::find_if_not(values, is_finite) - values.begin());
}

}  // namespace

std::optional<NonFinite> first_nonfinite(const SelectBuffers& buffers,
                                         std::span<const Segment> segments,
                                         std::span<const Statistics> statistics) {
  check(statistics.size() == segments.size(), "every segment has statistics");
  for (std::size_t s = 0; s < segments.size(); ++s) {
    if (std::isfinite(statistics[s].importance_sum)) continue;
    const Segment& segment = segments[s];
    const auto residual = buffers.residual.subspan(segment.offset, segment.parameters);
    if (!buffers.gradient.empty()) {
      const auto gradient = buffers.gradient.subspan(segment.offset, segment.parameters);
      const std::size_t element = find_nonfinite(gradient);
      if (element < gradient.size()) return NonFinite{s, element, true, gradient[element]};
    }
    const std::size_t element = find_nonfinite(residual);
    if (element < residual.size()) return NonFinite{s, element, false, residual[element]};
  }
  return std::nullopt;
}

void require_finite(const SelectBuffers& buffers, std::span<const Segment> segments,
                    std::span<const Statistics> statistics, std::span<const std::string> layers,
                    std::string_view source) {
  const auto bad = first_nonfinite(buffers, segments, statistics);
  if (!bad) return;
  check(layers.size() == segments.size(), "every segment has a name");
  const std::string value = std::isnan(bad->value) ? "NaN"
                            : bad->value > 0       ? "infinity"
                                                   : "-infinity";
  const std::string place = std::string(source) + ": layer " + layers[bad->segment];
  const std::string buffer = bad->in_gradient ? "gradient" : "residual (the gradient is finite)";
  throw RunError(place + ": element " + std::to_string(bad->element) + " of the " + buffer +
                 " is " + value);
}

}  // namespace ringsim::prune
