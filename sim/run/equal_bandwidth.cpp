#include "sim/run/equal_bandwidth.hpp"

#include "sim/run/dense_rival.hpp"
#include "sim/run/slowest_hop.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace ringsim {
namespace {

Topology with_links_as_fast(Topology topology, double times) {
  for (LinkId id = 0; id < topology.links().size(); ++id) {
    Link link = topology.links()[id];
    link.bandwidth = times * link.bandwidth;
    if (link.extras) {
      LinkExtras extras = *link.extras;
      for (auto& piece : extras.pieces) piece.bandwidth = times * piece.bandwidth;
      for (auto& change : extras.profile) change.value = times * change.value;
      link.extras = std::make_shared<const LinkExtras>(std::move(extras));
    }
    topology.set_link(id, std::move(link));
  }
  return topology;
}

/// All steps, or of many that differ parts that lie evenly apart, each of neighbours, as steps with
/// and without an exchange may take turns.
Repeated<RecordedStep> sample(const Repeated<RecordedStep>& steps) {
  constexpr std::size_t parts = 4, length = 64;
  const auto& runs = steps.runs();
  if (runs.size() <= parts * length) return steps;
  Repeated<RecordedStep> sampled;
  for (std::size_t part = 0; part < parts; ++part) {
    const std::size_t first = part * (runs.size() - length) / (parts - 1);
    for (std::size_t i = first; i < first + length; ++i)
      sampled.push_back(runs[i].first, runs[i].count);
  }
  return sampled;
}

/// Replays on links on which bytes take longer or shorter.
class Replays {
 public:
  Replays(const Experiment& experiment, Repeated<RecordedStep> steps)
      : experiment_(experiment), steps_(std::move(steps)) {}

  /// By how much of its own time a step is shorter than a dense one, where a byte takes so many
  /// times as long as it does; absent where no backend can tell.
  std::optional<double> lead(double times, std::string_view values) {
    Experiment there = experiment_;
    there.topology = with_links_as_fast(std::move(there.topology), 1 / times);
    there.collective.hop = slowest_hop(there.topology, there.ranks);
    const auto own = own_step(there, times);
    if (!own) return std::nullopt;
    const auto dense =
        mean_step(there, dense_plans(there, steps_, values), dense_compute_model(there));
    if (!dense) return std::nullopt;
    return (*dense - *own) / *own;
  }

 private:
  std::optional<Seconds> own_step(const Experiment& there, double times) {
    const auto found = own_.find(times);
    if (found != own_.end()) return found->second;
    return own_[times] = mean_step(there, plan_steps(there, steps_), compute_model(there));
  }

  const Experiment& experiment_;
  Repeated<RecordedStep> steps_;
  std::map<double, std::optional<Seconds>> own_;
};

/// Leads that are not larger come from rounding.
constexpr double no_lead = 1e-9;

struct Tried {
  double times, lead;
};

/// What a byte takes where `ahead` is not ahead any more, at most as long or short as at `behind`.
/// Times are linear in it but where something begins or ends to hide: secants, and else halves.
std::optional<double> find_end_of_lead(Tried ahead, Tried behind, Replays& replays,
                                       std::string_view values) {
  constexpr double close = 1e-4, near = 1e-7;
  constexpr int most_replays = 60;
  const double sign = ahead.lead > 0 ? 1 : -1;
  for (int i = 0; i < most_replays; ++i) {
    const double low = std::min(ahead.times, behind.times),
                 high = std::max(ahead.times, behind.times);
    if (high - low <= close * high) break;
    const double secant =
        ahead.times + (behind.times - ahead.times) * ahead.lead / (ahead.lead - behind.lead);
    const bool crosses = sign * behind.lead < -no_lead;
    const bool takes_secant = crosses && i % 3 != 2 && secant > low && secant < high;
    const double times = takes_secant ? secant : std::sqrt(low * high);
    const auto lead = replays.lead(times, values);
    if (!lead) return std::nullopt;
    if (crosses && std::abs(*lead) <= near) return times;
    (sign * *lead > no_lead ? ahead : behind) = {times, *lead};
  }
  return ahead.times;
}

/// The bandwidth of the links over theirs at which a step takes as long as a dense one.
std::optional<double> equal_at(Replays& replays, std::string_view values) {
  const auto here = replays.lead(1, values);
  if (!here) return std::nullopt;
  if (std::abs(*here) <= no_lead) return 1;
  const double sign = *here > 0 ? 1 : -1;
  const double end = *here > 0 ? 1 / most_times_as_fast : most_times_as_fast;
  const auto there = replays.lead(end, values);
  if (!there || sign * *there > no_lead) return std::nullopt;
  const auto found = find_end_of_lead({1, *here}, {end, *there}, replays, values);
  return found ? std::optional(1 / *found) : std::nullopt;
}

}  // namespace

EqualAtBandwidth find_equal_bandwidth(const Experiment& experiment, const Recording& recording) {
  if (!can_be_held_against_dense(experiment, recording)) return {};
  Replays replays(experiment, sample(recording.steps));
  if (!replays.lead(1, "fp32")) return {};
  const auto slowest =
      std::ranges::min(experiment.topology.links(), {}, &Link::bandwidth).bandwidth.value;
  const auto bandwidth = [&](std::string_view values) -> std::optional<double> {
    const auto times = equal_at(replays, values);
    return times ? std::optional(*times * slowest) : std::nullopt;
  };
  return {slowest, bandwidth("fp32"), bandwidth("bf16")};
}

}  // namespace ringsim
