#pragma once
// What a run trains, before the first step: the data, the options of training, the scheme.
#include "models/dataset.hpp"
#include "models/schemes/bucketed.hpp"
#include "sim/learning/training_options.hpp"
#include "sim/run/experiment.hpp"
#include "traces/records.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ringsim {

class TrainingJob {
 public:
  /// Loads the data set where the experiment has none. `experiment` has to outlive it; `deaths` are
  /// in order of time.
  explicit TrainingJob(const Experiment& experiment, std::vector<TrainedDeath> deaths = {});
  TrainingJob(const TrainingJob&) = delete;
  TrainingJob& operator=(const TrainingJob&) = delete;

  const TrainingOptions& training() const { return training_; }

  /// The scheme in its first state: bucket by bucket where the experiment has buckets.
  std::unique_ptr<Scheme> make_scheme() const;
  /// Bucket by bucket in any case: where the experiment has none, all layers are one.
  std::unique_ptr<BucketedScheme> make_bucketed_scheme() const;

  /// "memory of 8 ranks: ..."
  std::string describe_memory(const Scheme& scheme) const;

  std::size_t parameters() const;
  /// How many steps the warm-up of the scheme takes.
  std::uint64_t warmup_steps() const;
  /// The files of the data set.
  std::vector<Summary::Input> inputs() const;

 private:
  const Experiment& experiment_;
  std::shared_ptr<const Dataset> data_;
  TrainingOptions training_;
  SchemeOptions scheme_;
};

}  // namespace ringsim
