#include "sim/step_timing.hpp"

#include <algorithm>
#include <limits>

namespace ringsim {
namespace {

/// Walks over the steps of one rank: compute, mark, the stages, mark.
class SynchronousStream {
 public:
  SynchronousStream(const std::vector<StepPlan>& plans, Rank rank) : plans_(&plans), rank_(rank) {}

  std::optional<Phase> operator()() {
    if (step_ == plans_->size()) return std::nullopt;
    const auto& plan = (*plans_)[step_];
    const std::size_t position = position_++;
    if (position == 0) return Delay{plan.compute[rank_]};
    if (position == 1) return Mark{MarkKind::gradient_ready, step_, 0};
    if (position - 2 < plan.stages.size()) {
      const auto& stage = plan.stages[position - 2];
      if (const auto* time = std::get_if<LocalTime>(&stage)) return Delay{time->duration[rank_]};
      const auto& exchange = std::get<Exchange>(stage);
      return CollectiveCall{exchange.collective, step_, exchange.phase, 0};
    }
    position_ = 0;
    return Mark{MarkKind::exchange_done, step_++, 0};
  }

 private:
  const std::vector<StepPlan>* plans_;
  Rank rank_;
  std::uint64_t step_ = 0;
  std::size_t position_ = 0;
};

Seconds prune_time(const StepPlan& plan, Rank rank) {
  Seconds sum;
  for (const auto& stage : plan.stages) {
    if (const auto* time = std::get_if<LocalTime>(&stage)) sum += time->duration[rank];
  }
  return sum;
}

/// When each rank ended each step, and when each step's first and last byte moved.
struct Recorder {
  Recorder(std::size_t steps, Rank ranks)
      : done(steps, std::vector<Seconds>(ranks)),
        first_start(steps, Seconds{std::numeric_limits<double>::infinity()}),
        last_end(steps) {}

  Observer observer() {
    return {.on_mark =
                [this](const MarkEvent& event) {
                  if (event.mark.kind != MarkKind::exchange_done) return;
                  done[event.mark.step][event.rank] = event.time;
                },
            .on_collective =
                [this](const CollectiveEvent& event) {
                  if (!event.start) return;
                  auto& first = first_start[event.step];
                  auto& last = last_end[event.step];
                  first = std::min(first, *event.start);
                  last = std::max(last, *event.end);
                }};
  }

  std::vector<std::vector<Seconds>> done;  ///< [step][rank]
  std::vector<Seconds> first_start, last_end;
};

}  // namespace

Program synchronous_program(const std::vector<StepPlan>& plans, Rank ranks) {
  return {
      .ranks = ranks, .streams_per_rank = 1, .open = [&plans](Rank rank, StreamId) -> PhaseSource {
        return SynchronousStream(plans, rank);
      }};
}

Timing time_steps(const Topology& topology, const std::vector<StepPlan>& plans, Rank ranks,
                  const Backend& backend) {
  Recorder recorder(plans.size(), ranks);
  const auto result = backend(topology, synchronous_program(plans, ranks), recorder.observer());
  Timing timing{result.end, {}, result.links};
  if (plans.empty()) return timing;
  const auto& ends = recorder.done.back();
  const auto last_rank =
      static_cast<Rank>(std::max_element(ends.begin(), ends.end()) - ends.begin());
  Seconds start;
  for (std::size_t step = 0; step < plans.size(); ++step) {
    const Seconds end = recorder.done[step][last_rank];
    StepTime time{.start = start,
                  .compute = plans[step].compute[last_rank],
                  .prune = prune_time(plans[step], last_rank),
                  .exchange = {},
                  .exposed_exchange = {},
                  .total = end - start};
    if (recorder.last_end[step] > recorder.first_start[step]) {
      time.exchange = recorder.last_end[step] - recorder.first_start[step];
    }
    // Nothing is exposed where nothing is exchanged; the difference of sums may then be a rounding
    // error below zero.
    time.exposed_exchange = std::max(Seconds{}, time.total - time.compute - time.prune);
    timing.steps.push_back(time);
    start = end;
  }
  return timing;
}

}  // namespace ringsim
