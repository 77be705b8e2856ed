#pragma once
// Training that feels the network: updates arrive when the simulation says so, and a gradient is
// computed with the weights that its rank holds at the simulated moment at which it begins.
//
// Buckets are exchanged and applied one after the other, those of one step before those of the
// next, so what a rank holds is a version number (VersionedWeights). Gradients are worked out when
// the first exchange that takes them begins, on all cores, and results do not depend on when or
// where.
#include "base/parallel.hpp"
#include "models/schemes/bucketed.hpp"
#include "sim/learning/training_options.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace ringsim {

/// What is done about gradients that come late.
struct LateOptions {
  std::uint64_t staleness = 0;  ///< a rank may begin step t when it has applied t-1-staleness
  /// Ranks whose gradients an exchange takes, and the divisor of its mean; absent: all.
  std::optional<Rank> quorum;
  /// A gradient of delay d > 1 counts a d-th (Zhang et al., Staleness-aware Async-SGD, arXiv
  /// 1511.05950, equation 6).
  bool scales_by_delay = false;
  /// lambda of g + lambda*g*g*(w_now - w_then), which makes up for the delay (Zheng et al.,
  /// DC-ASGD, arXiv 1609.08326, equation 10); absent: none.
  std::optional<double> delay_compensation;
  /// The dense update that the applied one is compared with is that of gradients computed anew with
  /// the weights before the step's update (of any bucket). Takes as long again as the gradients.
  bool compares_with_fresh = false;
};

/// What LateTraining holds beside training_memory().
struct LateMemory {
  std::uint64_t versions;  ///< of the weights
  Bytes weights;           ///< all versions
};
LateMemory late_memory(const TrainingOptions& options, const LateOptions& lateness);

class LateTraining {
 public:
  /// The references have to outlive it. `on_step` is called by the exchange of a step's last
  /// bucket. A gradient's delay counts the updates of a bucket; that of a step is the mean over
  /// ranks and parameters.
  LateTraining(const TrainingOptions& options, const LateOptions& lateness, BucketedScheme& scheme,
               ThreadPool& threads, std::function<void(const TrainedStep&)> on_step);
  ~LateTraining();

  // What happens on a rank, in order of simulated time.

  /// Reads the weights for `step`. A rank begins steps in increasing order; without a quorum all.
  void begin(Rank rank, std::uint64_t step, Seconds now);
  /// Has the bucket's gradient of the step that it began last; buckets become ready in order.
  void ready(Rank rank, std::size_t bucket, Seconds now);
  /// Applies the update of a step's bucket: each rank each one, in order.
  void apply(Rank rank, std::uint64_t step, std::size_t bucket, Seconds now);

  /// The exchange of a step's bucket begins, in order, when enough ranks are ready: computes their
  /// gradients and makes the next version of the weights. Returns what is exchanged.
  std::vector<Stage> exchange(std::uint64_t step, std::size_t bucket);

  /// Before the first exchange of `step`: ranks have died, and what was applied of `step` and the
  /// steps after it is not, as those are to be exchanged without the dead. Gradients that were
  /// computed with such weights, or are not ready, are dropped. What a dead rank had kept back is
  /// lost (TrainingResult::lost_mass) with its gradient of `step`, whether it had begun that or
  /// not; gradients of other steps that it had in hand are lost uncounted. Returns how many
  /// gradients each rank has in hand, from that of `step` on without a gap.
  std::vector<std::uint64_t> go_on_without(const std::vector<Rank>& dead, std::uint64_t step);

  /// After the last exchange.
  TrainingResult result();

 private:
  class Trainer;
  std::unique_ptr<Trainer> trainer_;
};

}  // namespace ringsim
