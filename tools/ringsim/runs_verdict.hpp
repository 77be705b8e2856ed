#pragma once
// What result folders say together: the verdict of `compare`, and of a page of runs.
#include "tools/ringsim/verdict.hpp"
#include "traces/records/summary.hpp"

#include <string>
#include <vector>

namespace ringsim {

struct NamedSummary {
  std::string name;
  Summary summary;
};

/// The verdict of one run, or of several, of which the first is what the others are held against.
/// Runs that differ in their seed alone count as one, by their means.
/// What they assumed is read from the commands that they recorded.
Verdict runs_verdict(const std::vector<NamedSummary>& runs);

}  // namespace ringsim
