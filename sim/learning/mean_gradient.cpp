#include "sim/learning/mean_gradient.hpp"

#include <algorithm>

namespace ringsim {
namespace {

/// More samples at a time gain nothing: what a pass does once for all of them is little already.
constexpr std::size_t samples_per_team = 256;
/// Values of the sum that a thread takes at a time.
constexpr std::size_t slice = 65536;

}  // namespace

MeanGradient::MeanGradient(const Network& network, std::size_t batch)
    : network_(network),
      batch_(batch),
      takes_batches_(network.make_pass()->takes_batches(batch)),
      mean_(total_parameters(network.layers())) {}

std::span<const float> MeanGradient::compute(
    const Samples& samples, std::span<const float> weights,
    const std::function<std::span<const std::uint32_t>(std::size_t)>& samples_of,
    std::span<double> losses, ThreadPool& threads) {
  const std::size_t most = takes_batches_ ? std::max<std::size_t>(1, samples_per_team / batch_) : 1;
  const auto per_team = std::clamp<std::size_t>(losses.size() / threads.size(), 1, most);
  while (teams_.size() < threads.size()) teams_.push_back({network_.make_pass(), {}, {}});
  // One team per thread at a time: what a gradient is made of is added while it lies in the cache.
  for (std::size_t begin = 0; begin < losses.size(); begin += teams_.size() * per_team) {
    const std::size_t ranks = std::min(teams_.size() * per_team, losses.size() - begin);
    threads.for_each((ranks + per_team - 1) / per_team, [&](std::size_t index) {
      auto& team = teams_[index];
      const std::size_t first = index * per_team, count = std::min(per_team, ranks - first);
      team.inputs.resize(count * batch_ * samples.input_size);
      team.labels.resize(count * batch_);
      for (std::size_t i = 0; i < count; ++i)
        samples.gather(samples_of(begin + first + i),
                       std::span(team.inputs).subspan(i * batch_ * samples.input_size),
                       std::span(team.labels).subspan(i * batch_));
      team.pass->losses_and_backward(weights, {team.inputs, team.labels},
                                     losses.subspan(begin + first, count));
    });
    add(ranks, per_team, begin > 0, threads);
  }
  divide_by(losses.size(), threads);
  return mean_;
}

void MeanGradient::add(std::size_t ranks, std::size_t ranks_per_team, bool adds,
                       ThreadPool& threads) {
  threads.for_each(teams_.front().pass->gradient_parts(), [&](std::size_t part) {
    for (std::size_t rank = 0; rank < ranks; ++rank) {
      teams_[rank / ranks_per_team].pass->add_gradient(rank % ranks_per_team, part, mean_,
                                                       adds || rank > 0);
    }
  });
}

void MeanGradient::divide_by(std::size_t ranks, ThreadPool& threads) {
  const auto count = static_cast<float>(ranks);
  threads.for_each((mean_.size() + slice - 1) / slice, [&](std::size_t index) {
    const std::size_t begin = index * slice, end = std::min(begin + slice, mean_.size());
    for (std::size_t i = begin; i < end; ++i) mean_[i] /= count;
  });
}

}  // namespace ringsim
