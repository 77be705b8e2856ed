#include "sim/mean_gradient.hpp"

#include <algorithm>
#include <utility>

namespace ringsim {
namespace {

/// More samples at a time gain nothing: what a pass does once for all of them is little already.
constexpr std::size_t samples_per_team = 256;
/// Values of the sum that a thread takes at a time.
constexpr std::size_t slice = 65536;

void gather(const Samples& samples, std::span<const std::uint32_t> indices, float* inputs,
            std::uint8_t* labels) {
  for (std::size_t i = 0; i < indices.size(); ++i) {
    std::copy_n(samples.inputs.data() + indices[i] * samples.input_size, samples.input_size,
                inputs + i * samples.input_size);
    labels[i] = samples.labels[indices[i]];
  }
}

}  // namespace

MeanGradient::MeanGradient(const Network& network, std::size_t batch)
    : network_(network),
      batch_(batch),
      takes_batches_(network.make_pass()->takes_batches(batch)),
      mean_(total_parameters(network.layers())) {}

void MeanGradient::compute(
    const Samples& samples, std::span<const float> weights,
    const std::function<std::span<const std::uint32_t>(std::size_t)>& samples_of,
    std::span<double> losses, ThreadPool& threads) {
  // As many teams as threads, or more.
  const std::size_t most = takes_batches_ ? std::max<std::size_t>(1, samples_per_team / batch_) : 1;
  ranks_per_team_ = std::clamp<std::size_t>(losses.size() / threads.size(), 1, most);
  const std::size_t teams = (losses.size() + ranks_per_team_ - 1) / ranks_per_team_;
  while (teams_.size() < teams) teams_.push_back({network_.make_pass(), {}, {}});
  threads.for_each(teams, [&](std::size_t index) {
    auto& team = teams_[index];
    const std::size_t first = index * ranks_per_team_,
                      ranks = std::min(ranks_per_team_, losses.size() - first);
    team.inputs.resize(ranks * batch_ * samples.input_size);
    team.labels.resize(ranks * batch_);
    for (std::size_t i = 0; i < ranks; ++i) {
      gather(samples, samples_of(first + i), team.inputs.data() + i * batch_ * samples.input_size,
             team.labels.data() + i * batch_);
    }
    team.pass->losses_and_backward(weights, {team.inputs, team.labels},
                                   losses.subspan(first, ranks));
  });
}

std::span<const float> MeanGradient::mean(std::span<const std::size_t> ranks, ThreadPool& threads) {
  const std::size_t parts = teams_.front().pass->gradient_parts();
  threads.for_each(parts, [&](std::size_t part) {
    bool adds = false;
    for (const std::size_t rank : ranks) {
      const auto& pass = teams_[rank / ranks_per_team_].pass;
      pass->add_gradient(rank % ranks_per_team_, part, mean_, std::exchange(adds, true));
    }
  });
  const auto count = static_cast<float>(ranks.size());
  threads.for_each((mean_.size() + slice - 1) / slice, [&](std::size_t index) {
    const std::size_t begin = index * slice, end = std::min(begin + slice, mean_.size());
    for (std::size_t i = begin; i < end; ++i) mean_[i] /= count;
  });
  return mean_;
}

}  // namespace ringsim
