#pragma once
// What a run says about ranks that died: lines while it goes on, and the rows of faults.csv.
#include "sim/learning/training_options.hpp"
#include "sim/run/run_observer.hpp"
#include "sim/timing/step_controller.hpp"
#include "traces/records.hpp"

#include <vector>

namespace ringsim {

class Faults {
 public:
  /// `observer` has to outlive it.
  Faults(Rank ranks, const RunObserver& observer) : ranks_left_(ranks), observer_(observer) {}

  /// The step of these deaths begins again without them: tells the observer.
  void add(const std::vector<RankDeath>& deaths);

  Rank ranks_left() const { return ranks_left_; }
  /// For training, which takes the dead along up to their step.
  const std::vector<TrainedDeath>& trained_deaths() const { return trained_deaths_; }
  /// `lost_mass`: of each death (TrainingResult), or empty.
  std::vector<FaultRow> rows(const std::vector<double>& lost_mass) const;

 private:
  Rank ranks_left_;
  const RunObserver& observer_;
  std::vector<TrainedDeath> trained_deaths_;
  std::vector<FaultRow> rows_;
};

}  // namespace ringsim
