#pragma once
// The mean over the ranks' gradients, without any rank's own: what an exact exchange gives.
#include "base/parallel.hpp"
#include "models/dataset.hpp"
#include "models/networks/network.hpp"

#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace ringsim {

/// Computes to the bit what loss_and_gradient() of every rank and mean_over_ranks()
/// (models/schemes/mean.hpp) give, whatever the number of threads. Each part of the sum takes all
/// ranks' shares while it lies in the cache, and several ranks' small batches pass through the
/// network as one.
class MeanGradient {
 public:
  /// Batches of `batch` samples.
  MeanGradient(const Network& network, std::size_t batch);

  /// The mean over losses.size() ranks, of which each has computed its gradient with the same
  /// weights, on the samples `samples_of(i)`; overwrites their losses. Valid until the next call.
  std::span<const float> compute(
      const Samples& samples, std::span<const float> weights,
      const std::function<std::span<const std::uint32_t>(std::size_t)>& samples_of,
      std::span<double> losses, ThreadPool& threads);

 private:
  /// Ranks whose batches lie one behind the other.
  struct Team {
    std::unique_ptr<NetworkPass> pass;
    std::vector<float> inputs;
    std::vector<std::uint8_t> labels;
  };

  /// Adds up the gradients of the first `ranks` ranks of the teams.
  void add(std::size_t ranks, std::size_t ranks_per_team, bool adds, ThreadPool& threads);
  void divide_by(std::size_t ranks, ThreadPool& threads);

  const Network& network_;
  std::size_t batch_;
  bool takes_batches_;
  std::vector<Team> teams_;  ///< as many as threads
  std::vector<float> mean_;
};

}  // namespace ringsim
