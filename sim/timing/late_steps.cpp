#include "sim/timing/late_steps.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <deque>
#include <utility>

namespace ringsim {
namespace {

EventId applied(std::uint64_t step) { return 2 * step; }
/// Exchanges are numbered through all steps and buckets.
EventId start_of_exchange(std::uint64_t exchange) { return 2 * exchange + 1; }

}  // namespace

/// What all streams know.
struct LateProgram::State {
  State(const Topology& its_topology, const LateSchedule& its_schedule,
        const ComputeModel& its_compute, LateCallbacks its_callbacks)
      : topology(its_topology),
        schedule(its_schedule),
        compute(its_compute),
        callbacks(std::move(its_callbacks)),
        controller(topology, schedule.steps, schedule.ranks),
        quorum(schedule.quorum),
        applied(schedule.ranks),
        in_hand(schedule.ranks),
        ready(number(schedule.steps, 0)) {
    make_ready_round_of_living();
  }

  void make_ready_round_of_living() {
    if (schedule.quorum < schedule.ranks) ready_round = make_ready_round(controller.living());
  }

  std::uint64_t number(std::uint64_t step, std::size_t bucket) const {
    return step * schedule.buckets + bucket;
  }

  /// The first step of which no exchange may start yet.
  std::uint64_t first_closed_step() const {
    return (open + schedule.buckets - 1) / schedule.buckets;
  }

  /// The first step that a rank computes when its streams open.
  std::uint64_t first_step(Rank rank) const {
    const std::uint64_t first =
        std::max(controller.first_step() + in_hand[rank], first_closed_step());
    return std::min(first, schedule.steps);
  }

  void open_exchanges() {
    while (open < ready.size() && ready[open] >= quorum) unannounced.push_back(open++);
  }

  void begin_again(const std::vector<RankDeath>& deaths) {
    in_hand = callbacks.begin_again(deaths);
    quorum = std::min(schedule.quorum, controller.living());
    make_ready_round_of_living();
    const std::uint64_t first = controller.first_step(), begin = number(first, 0);
    std::fill(ready.begin() + static_cast<std::ptrdiff_t>(begin), ready.end(), 0);
    for (const Rank rank : controller.group()->members()) {
      applied[rank] = begin;
      for (std::uint64_t i = begin; i < number(first + in_hand[rank], 0); ++i) ++ready[i];
    }
    plans.resize(begin);
    unannounced.clear();
    open = begin;
    open_exchanges();
  }

  const Topology& topology;
  LateSchedule schedule;
  ComputeModel compute;
  LateCallbacks callbacks;
  StepController controller;
  Rank quorum;
  std::vector<std::uint64_t> applied;                       ///< per rank: updates of buckets
  std::vector<std::uint64_t> in_hand;                       ///< as of LateCallbacks::begin_again
  std::vector<Rank> ready;                                  ///< per exchange: how many ranks
  std::shared_ptr<const Collective> ready_round = nullptr;  ///< null without a quorum
  std::uint64_t open = 0;                                   ///< exchanges that may start
  std::deque<std::uint64_t> unannounced = {};               ///< of them
  std::vector<const StepPlan*> plans = {};                  ///< of the exchanges that have started
};

class LateProgram::Compute {
 public:
  Compute(State& state, Rank rank) : state_(&state), rank_(rank), step_(state.first_step(rank)) {}

  std::optional<Phase> operator()() {
    switch (std::exchange(next_, static_cast<Next>(next_ + 1))) {
      case announce:
        return announce_or_go_on();
      case wait:
        return wait_or_go_on();
      case begin:
        bucket_ = 0;
        return Mark{MarkKind::step_begins, step_};
      case compute:
        return compute_bucket();
      case ready:
        return Mark{MarkKind::gradient_ready, step_, static_cast<std::uint32_t>(bucket_)};
      case announce_own:
        return announce_or_go_on();
      default:
        return go_on();
    }
  }

 private:
  enum Next : std::uint8_t { announce, wait, begin, compute, ready, announce_own, after };

  /// Up to the moment at which the next bucket is ready.
  std::optional<Phase> compute_bucket() {
    if (bucket_ == 0) {
      whole_ = jittered(state_->compute, state_->topology.host(rank_), rank_, step_);
      computed_ = {};
    }
    const auto until = stretched_ready_time(state_->compute, bucket_, whole_);
    const auto duration = until - std::exchange(computed_, until);
    if (bucket_ > 0 && duration <= Seconds{}) return operator()();
    return Delay{duration, DelayKind::compute, step_};
  }

  /// With the next bucket, or what is left of the step's computing, or the next step.
  std::optional<Phase> go_on() {
    if (++bucket_ < state_->schedule.buckets) {
      next_ = compute;
      return operator()();
    }
    const auto rest = whole_ - std::exchange(computed_, whole_);
    if (rest > Seconds{}) {
      next_ = after;
      return Delay{rest, DelayKind::compute, step_};
    }
    next_ = wait;
    step_ = std::max(step_ + 1, state_->first_closed_step());
    return operator()();
  }

  /// Exchanges that may start, those that do so after a death first of all.
  std::optional<Phase> announce_or_go_on() {
    auto& unannounced = state_->unannounced;
    if (unannounced.empty()) return operator()();
    const std::uint64_t exchange = unannounced.front();
    unannounced.pop_front();
    next_ = static_cast<Next>(next_ - 1);
    return Record{start_of_exchange(exchange), true};
  }

  std::optional<Phase> wait_or_go_on() {
    const auto& schedule = state_->schedule;
    if (step_ == schedule.steps) return std::nullopt;
    // What was applied before the last death is waited for no more.
    if (step_ > state_->controller.first_step() + schedule.staleness)
      return WaitEvent{applied(step_ - 1 - schedule.staleness)};
    return operator()();
  }

  State* state_;
  Rank rank_;
  std::uint64_t step_;
  std::size_t bucket_ = 0;
  Seconds whole_, computed_;  ///< of the step's computing
  Next next_ = announce;
};

class LateProgram::Exchanges {
 public:
  Exchanges(State& state, Rank rank)
      : state_(&state),
        position_in_group_(state.controller.position(rank)),
        step_(state.controller.first_step()) {}

  std::optional<Phase> operator()() {
    const auto& schedule = state_->schedule;
    if (step_ == schedule.steps) return std::nullopt;
    const std::uint64_t exchange = state_->number(step_, bucket_);
    const std::size_t position = position_++;
    if (position == 0) return WaitEvent{start_of_exchange(exchange)};
    if (position == 1) {
      if (!state_->ready_round) return operator()();
      return CollectiveCall{state_->ready_round, step_, "ready", bucket_,
                            state_->controller.group()};
    }
    if (position == 2) return Mark{MarkKind::exchange_begins, step_, bucket_};
    const auto& stages = state_->plans[exchange]->stages;
    if (position - 3 < stages.size()) return phase_of(stages[position - 3]);
    if (position - 3 == stages.size()) return Mark{MarkKind::exchange_done, step_, bucket_};
    position_ = 0;
    if (++bucket_ < schedule.buckets) return operator()();
    bucket_ = 0;
    return Record{applied(step_++)};
  }

 private:
  Phase phase_of(const std::variant<LocalTime, Exchange>& stage) const {
    if (const auto* time = std::get_if<LocalTime>(&stage))
      return Delay{time->duration[position_in_group_], DelayKind::compress, step_, time->phase};
    const auto& exchange = std::get<Exchange>(stage);
    return CollectiveCall{exchange.collective, step_, exchange.phase, bucket_,
                          state_->controller.group()};
  }

  State* state_;
  Rank position_in_group_;
  std::uint64_t step_;
  std::uint32_t bucket_ = 0;
  std::size_t position_ = 0;  ///< in the exchange
};

std::shared_ptr<const Collective> make_ready_round(Rank ranks) {
  return make_ring_all_gather(std::vector<Bytes>(ranks, Bytes{1}));
}

LateProgram::LateProgram(const Topology& topology, const LateSchedule& schedule,
                         const ComputeModel& compute, LateCallbacks callbacks)
    : state_(std::make_unique<State>(topology, schedule, compute, std::move(callbacks))) {}

LateProgram::~LateProgram() = default;

Program LateProgram::program() const {
  Program program{.ranks = state_->schedule.ranks,
                  .streams_per_rank = 2,
                  .open = [this](Rank rank, StreamId stream) -> PhaseSource {
                    if (stream == 0) return Compute(*state_, rank);
                    return Exchanges(*state_, rank);
                  },
                  .communicating_streams = 1};
  if (const auto& detection = state_->schedule.detection) {
    auto& state = *state_;
    state.controller.control(
        program, *detection,
        {.under_way = [&state](Rank rank) { return state.applied[rank] / state.schedule.buckets; },
         .begin_again =
             [&state](const std::vector<RankDeath>& deaths) { state.begin_again(deaths); }});
  }
  return program;
}

void LateProgram::on_mark(const MarkEvent& event) {
  auto& state = *state_;
  const std::uint64_t step = event.mark.step;
  const std::size_t bucket = event.mark.bucket;
  switch (event.mark.kind) {
    case MarkKind::step_begins:
      return state.callbacks.begin(event.rank, step, event.time);
    case MarkKind::gradient_ready:
      state.callbacks.ready(event.rank, step, bucket, event.time);
      ++state.ready[state.number(step, bucket)];
      return state.open_exchanges();
    case MarkKind::exchange_begins:
      if (state.number(step, bucket) == state.plans.size())
        state.plans.push_back(state.callbacks.exchange(step, bucket));
      return;
    case MarkKind::exchange_done:
      ++state.applied[event.rank];
      return state.callbacks.apply(event.rank, step, bucket, event.time);
  }
}

}  // namespace ringsim
