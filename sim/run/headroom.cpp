#include "sim/run/headroom.hpp"

#include "sim/run/dense_rival.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <variant>

namespace ringsim {
namespace {

/// The plans with `more` time for compressing in each step that has some, which is spent where the
/// first of each bucket is.
StepPlans with_more(const StepPlans& plans, const std::vector<double>& shares, Seconds more) {
  auto distinct = plans.distinct();
  for (auto& plan : distinct) {
    std::vector<LocalTime*> firsts;
    std::set<std::uint32_t> seen;
    double all = 0;
    for (auto& stage : plan.stages) {
      auto* local = std::get_if<LocalTime>(&stage);
      if (local == nullptr || !seen.insert(local->bucket).second) continue;
      firsts.push_back(local);
      all += shares.empty() ? 1 : shares[local->bucket];
    }
    for (auto* local : firsts) {
      const double share = (shares.empty() ? 1 : shares[local->bucket]) / all;
      for (auto& duration : local->duration) duration += share * more;
    }
  }
  return {std::move(distinct), plans.which()};
}

/// Whether a step is so much longer as each rank compresses longer in it.
bool adds_up(const Experiment& experiment) {
  return !overlaps(experiment.options) &&
         std::ranges::all_of(experiment.topology.links(), [](const Link& link) {
           return !link.extras || (link.extras->profile.empty() && link.extras->outages.empty());
         });
}

/// The time that `over` wants to be 0 at, by how much a step is longer then than a dense one. It
/// grows with the time, and by no more than that.
std::optional<double> find_equal(double low, double high,
                                 const std::function<std::optional<double>(double)>& over) {
  const double close = 1e-6 * high;
  const auto take = [&](double at) {
    const auto found = over(at);
    if (found) (*found < 0 ? low : high) = at;
    return found;
  };
  constexpr int most_replays = 60;
  auto left = over(high);
  for (int i = 0; left && *left > 0 && high - low > close && i < most_replays; i += 2) {
    // No time above this one can be right, and it is where nothing hides any more.
    const double at = std::max(low, high - *left);
    left = take(at);
    if (!left || std::abs(*left) <= close) return left ? std::optional(at) : std::nullopt;
    const auto middle = take((low + high) / 2);
    if (!middle) return std::nullopt;
    if (*middle >= 0) left = middle;
    if (*left < 0) left = over(high);
  }
  return left ? std::optional(high) : std::nullopt;
}

std::optional<double> headroom_against(const Experiment& experiment, const Recording& recording,
                                       Seconds step, std::string_view values) {
  const auto compute = compute_model(experiment);
  const auto dense = mean_step(experiment, dense_plans(experiment, recording.steps, values),
                               dense_compute_model(experiment));
  if (!dense) return std::nullopt;
  const double difference = (*dense - step).value;
  if (difference <= 0 || adds_up(experiment)) return difference;
  const auto plans = plan_steps(experiment, recording.steps);
  const auto shares = compression_costs(experiment).bucket_shares;
  return find_equal(difference, dense->value, [&](double more) -> std::optional<double> {
    const auto found = mean_step(experiment, with_more(plans, shares, Seconds{more}), compute);
    return found ? std::optional((*found - *dense).value) : std::nullopt;
  });
}

}  // namespace

HeadroomSeconds find_headroom(const Experiment& experiment, const Recording& recording,
                              Seconds step) {
  if (!can_be_held_against_dense(experiment, recording)) return {};
  return {headroom_against(experiment, recording, step, "fp32"),
          headroom_against(experiment, recording, step, "bf16")};
}

}  // namespace ringsim
