#include "models/schemes/threshold.hpp"

#include "base/option_names.hpp"
#include "base/text.hpp"
#include "models/schemes/mask_model.hpp"
#include "models/schemes/top_k.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ringsim {

ThresholdOption parse_threshold(std::string_view text) {
  if (text == "density") return {};
  if (text == "quantile") return {ThresholdPolicy::quantile, 0};
  const auto colon = text.find(':');
  const auto name = text.substr(0, colon);
  if (colon != std::string_view::npos && (name == "fixed" || name == "dispersion")) {
    const auto number = leading_number(text.substr(colon + 1));
    const bool is_fixed = name == "fixed";
    if (number && number->rest.empty() && (!is_fixed || number->value >= 0)) {
      return {is_fixed ? ThresholdPolicy::fixed : ThresholdPolicy::dispersion, number->value};
    }
  }
  throw UserError(option_place("threshold"), fmt::format("found \"{}\"", text),
                  fmt::format("{} is accepted", accepted_thresholds));
}

float dispersion_threshold(const prune::Statistics& statistics, std::size_t parameters, double k) {
  const auto n = static_cast<double>(parameters);
  const double mean = statistics.importance_sum / n;
  const double variance = std::max(0.0, statistics.importance_square_sum / n - mean * mean);
  return static_cast<float>(std::max(0.0, mean + k * std::sqrt(variance)));
}

float importance_quantile(std::span<const float> values, std::span<const float> weights,
                          float floor, double share, std::size_t first, std::size_t stride,
                          std::vector<float>& scratch) {
  scratch.clear();
  for (std::size_t i = first; i < values.size(); i += stride) {
    const float importance = std::fabs(values[i]) / std::max(std::fabs(weights[i]), floor);
    scratch.push_back(importance >= 0 ? importance : 0);
  }
  const auto above =
      static_cast<std::size_t>(std::llround(share * static_cast<double>(scratch.size())));
  return above < scratch.size() ? kth_largest(scratch, above + 1) : 0;
}

std::size_t quantile_stride(std::size_t parameters, double each) {
  constexpr double share = 0.01, above = 64;
  return each > 0 ? sample_stride(parameters, share, 2 * each / above) : 1;
}

namespace {
/// How masks are taken to overlap until the unions of the steps before tell: an earlier fit to
/// small networks.
constexpr MaskModel assumed_masks = {
    .region_sigma = 1.87, .element_sigma = 0.99, .layer_sigma = 0, .layer_correlation = 0};
}  // namespace

void DensityStart::prepare(double target, double masks, double tail) {
  missing_ += target;
  wanted_ = std::min(1.0, std::clamp(missing_, target / 4, 4 * target));
  const double each = correction_ * share_of_each(assumed_masks, wanted_, masks);
  each_ = std::clamp(each - tail, 0.0, 1.0);
}

void DensityStart::update(double share) {
  missing_ -= share;
  correction_ *= std::clamp(wanted_ / share, 0.5, 2.0);
}

void DensityController::update(double share, double target) {
  constexpr double largest_gain = 0.5, smallest_gain = 0.125, integral_gain = 0.06,
                   largest_bias = 1.5;
  const double ratio = std::clamp(share / target, 0.25, 4.0);
  bias_ = std::clamp(bias_ + integral_gain * (ratio - 1), -largest_bias, largest_bias);
  const double error = std::log(ratio) + bias_;
  gain_ = (error > 0) == was_above_ ? std::min(1.1 * gain_, largest_gain)
                                    : std::max(gain_ / 2, smallest_gain);
  was_above_ = error > 0;
  threshold_ = static_cast<float>(threshold_ * std::exp(gain_ * error));
}

double warmup_density(double density, std::uint64_t epoch, std::uint64_t warmup_epochs) {
  if (epoch >= warmup_epochs) return density;
  return std::max(density, std::pow(4.0, -static_cast<double>(epoch + 1)));
}

}  // namespace ringsim
