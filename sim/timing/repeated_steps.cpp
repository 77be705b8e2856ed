#include "sim/timing/repeated_steps.hpp"

#include <algorithm>
#include <cmath>

namespace ringsim {

bool is_steady(const Topology& topology, Rank ranks, const ComputeModel& compute) {
  for (Rank rank = 0; rank < ranks; ++rank) {
    const auto& host = topology.host(rank);
    if (host.jitter.value_or(compute.jitter) != 0 || !host.speed_changes.empty() || host.dies)
      return false;
  }
  return std::ranges::all_of(topology.links(), [](const Link& link) {
    return !link.extras || (link.extras->profile.empty() && link.extras->outages.empty());
  });
}

RepeatedSteps::RepeatedSteps(const Topology& topology, const StepPlans& plans, Rank ranks,
                             const ComputeModel& compute, double tolerance,
                             std::function<const Program*()> run_whole)
    : topology_(topology),
      plans_(plans),
      ranks_(ranks),
      compute_(compute),
      tolerance_(tolerance),
      run_whole_(std::move(run_whole)) {
  begin(plans.which().front(), std::vector<Seconds>(ranks));
}

Program RepeatedSteps::program() {
  Program program = program_;
  program.next_part = [this](const BackendResult& result) {
    // Where all is run as a whole, that was the last part.
    return step_ ? go_on(result) : nullptr;
  };
  return program;
}

void RepeatedSteps::begin(std::uint32_t plan, std::vector<Seconds> begin) {
  record_ = {.plan = plan,
             .begin = std::move(begin),
             .ranks = {},
             .exchange = {},
             .links = {},
             .path_of = {},
             .transfers = {},
             .delays = {}};
  plan_ = StepPlans(std::vector{plans_.distinct()[plan]});
  step_ = std::make_unique<TimedSteps>(topology_, plan_, ranks_, compute_);
  program_ = step_->program();
  program_.begin = record_.begin;
}

const Program* RepeatedSteps::go_on(const BackendResult& result) {
  const auto first = step_->timeline().exchange(0).first_start();
  const bool follows = !first || *first >= *std::ranges::max_element(record_.begin);
  if (follows) keep(result);
  if (!follows || (take() && chain_.records.size() >= most_run_steps(plans_.distinct().size()))) {
    step_.reset();
    chain_ = {};
    return run_whole_();
  }
  return chain_.steps.size() < plans_.size() ? &program_ : nullptr;
}

void RepeatedSteps::keep(const BackendResult& result) {
  record_.ranks = step_->timeline().ranks(0);
  record_.exchange = step_->timeline().exchange(0).duration();
  record_.links = result.links;
  record_.path_of = result.path_of;
  const auto number = static_cast<std::uint32_t>(chain_.records.size());
  if (!chain_.steps.empty()) followed_by_[{chain_.steps.back(), record_.plan}] = number;
  chain_.records.push_back(std::move(record_));
  chain_.steps.push_back(number);
}

bool RepeatedSteps::take() {
  while (chain_.steps.size() < plans_.size()) {
    const std::uint32_t last = chain_.steps.back();
    const auto& run = plans_.which().run_of(chain_.steps.size());
    const auto [place, is_new] = followed_by_.try_emplace({last, run.first});
    if (is_new) {
      auto next = chain_.records[last].next_begin();
      const auto found = find(run.first, next);
      if (!found) {
        followed_by_.erase(place);
        begin(run.first, std::move(next));
        return true;
      }
      place->second = *found;
    }
    const std::uint64_t left = run.from + run.count - chain_.steps.size();
    chain_.steps.push_back(place->second, place->second == last ? left : 1);
  }
  return false;
}

std::optional<std::uint32_t> RepeatedSteps::find(std::uint32_t plan,
                                                 const std::vector<Seconds>& begin) const {
  for (std::uint32_t i = 0; i < chain_.records.size(); ++i) {
    const auto& record = chain_.records[i];
    const double most = tolerance_ * record.last_end().value;
    const auto is_close = [&](Seconds a, Seconds b) { return std::abs(a.value - b.value) <= most; };
    if (record.plan == plan && std::ranges::equal(record.begin, begin, is_close)) return i;
  }
  return std::nullopt;
}

}  // namespace ringsim
