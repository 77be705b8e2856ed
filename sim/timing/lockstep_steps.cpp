#include "sim/timing/lockstep_steps.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

namespace ringsim {

/// Walks over the steps of one rank: compute, mark, the stages, mark.
class LockstepProgram::Stream {
 public:
  Stream(const LockstepProgram& program, Rank rank, const ResumePoint& from)
      : plans_(&program.plans_),
        compute_(&program.compute_),
        host_(&program.topology_.host(rank)),
        rank_(rank),
        group_(program.controller_.group()),
        position_in_group_(program.controller_.position(rank)),
        step_(from.step),
        position_(from.has_gradient ? 2 : 0) {}

  std::optional<Phase> operator()() {
    if (step_ == plans_->size()) return std::nullopt;
    const auto& plan = (*plans_)[step_];
    const std::size_t position = position_++;
    if (position == 0)
      return Delay{jittered(*compute_, *host_, rank_, step_), DelayKind::compute, step_};
    if (position == 1) return Mark{MarkKind::gradient_ready, step_, 0};
    if (position - 2 < plan.stages.size()) {
      const auto& stage = plan.stages[position - 2];
      if (const auto* time = std::get_if<LocalTime>(&stage))
        return Delay{time->duration[position_in_group_], DelayKind::compress, step_, time->phase};
      const auto& exchange = std::get<Exchange>(stage);
      return CollectiveCall{exchange.collective, step_, exchange.phase, exchange.bucket, group_};
    }
    position_ = 0;
    return Mark{MarkKind::exchange_done, step_++, 0};
  }

 private:
  const StepPlans* plans_;
  const ComputeModel* compute_;
  const Host* host_;
  Rank rank_;
  std::shared_ptr<const Group> group_;
  Rank position_in_group_;
  std::uint64_t step_;
  std::size_t position_;  ///< in the step
};

LockstepProgram::LockstepProgram(const Topology& topology, const StepPlans& plans, Rank ranks,
                                 const ComputeModel& compute, Recovery recovery)
    : topology_(topology),
      plans_(plans),
      compute_(compute),
      recovery_(std::move(recovery)),
      controller_(topology, plans.size(), ranks),
      resume_points_(ranks) {}

Program LockstepProgram::program() {
  Program program{.ranks = static_cast<Rank>(resume_points_.size()),
                  .streams_per_rank = 1,
                  .open = [this](Rank rank, StreamId) -> PhaseSource {
                    return Stream(*this, rank, resume_points_[rank]);
                  }};
  if (recovery_.replan) {
    controller_.control(
        program, recovery_.detection,
        {.under_way = [this](Rank rank) { return resume_points_[rank].step; },
         .begin_again = [this](const std::vector<RankDeath>& deaths) { begin_again(deaths); }});
  }
  return program;
}

void LockstepProgram::on_mark(const MarkEvent& event) {
  auto& point = resume_points_[event.rank];
  if (event.mark.kind == MarkKind::gradient_ready) {
    point.has_gradient = true;
  } else {
    point = {event.mark.step + 1, false};
  }
}

void LockstepProgram::begin_again(const std::vector<RankDeath>& deaths) {
  // An exchange that one of them has not ended is begun again by all.
  for (const Rank rank : controller_.group()->members()) {
    auto& point = resume_points_[rank];
    const std::uint64_t exchange = first_exchange(controller_.first_step(), point.step);
    if (exchange < point.step) point = {exchange, true};
  }
  recovery_.replan(deaths);
}

/// The first step of [from, to) that exchanges anything; `to` where none does.
std::uint64_t LockstepProgram::first_exchange(std::uint64_t from, std::uint64_t to) const {
  for (; from < to; ++from) {
    for (const auto& stage : plans_[from].stages) {
      if (std::holds_alternative<Exchange>(stage)) return from;
    }
  }
  return to;
}

}  // namespace ringsim
