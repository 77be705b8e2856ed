// The thresholds of the policies density and quantile.
#include "base/random.hpp"
#include "models/schemes/iwp.hpp"
#include "models/schemes/shared_options.hpp"
#include "models/schemes/top_k.hpp"

#include <cmath>

namespace ringsim {

std::optional<double> steered_density(std::string_view scheme, const SchemeOptions& options) {
  if (scheme != "iwp" && scheme != "magnitude") return std::nullopt;
  const auto policy = parse_threshold(options.get<std::string>(threshold_option)).policy;
  if (!meets_density(policy)) return std::nullopt;
  return density_of(options);
}

void IwpScheme::find_quantiles(Rank rank, std::uint64_t step, std::span<const float> weights) {
  auto& state = ranks_[rank];
  const std::span<const float> residual = residuals_.of(rank).residual;
  Random random(seed_, Purpose::sample_start, rank, step);
  for (std::size_t s = 0; s < segments_.size(); ++s) {
    auto& segment = state.segments[s];
    const double each = starts_[s].each();
    const std::size_t stride = quantile_stride(segment.parameters, each);
    segment.threshold =
        importance_quantile(residual.subspan(segment.offset, segment.parameters),
                            weights.subspan(segment.offset, segment.parameters), segment.floor,
                            each, random.below(stride), stride, state.sample);
    state.sampled[s] = state.sample.size();
  }
}

void IwpScheme::prepare_start(std::uint64_t step) {
  if (!takes_quantiles()) return;
  for (auto& start : starts_) start.prepare(density_in(step), broadcasters_, tail_);
}

void IwpScheme::steer(std::uint64_t step, const std::vector<Rank>& broadcasters) {
  if (!meets_density(threshold_.policy)) return;
  const bool took_quantiles = takes_quantiles();
  ++masks_made_;
  for (std::size_t s = 0; s < segments_.size(); ++s) {
    const double share = static_cast<double>(residuals_.split().kept_in(union_, s)) /
                         static_cast<double>(segments_[s].parameters);
    if (!took_quantiles) {
      controllers_[s].update(share, density_in(step));
    } else if (takes_quantiles()) {
      starts_[s].update(share);
    } else {
      controllers_[s].start_at(mean_threshold(broadcasters, s));
    }
    segments_[s].threshold = controllers_[s].threshold();
  }
  prepare_start(step + mask_interval_);
}

float IwpScheme::mean_threshold(const std::vector<Rank>& broadcasters, std::size_t segment) const {
  double sum = 0;
  for (const Rank rank : broadcasters) {
    const float threshold = ranks_[rank].segments[segment].threshold;
    // A layer of zeros has none; any will do.
    sum += std::log(threshold > 0 && std::isfinite(threshold) ? threshold : 1.0F);
  }
  return static_cast<float>(std::exp(sum / static_cast<double>(broadcasters.size())));
}

}  // namespace ringsim
