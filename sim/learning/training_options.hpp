#pragma once
// What all ways to train take and bring.
#include "models/dataset.hpp"
#include "models/label_skew.hpp"
#include "models/networks/network.hpp"
#include "models/schemes/scheme.hpp"
#include "traces/records.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ringsim {

/// A rank that dies: it computes a gradient in `step`, which is not exchanged.
struct TrainedDeath {
  std::uint64_t step;
  Rank rank;
};

struct TrainingOptions {
  const Network* network = nullptr;
  const Dataset* data = nullptr;
  Rank ranks = 2;
  std::size_t batch = 32;  ///< per rank
  std::uint64_t steps = 1;
  std::uint64_t seed = 1;
  double learning_rate = 0.1;
  double momentum = 0;
  std::string schedule = "cosine";
  std::string optimizer = "sgd";
  LabelSkew label_skew = {};
  std::vector<TrainedDeath> deaths = {};             ///< in order of time
  std::optional<std::uint64_t> evaluate_every = {};  ///< steps; absent: an epoch
};

/// An epoch is floor(samples / (ranks * batch)) steps. Throws UserError at "batch" where that is
/// none.
std::uint64_t steps_per_epoch(std::size_t samples, Rank ranks, std::size_t batch);

/// What one step of training brought. Valid during the call alone.
struct TrainedStep {
  std::uint64_t step;
  const StepOutcome* outcome;
  double loss;                     ///< mean over the ranks' batches, before the update
  std::optional<double> accuracy;  ///< on the test set, where it was measured (evaluate_every)
  std::vector<LayerRow> layers;
  double delay_mean = 0;  ///< of the gradients that it took (docs/method.md)
  std::uint64_t delay_max = 0;
  std::optional<std::vector<Rank>> left_out =
      {};  ///< whose gradients it did not take, with a quorum
};

struct TrainingResult {
  std::vector<float> weights;
  std::vector<StalenessRow> staleness;
  std::vector<double> lost_mass;  ///< one per death: sum of |x| of the gradients never sent
  std::optional<double> age_mean, age_p50, age_p95, age_max;  ///< of all parameters, at the end
};

}  // namespace ringsim
