#include "sim/timing/step_controller.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace ringsim {

StepController::StepController(const Topology& topology, std::uint64_t steps, Rank ranks)
    : topology_(topology), steps_(steps), living_(ranks) {
  std::iota(living_.begin(), living_.end(), Rank{0});
}

void StepController::control(Program& program, Seconds detection, Steps steps) {
  program.detection = detection;
  program.recover = [this, steps = std::move(steps)](const std::vector<Rank>& dead, Seconds now) {
    recover(dead, now, steps);
  };
}

void StepController::recover(std::vector<Rank> dead, Seconds now, const Steps& steps) {
  // Ranks that died at one moment may come in any order.
  std::ranges::sort(dead, {},
                    [&](Rank rank) { return std::pair(topology_.host(rank).dies.value(), rank); });
  first_step_ = steps_;
  bool is_any_left = false;
  for (const Rank rank : living_) {
    if (std::ranges::find(dead, rank) != dead.end()) continue;
    is_any_left = true;
    first_step_ = std::min(first_step_, steps.under_way(rank));
  }
  // A rank may compute on, for nothing, when the last step has ended.
  if (is_any_left && first_step_ == steps_) return;
  remove(dead);
  std::vector<RankDeath> deaths;
  deaths.reserve(dead.size());
  for (const Rank rank : dead)
    deaths.push_back({rank, topology_.host(rank).dies.value(), now, first_step_});
  steps.begin_again(deaths);
}

void StepController::remove(const std::vector<Rank>& dead) {
  for (const Rank rank : dead) std::erase(living_, rank);
  if (living_.size() < 2) {
    throw RunError(fmt::format("rank {} has died at {}, and fewer than two are left", dead.back(),
                               format(topology_.host(dead.back()).dies.value())));
  }
  group_ = std::make_shared<Group>(living_);
}

}  // namespace ringsim
