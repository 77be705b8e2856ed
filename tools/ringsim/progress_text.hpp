#pragma once
// What is said of work that goes on, its most important figures first: a narrow terminal cuts the
// last ones off.
#include "base/units.hpp"
#include "sim/run/run_observer.hpp"
#include "sim/scan/points_done.hpp"

#include <string>

namespace ringsim {

/// A time that somebody waits, to the second: "12s", "3m 05s", "2h 07m".
std::string waiting_time(Seconds time);

/// Steps, time left, loss, accuracy, simulated time, rate, after so much time of which nothing went
/// before the first step.
std::string step_text(const StepProgress& progress, Seconds elapsed);

/// Points, failures, time left, rate. `before` points were done when the scan began.
std::string points_text(const PointsDone& progress, std::size_t before, Seconds elapsed);

}  // namespace ringsim
