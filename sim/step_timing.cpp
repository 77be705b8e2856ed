#include "sim/step_timing.hpp"

#include "base/random.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ringsim {
namespace {

/// Walks over the steps of one rank: compute, mark, the stages, mark.
class SynchronousStream {
 public:
  SynchronousStream(const std::vector<StepPlan>& plans, const ComputeModel& compute,
                    const Host& host, Rank rank)
      : plans_(&plans), compute_(compute), host_(&host), rank_(rank) {}

  std::optional<Phase> operator()() {
    if (step_ == plans_->size()) return std::nullopt;
    const auto& plan = (*plans_)[step_];
    const std::size_t position = position_++;
    if (position == 0)
      return Delay{jittered(compute_, *host_, rank_, step_), DelayKind::compute, step_};
    if (position == 1) return Mark{MarkKind::gradient_ready, step_, 0};
    if (position - 2 < plan.stages.size()) {
      const auto& stage = plan.stages[position - 2];
      if (const auto* time = std::get_if<LocalTime>(&stage))
        return Delay{time->duration[rank_], DelayKind::prune, step_};
      const auto& exchange = std::get<Exchange>(stage);
      return CollectiveCall{exchange.collective, step_, exchange.phase, 0};
    }
    position_ = 0;
    return Mark{MarkKind::exchange_done, step_++, 0};
  }

 private:
  const std::vector<StepPlan>* plans_;
  ComputeModel compute_;
  const Host* host_;
  Rank rank_;
  std::uint64_t step_ = 0;
  std::size_t position_ = 0;
};

/// What each rank did in each step, and when each step's first and last byte moved.
struct Recorder {
  struct RankStep {
    Seconds compute, prune, done;
  };

  Recorder(std::size_t steps, Rank ranks)
      : done(steps, std::vector<RankStep>(ranks)),
        first_start(steps, Seconds{std::numeric_limits<double>::infinity()}),
        last_end(steps) {}

  Observer observer() {
    return {.on_mark =
                [this](const MarkEvent& event) {
                  if (event.mark.kind != MarkKind::exchange_done) return;
                  done[event.mark.step][event.rank].done = event.time;
                },
            .on_collective =
                [this](const CollectiveEvent& event) {
                  if (!event.start) return;
                  auto& first = first_start[event.step];
                  auto& last = last_end[event.step];
                  first = std::min(first, *event.start);
                  last = std::max(last, *event.end);
                },
            .on_delay =
                [this](const DelayEvent& event) {
                  auto& step = done[event.step][event.rank];
                  auto& sum = event.kind == DelayKind::prune ? step.prune : step.compute;
                  sum += event.duration;
                },
            .wants_critical_path = true};
  }

  std::vector<std::vector<RankStep>> done;  ///< [step][rank]
  std::vector<Seconds> first_start, last_end;
};

}  // namespace

Seconds jittered(const ComputeModel& model, const Host& host, Rank rank, std::uint64_t step) {
  const double sigma = host.jitter.value_or(model.jitter);
  if (sigma == 0) return model.time;
  const double z = Random(model.seed, Purpose::compute_jitter, rank, step).normal();
  return model.time * std::exp(sigma * z - sigma * sigma / 2);
}

Program synchronous_program(const Topology& topology, const std::vector<StepPlan>& plans,
                            Rank ranks, const ComputeModel& compute) {
  return {.ranks = ranks,
          .streams_per_rank = 1,
          .open = [&topology, &plans, compute](Rank rank, StreamId) -> PhaseSource {
            return SynchronousStream(plans, compute, topology.host(rank), rank);
          }};
}

Timing time_steps(const Topology& topology, const std::vector<StepPlan>& plans, Rank ranks,
                  const ComputeModel& compute, const Backend& backend,
                  const std::function<void(const TransferEvent&)>& on_transfer) {
  Recorder recorder(plans.size(), ranks);
  auto observer = recorder.observer();
  observer.on_transfer = on_transfer;
  auto result = backend(topology, synchronous_program(topology, plans, ranks, compute), observer);
  Timing timing{result.end, {}, std::move(result.links), std::move(result.critical_path)};
  if (plans.empty()) return timing;
  const auto& ends = recorder.done.back();
  const auto ends_earlier = [](const auto& a, const auto& b) { return a.done < b.done; };
  const auto last_rank =
      static_cast<Rank>(std::max_element(ends.begin(), ends.end(), ends_earlier) - ends.begin());
  Seconds start;
  for (std::size_t step = 0; step < plans.size(); ++step) {
    const auto& [compute_time, prune_time, end] = recorder.done[step][last_rank];
    StepTime time{.start = start,
                  .compute = compute_time,
                  .prune = prune_time,
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
