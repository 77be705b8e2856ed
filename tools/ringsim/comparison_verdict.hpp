#pragma once
// Which of several is fastest among those that learnt as much as the best: one rule for results
// side by side and for the cases of a scan.
#include "tools/ringsim/verdict.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

/// The index of the fastest that ends within a point of the best accuracy; those before it are
/// faster and learnt less. Where accuracies are not known it is the first.
std::size_t first_that_learns(const std::vector<const Contender*>& fastest_first);

/// "Faster, but further below: staleness=1 (13.5ms a step, 82.26 %) and 3 others."
std::string passed_over_text(const std::vector<const Contender*>& passed_over,
                             std::string_view what);
/// The best and what it is held against, where others are faster and learnt less. `rival`: null
/// where there is none left.
void add_what_learns(Verdict& verdict, const Contender& best, const Contender* rival,
                     const std::vector<const Contender*>& passed_over, std::string_view what);

/// What runs are ranked by.
enum class RankedBy { step, time_to_target };
std::string_view what_is_ranked(RankedBy by);

/// The verdict of two runs or more; the others are held against the first. Those that got to the
/// target accuracy have learnt enough. `accuracy_note`: how often accuracies were measured.
Verdict comparison_verdict(const std::vector<Contender>& runs, std::vector<std::string> assumed,
                           RankedBy by = RankedBy::step, std::string_view accuracy_note = one_seed);

}  // namespace ringsim
