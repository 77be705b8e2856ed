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

/// What all streams know.
struct State {
  State(const Topology& its_topology, const StaleSchedule& its_schedule,
        const ComputeModel& its_compute, StaleWork its_work)
      : topology(its_topology),
        schedule(its_schedule),
        compute(its_compute),
        work(std::move(its_work)),
        quorum(schedule.quorum),
        applied(schedule.ranks),
        in_hand(schedule.ranks),
        ready(number(schedule.steps, 0)) {
    for (Rank rank = 0; rank < schedule.ranks; ++rank) alive.push_back(rank);
    make_ready_round_of_living();
  }

  void make_ready_round_of_living() {
    if (schedule.quorum < schedule.ranks)
      ready_round = make_ready_round(static_cast<Rank>(alive.size()));
  }

  std::uint64_t number(std::uint64_t step, std::size_t bucket) const {
    return step * schedule.buckets + bucket;
  }

  /// The first step of which no exchange may start yet.
  std::uint64_t first_closed_step() const {
    return (open + schedule.buckets - 1) / schedule.buckets;
  }

  void open_exchanges() {
    while (open < ready.size() && ready[open] >= quorum) unannounced.push_back(open++);
  }

  void recover(const std::vector<Rank>& dead, Seconds now) {
    first = schedule.steps;
    for (const Rank rank : alive) {
      if (std::ranges::find(dead, rank) == dead.end())
        first = std::min(first, applied[rank] / schedule.buckets);
    }
    in_hand.assign(schedule.ranks, 0);
    // A rank may compute on, for nothing, when the last update has been applied.
    if (first == schedule.steps) return;
    remove_dead(topology, dead, alive);
    in_hand = work.begin_again(dead, first, now);
    group = std::make_shared<Group>(alive);
    quorum = std::min(schedule.quorum, static_cast<Rank>(alive.size()));
    make_ready_round_of_living();
    const std::uint64_t begin = number(first, 0);
    std::fill(ready.begin() + static_cast<std::ptrdiff_t>(begin), ready.end(), 0);
    for (const Rank rank : alive) {
      applied[rank] = begin;
      for (std::uint64_t i = begin; i < number(first + in_hand[rank], 0); ++i) ++ready[i];
    }
    plans.resize(begin);
    unannounced.clear();
    open = begin;
    open_exchanges();
  }

  const Topology& topology;
  StaleSchedule schedule;
  ComputeModel compute;
  StaleWork work;
  Rank quorum;
  std::vector<std::uint64_t> applied;                       ///< per rank: updates of buckets
  std::vector<std::uint64_t> in_hand;                       ///< as of StaleWork::begin_again
  std::vector<Rank> ready;                                  ///< per exchange: how many ranks
  std::vector<Rank> alive = {};                             ///< ascending
  std::shared_ptr<const Group> group = nullptr;             ///< absent before the first death
  std::shared_ptr<const Collective> ready_round = nullptr;  ///< null without a quorum
  std::uint64_t first = 0;                                  ///< step since the last death
  std::uint64_t open = 0;                                   ///< exchanges that may start
  std::deque<std::uint64_t> unannounced = {};               ///< of them
  std::vector<const StepPlan*> plans = {};                  ///< of the exchanges that have started
};

class ComputeStream {
 public:
  ComputeStream(State& state, Rank rank)
      : state_(&state),
        rank_(rank),
        step_(std::max(state.first + state.in_hand[rank], state.first_closed_step())) {}

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
    const auto until = ready_time(bucket_);
    const auto duration = until - std::exchange(computed_, until);
    if (bucket_ > 0 && duration <= Seconds{}) return operator()();
    return Delay{duration, DelayKind::compute, step_};
  }

  Seconds ready_time(std::size_t bucket) const {
    const ComputeModel& model = state_->compute;
    if (!model.overlap) return whole_;
    if (model.time == Seconds{}) return {};
    return model.overlap->ready[bucket] * (whole_ / model.time);
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
    if (step_ > state_->first + schedule.staleness)
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

class CommunicatorStream {
 public:
  CommunicatorStream(State& state, Rank rank)
      : state_(&state),
        position_in_group_(state.group ? state.group->position(rank).value() : rank),
        step_(state.first) {}

  std::optional<Phase> operator()() {
    const auto& schedule = state_->schedule;
    if (step_ == schedule.steps) return std::nullopt;
    const std::uint64_t exchange = state_->number(step_, bucket_);
    const std::size_t position = position_++;
    if (position == 0) return WaitEvent{start_of_exchange(exchange)};
    if (position == 1) {
      if (!state_->ready_round) return operator()();
      return CollectiveCall{state_->ready_round, step_, "ready", bucket_, state_->group};
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
      return Delay{time->duration[position_in_group_], DelayKind::prune, step_};
    const auto& exchange = std::get<Exchange>(stage);
    return CollectiveCall{exchange.collective, step_, exchange.phase, bucket_, state_->group};
  }

  State* state_;
  Rank position_in_group_;
  std::uint64_t step_;
  std::uint32_t bucket_ = 0;
  std::size_t position_ = 0;  ///< in the exchange
};

}  // namespace

struct StaleProgram::Shared : State {
  using State::State;
};

std::shared_ptr<const Collective> make_ready_round(Rank ranks) {
  return make_ring_all_gather(std::vector<Bytes>(ranks, Bytes{1}));
}

StaleProgram::StaleProgram(const Topology& topology, const StaleSchedule& schedule,
                           const ComputeModel& compute, StaleWork work)
    : shared_(std::make_unique<Shared>(topology, schedule, compute, std::move(work))) {}

StaleProgram::~StaleProgram() = default;

Program StaleProgram::program() const {
  Program program{.ranks = shared_->schedule.ranks,
                  .streams_per_rank = 2,
                  .open = [this](Rank rank, StreamId stream) -> PhaseSource {
                    if (stream == 0) return ComputeStream(*shared_, rank);
                    return CommunicatorStream(*shared_, rank);
                  },
                  .communicating_streams = 1};
  if (const auto& detection = shared_->schedule.detection) {
    program.detection = *detection;
    program.recover = [this](const std::vector<Rank>& dead, Seconds now) {
      shared_->recover(dead, now);
    };
  }
  return program;
}

void StaleProgram::on_mark(const MarkEvent& event) {
  auto& state = *shared_;
  const std::uint64_t step = event.mark.step;
  const std::size_t bucket = event.mark.bucket;
  switch (event.mark.kind) {
    case MarkKind::step_begins:
      return state.work.begin(event.rank, step, event.time);
    case MarkKind::gradient_ready:
      state.work.ready(event.rank, step, bucket, event.time);
      ++state.ready[state.number(step, bucket)];
      return state.open_exchanges();
    case MarkKind::exchange_begins:
      if (state.number(step, bucket) == state.plans.size())
        state.plans.push_back(state.work.exchange(step, bucket));
      return;
    case MarkKind::exchange_done:
      ++state.applied[event.rank];
      return state.work.apply(event.rank, step, bucket, event.time);
  }
}

}  // namespace ringsim
