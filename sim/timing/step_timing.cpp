#include "sim/timing/step_timing.hpp"

#include "base/error.hpp"
#include "base/random.hpp"
#include "sim/timing/exchange_times.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ringsim {
namespace {

/// Where a rank goes on after deaths.
struct Place {
  std::uint64_t step = 0;
  bool has_gradient = false;
};

/// Walks over the steps of one rank: compute, mark, the stages, mark.
class SynchronousStream {
 public:
  /// `group`: those that take part; absent: all.
  SynchronousStream(const std::vector<StepPlan>& plans, const ComputeModel& compute,
                    const Host& host, Rank rank, std::shared_ptr<const Group> group = nullptr,
                    const Place& place = {})
      : plans_(&plans),
        compute_(compute),
        host_(&host),
        rank_(rank),
        group_(std::move(group)),
        position_in_group_(group_ ? group_->position(rank).value() : rank),
        step_(place.step),
        position_(place.has_gradient ? 2 : 0) {}

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
        return Delay{time->duration[position_in_group_], DelayKind::prune, step_};
      const auto& exchange = std::get<Exchange>(stage);
      return CollectiveCall{exchange.collective, step_, exchange.phase, exchange.bucket, group_};
    }
    position_ = 0;
    return Mark{MarkKind::exchange_done, step_++, 0};
  }

 private:
  const std::vector<StepPlan>* plans_;
  ComputeModel compute_;
  const Host* host_;
  Rank rank_;
  std::shared_ptr<const Group> group_;
  Rank position_in_group_;
  std::uint64_t step_;
  std::size_t position_;  ///< in the step
};

/// What each rank did in each step, and how long the exchanges took.
struct Recorder {
  struct RankStep {
    Seconds compute, prune, done;
  };

  Recorder(std::size_t steps, Rank ranks, bool overlaps)
      : done(steps, std::vector<RankStep>(ranks)),
        places(ranks),
        under_way(overlaps ? ranks : 0),
        exchanges(steps) {}

  Observer observer() {
    return {.on_mark =
                [this](const MarkEvent& event) {
                  if (event.mark.kind == MarkKind::gradient_ready) {
                    places[event.rank].has_gradient = true;
                  } else {
                    done[event.mark.step][event.rank].done = event.time;
                    if (!under_way.empty()) finish(event.mark.step, event.rank);
                    places[event.rank] = {event.mark.step + 1, false};
                  }
                },
            .on_collective = [this](const CollectiveEvent& event) { exchanges.add(event); },
            .on_delay =
                [this](const DelayEvent& event) {
                  auto& step = done[event.step][event.rank];
                  if (!under_way.empty()) {
                    auto& [computing, pruning] = under_way[event.rank];
                    (event.kind == DelayKind::prune ? pruning : computing)
                        .push_back({event.start, event.start + event.duration});
                    if (event.kind == DelayKind::prune) return;
                  }
                  auto& sum = event.kind == DelayKind::prune ? step.prune : step.compute;
                  sum += event.duration;
                },
            .wants_critical_path = true};
  }

  /// Pruning that goes on beside computing takes no time of its own.
  void finish(std::uint64_t step, Rank rank) {
    auto& [computing, pruning] = under_way[rank];
    std::ranges::sort(pruning, {}, [](const Interval& one) { return one.from; });
    done[step][rank].prune = length_without(pruning, computing);
    computing.clear();
    pruning.clear();
  }

  struct Delays {
    std::vector<Interval> computing, pruning;
  };
  std::vector<std::vector<RankStep>> done;  ///< [step][rank]
  std::vector<Place> places;                ///< per rank
  std::vector<Delays> under_way;            ///< per rank, of its step; empty without overlap
  ExchangeTimes exchanges;
};

/// What the ranks do that are left when others have died.
class Survivors {
 public:
  Survivors(const Topology& topology, const std::vector<StepPlan>& plans,
            const ComputeModel& compute, Recorder& recorder)
      : topology_(topology), plans_(plans), compute_(compute), recorder_(recorder) {
    for (Rank rank = 0; rank < recorder.places.size(); ++rank) alive_.push_back(rank);
  }

  /// Has the program go on after deaths.
  void take_over(Program& program, const Recovery& recovery) {
    program.detection = recovery.detection;
    program.recover = [this, &recovery](const std::vector<Rank>& dead, Seconds now) {
      recover(dead, now, recovery);
    };
    program.open = [this, open = program.open](Rank rank, StreamId stream) -> PhaseSource {
      if (!group_) return open(rank, stream);
      return SynchronousStream(plans_, compute_, topology_.host(rank), rank, group_,
                               recorder_.places[rank]);
    };
  }

 private:
  void recover(const std::vector<Rank>& dead, Seconds now, const Recovery& recovery) {
    remove_dead(topology_, dead, alive_);
    // An exchange that one of them has not ended is begun again by all.
    std::uint64_t step = plans_.size();
    for (const Rank rank : alive_) step = std::min(step, recorder_.places[rank].step);
    recorder_.exchanges.begin_again(step);
    for (const Rank rank : alive_) {
      auto& place = recorder_.places[rank];
      const std::uint64_t exchange = first_exchange(step, place.step);
      if (exchange < place.step) place = {exchange, true};
    }
    std::vector<Recovery::Death> deaths;
    deaths.reserve(dead.size());
    for (const Rank rank : dead)
      deaths.push_back({rank, topology_.host(rank).dies.value(), now, step});
    recovery.replan(deaths);
    group_ = std::make_shared<Group>(alive_);
  }

  /// The first step of [from, to) that exchanges anything; `to` where none does.
  std::uint64_t first_exchange(std::uint64_t from, std::uint64_t to) const {
    for (; from < to; ++from) {
      for (const auto& stage : plans_[from].stages) {
        if (std::holds_alternative<Exchange>(stage)) return from;
      }
    }
    return to;
  }

  const Topology& topology_;
  const std::vector<StepPlan>& plans_;
  ComputeModel compute_;
  Recorder& recorder_;
  std::vector<Rank> alive_;
  std::shared_ptr<const Group> group_;  ///< absent before the first death
};

}  // namespace

Seconds jittered(const ComputeModel& model, const Host& host, Rank rank, std::uint64_t step) {
  const double sigma = host.jitter.value_or(model.jitter);
  if (sigma == 0) return model.time;
  const double z = Random(model.seed, Purpose::compute_jitter, rank, step).normal();
  return model.time * std::exp(sigma * z - sigma * sigma / 2);
}

void remove_dead(const Topology& topology, const std::vector<Rank>& dead,
                 std::vector<Rank>& alive) {
  for (const Rank rank : dead) std::erase(alive, rank);
  if (alive.size() >= 2) return;
  throw RunError(fmt::format("rank {} has died at {}, and fewer than two are left", dead.back(),
                             format(topology.host(dead.back()).dies.value())));
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
                  const std::function<void(const TransferEvent&)>& on_transfer,
                  const Recovery& recovery) {
  Recorder recorder(plans.size(), ranks, compute.overlap.has_value());
  auto observer = recorder.observer();
  observer.on_transfer = on_transfer;
  auto program = compute.overlap ? overlapped_program(topology, plans, ranks, compute)
                                 : synchronous_program(topology, plans, ranks, compute);
  Survivors survivors(topology, plans, compute, recorder);
  if (recovery.replan) survivors.take_over(program, recovery);
  auto result = backend(topology, program, observer);
  Timing timing{result.end, {}, std::move(result.links), std::move(result.critical_path)};
  if (plans.empty()) return timing;
  // Of ranks that died, the last step has no end.
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
                  .exchange = recorder.exchanges.duration(step),
                  .exposed_exchange = {},
                  .total = end - start};
    // Nothing is exposed where nothing is exchanged; the difference of sums may then be a rounding
    // error below zero.
    time.exposed_exchange = std::max(Seconds{}, time.total - time.compute - time.prune);
    timing.steps.push_back(time);
    start = end;
  }
  return timing;
}

}  // namespace ringsim
