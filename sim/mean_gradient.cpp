#include "sim/mean_gradient.hpp"

#include <algorithm>

namespace ringsim {
namespace {

/// More samples than these gain little: what a pass does once for all of them is little already.
constexpr std::size_t samples_per_team = 128;

std::size_t ranks_per_team(const Network& network, std::size_t batch) {
  if (!network.make_pass()->takes_batches(batch)) return 1;
  return std::max<std::size_t>(1, samples_per_team / batch);
}

}  // namespace

MeanGradient::MeanGradient(const Network& network, std::size_t batch)
    : network_(network),
      batch_(batch),
      ranks_per_team_(ranks_per_team(network, batch)),
      mean_(total_parameters(network.layers())) {}

void MeanGradient::compute(
    const Samples& samples, std::span<const float> weights,
    const std::function<std::span<const std::uint32_t>(std::size_t)>& samples_of,
    std::span<double> losses, ThreadPool& threads) {
  const std::size_t teams = (losses.size() + ranks_per_team_ - 1) / ranks_per_team_;
  while (teams_.size() < teams) teams_.push_back({network_.make_pass(), {}, {}});
  threads.for_each(teams, [&](std::size_t index) {
    auto& team = teams_[index];
    const std::size_t first = index * ranks_per_team_,
                      ranks = std::min(ranks_per_team_, losses.size() - first);
    team.inputs.resize(ranks * batch_ * samples.input_size);
    team.labels.resize(ranks * batch_);
    auto input = team.inputs.begin();
    auto label = team.labels.begin();
    for (std::size_t i = first; i < first + ranks; ++i) {
      for (const std::uint32_t sample : samples_of(i)) {
        const auto row =
            std::span(samples.inputs).subspan(sample * samples.input_size, samples.input_size);
        input = std::ranges::copy(row, input).out;
        *label++ = samples.labels[sample];
      }
    }
    team.pass->losses_and_backward(weights, {team.inputs, team.labels},
                                   losses.subspan(first, ranks));
  });
}

std::span<const float> MeanGradient::mean(std::span<const std::size_t> ranks, ThreadPool& threads) {
  const auto parts = teams_.front().pass->gradient_parts();
  const auto count = static_cast<float>(ranks.size());
  threads.for_each(parts.size(), [&](std::size_t part) {
    const auto mean = std::span(mean_).subspan(parts[part].offset, parts[part].parameters);
    std::ranges::fill(mean, 0.0F);
    for (const std::size_t rank : ranks) {
      teams_[rank / ranks_per_team_].pass->add_gradient(rank % ranks_per_team_, part, mean);
    }
    for (float& value : mean) value /= count;
  });
  return mean_;
}

}  // namespace ringsim
