#include "sim/timing/lockstep_timeline.hpp"

#include <algorithm>
#include <utility>

namespace ringsim {

LockstepTimeline::LockstepTimeline(std::uint64_t steps, Rank ranks, bool overlaps)
    : steps_(steps), ranks_(ranks), under_way_(overlaps ? ranks : 0) {}

LockstepTimeline::Step& LockstepTimeline::at(std::uint64_t step) {
  while (first_ + window_.size() <= step)
    window_.push_back({.ranks = std::vector<RankStep>(ranks_)});
  return window_[step - first_];
}

void LockstepTimeline::add(const DelayEvent& event) {
  const bool compresses = event.kind == DelayKind::compress;
  auto& step = at(event.step).ranks[event.rank];
  if (!under_way_.empty()) {
    auto& [computing, compressing] = under_way_[event.rank];
    (compresses ? compressing : computing).push_back({event.start, event.start + event.duration});
    if (compresses) return;
  }
  (compresses ? step.compress : step.compute) += event.duration;
}

void LockstepTimeline::add(const CollectiveEvent& event) { at(event.step).exchange.add(event); }

void LockstepTimeline::add(const MarkEvent& event) {
  if (event.mark.kind != MarkKind::exchange_done) return;
  auto& step = at(event.mark.step);
  auto& rank = step.ranks[event.rank];
  // A rank may end a step twice, when hosts have died.
  if (!rank.end) ++step.ended;
  rank.end = event.time;
  if (!under_way_.empty()) {
    // Compressing that goes on beside computing takes no time of its own.
    auto& [computing, compressing] = under_way_[event.rank];
    std::ranges::sort(compressing, {}, &TimeInterval::from);
    rank.compress = length_without(compressing, computing);
    computing.clear();
    compressing.clear();
  }
  put_away();
}

void LockstepTimeline::put_away() {
  constexpr std::size_t kept = 1 << 18, least = 2;  // ranks in steps; steps
  while (window_.size() > least && window_.size() * ranks_ > kept &&
         window_.front().ended == ranks_) {
    for (const auto& rank : window_.front().ranks) ranks_before_.push_back(rank);
    exchanged_before_.push_back(window_.front().exchange.duration());
    window_.pop_front();
    ++first_;
  }
}

void LockstepTimeline::begin_again(std::uint64_t step) {
  // What all ranks have ended does not begin again.
  for (std::uint64_t again = std::max(step, first_); again < first_ + window_.size(); ++again)
    at(again).exchange = {};
}

std::vector<RankStep> LockstepTimeline::ranks_of(std::uint64_t step) const {
  if (step >= first_) return ranks(step);
  std::vector<RankStep> all;
  all.reserve(ranks_);
  for (Rank rank = 0; rank < ranks_; ++rank) all.push_back(of(step, rank));
  return all;
}

RankStep LockstepTimeline::of(std::uint64_t step, Rank rank) const {
  return step >= first_ ? ranks(step)[rank] : ranks_before_[step * ranks_ + rank];
}

Seconds LockstepTimeline::exchanged(std::uint64_t step) const {
  return step >= first_ ? exchange(step).duration() : exchanged_before_[step];
}

Timing LockstepTimeline::timing(BackendResult result, const StepSink& sink) const {
  Timing timing{result.end, {}, std::move(result.links), std::move(result.critical_path)};
  const auto chosen =
      ranks_that_hold_up(steps_, [this](std::uint64_t step) { return ranks_of(step); });
  Seconds start;
  for (std::uint64_t step = 0; step < steps_; ++step) {
    const auto held_up = of(step, chosen[step]);
    const auto time = step_time(start, held_up, held_up.end.value(), exchanged(step));
    sink ? sink(time, 1) : timing.steps.add(time);
    start = *held_up.end;
  }
  return timing;
}

}  // namespace ringsim
