#pragma once
// What all ways to train are made of: the ranks' batches and gradients, the accuracy, how far an
// update is from the dense one, the rows of layers.csv.
#include "base/parallel.hpp"
#include "models/networks/network.hpp"
#include "models/optimizer.hpp"
#include "models/sampler.hpp"
#include "models/schemes/scheme.hpp"
#include "sim/learning/age.hpp"
#include "sim/learning/mask_overlap.hpp"
#include "sim/learning/training_options.hpp"
#include "traces/records.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace ringsim {

/// One rank's share of the work: its batch, its gradient, its scratch memory.
struct RankWorker {
  Rank rank;
  std::unique_ptr<NetworkPass> pass;
  std::vector<float> inputs, gradient;
  std::vector<std::uint8_t> labels;
  double loss = 0;

  /// Of a rank whose gradient somebody else computes.
  explicit RankWorker(Rank of) : rank(of) {}
  RankWorker(Rank of, const Network& network, std::size_t parameters)
      : rank(of), pass(network.make_pass()), gradient(parameters) {}

  /// Loss and gradient of the batch of these samples with these weights.
  void compute(const Samples& samples, std::span<const std::uint32_t> indices,
               std::span<const float> weights) {
    loss = compute(samples, indices, weights, gradient);
  }
  /// The same, the gradient elsewhere; returns the loss.
  double compute(const Samples& samples, std::span<const std::uint32_t> indices,
                 std::span<const float> weights, std::span<float> into) {
    gather(samples, indices);
    return pass->loss_and_gradient(weights, {inputs, labels}, into);
  }

 private:
  void gather(const Samples& samples, std::span<const std::uint32_t> indices);
};

/// Residuals that carry the momentum leave none to the optimizer.
double momentum_left(const TrainingOptions& options, const Scheme& scheme);

BatchSampler make_sampler(const TrainingOptions& options);

/// Throws RunError where a step's loss is not finite.
void check_converges(std::uint64_t step, double loss);

/// On the test set, or what stands in its place.
double test_accuracy(const Network& network, const Dataset& data, std::span<const float> weights,
                     ThreadPool& threads);

/// Whether the accuracy is measured after this step: after each epoch and the last step, or every
/// `evaluate_every` steps.
bool evaluates_after(std::uint64_t step, const TrainingOptions& options,
                     std::uint64_t steps_per_epoch);

/// What is known of the parameters that were sent in the steps so far.
class SentRecord {
 public:
  explicit SentRecord(const Layers& layers) : layers_(layers), ages_(layers), overlap_(layers) {}

  /// Takes the outcome of the next step; its rows, but for the deviations. With a quorum, `masks`
  /// are what each rank sent, as StepOutcome::mask, where the outcome does not say so.
  std::vector<LayerRow> record(std::uint64_t step, const StepOutcome& outcome);
  std::vector<LayerRow> record(std::uint64_t step, const StepOutcome& outcome,
                               std::span<const std::span<const prune::MaskWord>> masks);

  /// Scheme::drop.
  void drop(Rank rank) { ages_.drop(rank); }

  /// Ages at the end of the run.
  void fill_ages(TrainingResult& result) const;

 private:
  std::vector<LayerRow> rows(std::uint64_t step, const StepOutcome& outcome);

  const Layers& layers_;
  AgeTracker ages_;
  MaskOverlap overlap_;
};

/// Error and cosine of each layer's `update` against the one that the dense mean would have given;
/// `dense` is empty where they are the same.
void fill_deviations(const Layers& layers, std::span<const float> update,
                     std::span<const float> dense, std::vector<LayerRow>& rows);

}  // namespace ringsim
