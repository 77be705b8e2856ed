#include "sim/stale_program.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <deque>
#include <utility>

namespace ringsim {
namespace {

EventId applied(std::uint64_t step) { return 2 * step; }
EventId start_of_exchange(std::uint64_t step) { return 2 * step + 1; }

/// What all streams know.
struct State {
  const Topology& topology;
  StaleSchedule schedule;
  ComputeModel compute;
  StaleWork work;
  std::shared_ptr<const Collective> ready_round = nullptr;  ///< null without a quorum
  std::vector<Rank> ready;                                  ///< per step: how many ranks
  std::uint64_t open = 0;                                   ///< exchanges that may start
  std::deque<std::uint64_t> unannounced = {};               ///< of them
  std::vector<const StepPlan*> plans = {};                  ///< of the exchanges that have started
};

class ComputeStream {
 public:
  ComputeStream(State& state, Rank rank) : state_(&state), rank_(rank) {}

  std::optional<Phase> operator()() {
    const auto& schedule = state_->schedule;
    switch (std::exchange(next_, static_cast<Next>(next_ + 1))) {
      case wait:
        if (step_ == schedule.steps) return std::nullopt;
        if (step_ > schedule.staleness) return WaitEvent{applied(step_ - 1 - schedule.staleness)};
        return operator()();
      case begin:
        return Mark{MarkKind::step_begins, step_};
      case compute:
        return Delay{jittered(state_->compute, state_->topology.host(rank_), rank_, step_),
                     DelayKind::compute, step_};
      case ready:
        return Mark{MarkKind::gradient_ready, step_};
      default:
        return announce_or_go_on();
    }
  }

 private:
  enum Next : std::uint8_t { wait, begin, compute, ready, announce };

  std::optional<Phase> announce_or_go_on() {
    auto& unannounced = state_->unannounced;
    if (!unannounced.empty()) {
      const std::uint64_t step = unannounced.front();
      unannounced.pop_front();
      next_ = announce;
      return Record{start_of_exchange(step), true};
    }
    step_ = std::max(step_ + 1, state_->open);
    next_ = wait;
    return operator()();
  }

  State* state_;
  Rank rank_;
  std::uint64_t step_ = 0;
  Next next_ = wait;
};

class CommunicatorStream {
 public:
  CommunicatorStream(State& state, Rank rank) : state_(&state), rank_(rank) {}

  std::optional<Phase> operator()() {
    if (step_ == state_->schedule.steps) return std::nullopt;
    const std::size_t position = position_++;
    if (position == 0) return WaitEvent{start_of_exchange(step_)};
    if (position == 1) {
      if (!state_->ready_round) return operator()();
      return CollectiveCall{state_->ready_round, step_, "ready"};
    }
    if (position == 2) return Mark{MarkKind::exchange_begins, step_};
    const auto& stages = state_->plans[step_]->stages;
    if (position - 3 < stages.size()) return phase_of(stages[position - 3]);
    if (position - 3 == stages.size()) return Mark{MarkKind::exchange_done, step_};
    position_ = 0;
    return Record{applied(step_++)};
  }

 private:
  Phase phase_of(const std::variant<LocalTime, Exchange>& stage) const {
    if (const auto* time = std::get_if<LocalTime>(&stage))
      return Delay{time->duration[rank_], DelayKind::prune, step_};
    const auto& exchange = std::get<Exchange>(stage);
    return CollectiveCall{exchange.collective, step_, exchange.phase};
  }

  State* state_;
  Rank rank_;
  std::uint64_t step_ = 0;
  std::size_t position_ = 0;  ///< in the step
};

}  // namespace

struct StaleProgram::Shared : State {};

std::shared_ptr<const Collective> make_ready_round(Rank ranks) {
  return make_ring_all_gather(std::vector<Bytes>(ranks, Bytes{1}));
}

StaleProgram::StaleProgram(const Topology& topology, const StaleSchedule& schedule,
                           const ComputeModel& compute, StaleWork work)
    : shared_(std::make_unique<Shared>(
          State{topology, schedule, compute, std::move(work),
                schedule.quorum < schedule.ranks ? make_ready_round(schedule.ranks) : nullptr,
                std::vector<Rank>(schedule.steps)})) {}

StaleProgram::~StaleProgram() = default;

Program StaleProgram::program() const {
  return {.ranks = shared_->schedule.ranks,
          .streams_per_rank = 2,
          .open = [this](Rank rank, StreamId stream) -> PhaseSource {
            if (stream == 0) return ComputeStream(*shared_, rank);
            return CommunicatorStream(*shared_, rank);
          },
          .communicating_streams = 1};
}

void StaleProgram::on_mark(const MarkEvent& event) {
  auto& state = *shared_;
  const std::uint64_t step = event.mark.step;
  switch (event.mark.kind) {
    case MarkKind::step_begins:
      return state.work.begin(event.rank, step, event.time);
    case MarkKind::gradient_ready:
      state.work.ready(event.rank, step, event.time);
      if (++state.ready[step] != state.schedule.quorum) return;
      check(step == state.open, "exchanges have to open in order");
      state.unannounced.push_back(state.open++);
      return;
    case MarkKind::exchange_begins:
      if (step == state.plans.size()) state.plans.push_back(state.work.exchange(step));
      return;
    case MarkKind::exchange_done:
      return state.work.apply(event.rank, step, event.time);
  }
}

}  // namespace ringsim
