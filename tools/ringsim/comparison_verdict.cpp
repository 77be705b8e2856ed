#include "tools/ringsim/comparison_verdict.hpp"

#include "base/error.hpp"
#include "base/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace ringsim {
namespace {

/// Accuracies over 10,000 images that differ by less may do so by chance: 1.96 * sqrt(2) standard
/// errors of one of 85 % are one point.
constexpr double resolution = 0.01;

std::string seconds_text(double seconds) { return format(Seconds{seconds}); }

}  // namespace

std::size_t first_that_learns(const std::vector<const Contender*>& fastest_first) {
  std::optional<double> most;
  for (const auto* one : fastest_first) {
    if (one->accuracy) most = most ? std::max(*most, *one->accuracy) : one->accuracy;
  }
  const auto found = std::ranges::find_if(fastest_first, [&](const Contender* one) {
    return !most || !one->accuracy || *one->accuracy >= *most - resolution;
  });
  return static_cast<std::size_t>(found - fastest_first.begin());
}

std::string passed_over_text(const std::vector<const Contender*>& passed_over,
                             std::string_view what) {
  constexpr std::size_t most = 2;
  const std::size_t all = passed_over.size();
  std::string text;
  for (std::size_t i = 0; i < std::min(most, all); ++i) {
    const auto& one = *passed_over[i];
    text += fmt::format("{}{} ({} {}, {:.2f} %)", i == 0 ? "" : (all > most ? ", " : " and "),
                        one.name, seconds_text(one.seconds), what, one.accuracy.value_or(0) * 100);
  }
  if (all > most) text += fmt::format(" and {} other{}", all - most, all - most > 1 ? "s" : "");
  return fmt::format("Faster, but further below: {}.", text);
}

void add_what_learns(Verdict& verdict, const Contender& best, const Contender* rival,
                     const std::vector<const Contender*>& passed_over, std::string_view what) {
  add_sentence(verdict,
               rival == nullptr
                   ? fmt::format("Only {} comes within a point of the best accuracy: {} {}.",
                                 best.name, seconds_text(best.seconds), what)
                   : fmt::format("Within a point of the best accuracy {}",
                                 lead_text(best, *rival, what, 2)));
  add_sentence(verdict, passed_over_text(passed_over, what));
}

std::string_view what_is_ranked(RankedBy by) {
  return by == RankedBy::step ? "a step" : "to the target accuracy";
}

Verdict comparison_verdict(const std::vector<Contender>& runs, std::vector<std::string> assumed,
                           RankedBy by, std::string_view accuracy_note) {
  check(runs.size() > 1, "comparison_verdict: one run alone");
  std::vector<const Contender*> ordered;
  ordered.reserve(runs.size());
  for (const auto& run : runs) ordered.push_back(&run);
  std::ranges::stable_sort(ordered, {}, [](const Contender* run) { return run->seconds; });
  const std::size_t at = by == RankedBy::step ? first_that_learns(ordered) : 0;
  const std::vector<const Contender*> passed_over(
      ordered.begin(), ordered.begin() + static_cast<std::ptrdiff_t>(at));
  const auto& best = *ordered[at];
  const Contender* rival = at + 1 < ordered.size() ? ordered[at + 1] : nullptr;
  if (std::find(ordered.begin() + static_cast<std::ptrdiff_t>(at) + 1, ordered.end(),
                &runs.front()) != ordered.end()) {
    rival = &runs.front();
  }
  const auto what = what_is_ranked(by);
  Verdict verdict{{}, std::move(assumed)};
  if (passed_over.empty() && rival != nullptr) {
    add_sentence(verdict, lead_text(best, *rival, what, runs.size()));
  } else {
    add_what_learns(verdict, best, rival, passed_over, what);
  }
  add_sentence(verdict, binding_text(best));
  add_sentence(verdict, headroom_text(best));
  add_sentence(verdict, bandwidth_text(best));
  if (by == RankedBy::step && rival != nullptr)
    add_sentence(verdict, uncertain_lead_text(best, *rival));
  std::vector<TimeBasis> bases;
  bases.reserve(runs.size());
  for (const auto& run : runs) bases.push_back(run.basis);
  add_sentence(verdict, basis_text(bases));
  add_sentence(verdict, rival != nullptr
                            ? accuracy_text(best, *rival, accuracy_note)
                            : accuracy_text(best, *passed_over.front(), accuracy_note));
  return verdict;
}

}  // namespace ringsim
