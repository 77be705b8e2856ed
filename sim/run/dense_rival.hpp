#pragma once
// The same run with dense gradients, which is timed beside it.
#include "base/repeated.hpp"
#include "sim/run/experiment.hpp"
#include "sim/run/recording.hpp"

#include <optional>
#include <string_view>

namespace ringsim {

/// Not where nothing is compressed, times feed back into training, or hosts die.
bool can_be_held_against_dense(const Experiment& experiment, const Recording& recording);

/// The run's steps, in which those that exchange something exchange all values of such a type.
StepPlans dense_plans(const Experiment& experiment, const Repeated<RecordedStep>& steps,
                      std::string_view values);
/// How its ranks compute: no hook of the scheme makes the host wait.
ComputeModel dense_compute_model(const Experiment& experiment);

/// The mean of the steps; absent where no backend is exact that runs more than once in a process.
std::optional<Seconds> mean_step(const Experiment& experiment, const StepPlans& plans,
                                 const ComputeModel& compute);

}  // namespace ringsim
