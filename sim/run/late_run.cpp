#include "sim/run/late_run.hpp"

#include "base/parallel.hpp"
#include "sim/learning/late_history.hpp"
#include "sim/learning/late_training.hpp"
#include "sim/run/backend_choice.hpp"
#include "sim/run/faults.hpp"
#include "sim/run/tables.hpp"
#include "sim/run/training_job.hpp"
#include "sim/timing/late_steps.hpp"
#include "sim/timing/late_timeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <utility>
#include <variant>

namespace ringsim {
namespace {

LateOptions late_options(const RunOptions& options) {
  return {.staleness = options.staleness,
          .quorum = options.quorum,
          .scales_by_delay = options.scales_by_delay,
          .delay_compensation = options.delay_compensation,
          .compares_with_fresh = options.compares_with_fresh};
}

/// One attempt on one backend, from the first step on.
class Attempt {
 public:
  Attempt(const Experiment& experiment, const TrainingJob& job, const RunObserver& observer)
      : experiment_(experiment),
        job_(job),
        observer_(observer),
        lateness_(late_options(experiment.options)),
        buckets_(std::max<std::size_t>(1, experiment.buckets.size())),
        threads_(experiment.threads),
        costs_(compression_costs(experiment)),
        faults_(experiment.ranks, observer),
        keeps_history_(has_deaths(experiment.topology, experiment.ranks)),
        timeline_(job.training().steps, experiment.ranks),
        program_(experiment.topology, schedule(), compute_model(experiment), callbacks()) {
    start_training();
  }

  Program program() const { return program_.program(); }

  Observer observer() {
    Observer events{.on_mark = [this](const MarkEvent& event) { program_.on_mark(event); },
                    .on_collective = [this](const CollectiveEvent& event) { timeline_.add(event); },
                    .on_delay =
                        [this](const DelayEvent& event) {
                          timeline_.add(event);
                          if (observer_.on_work) work_.push_back(rank_work(event));
                        },
                    .wants_critical_path = true};
    if (observer_.on_transfer) {
      // Told at the end: another attempt may follow.
      events.on_transfer = [this](const TransferEvent& event) {
        transfers_.push_back(transfer_row(event));
      };
    }
    return events;
  }

  LateRun finish(BackendResult result, std::string backend) {
    for (const auto& transfer : transfers_) observer_.on_transfer(transfer);
    for (const auto& work : work_) observer_.on_work(work);
    complete(run_.recording, job_, training_->result());
    for (const auto kept : kept_) run_.recording.kept += kept;
    run_.faults = faults_.rows(run_.recording.trained.lost_mass);
    run_.timing = timeline_.timing(std::move(result));
    run_.backend = std::move(backend);
    return std::move(run_);
  }

 private:
  LateSchedule schedule() const {
    LateSchedule schedule{.steps = job_.training().steps,
                          .staleness = lateness_.staleness,
                          .buckets = buckets_,
                          .ranks = experiment_.ranks,
                          .quorum = lateness_.quorum.value_or(experiment_.ranks)};
    if (keeps_history_) schedule.detection = experiment_.options.detection;
    return schedule;
  }

  void start_training() {
    training_.reset();  // which uses the scheme
    scheme_ = job_.make_bucketed_scheme();
    training_ = std::make_unique<LateTraining>(job_.training(), lateness_, *scheme_, threads_,
                                               [this](const TrainedStep& step) {
                                                 if (!is_retold_) record(step);
                                               });
  }

  LateCallbacks callbacks() {
    return {.begin = [this](Rank rank, std::uint64_t step, Seconds now) { begin(rank, step, now); },
            .ready = [this](Rank rank, std::uint64_t, std::size_t bucket,
                            Seconds now) { ready(rank, bucket, now); },
            .apply = [this](Rank rank, std::uint64_t step, std::size_t bucket,
                            Seconds now) { apply(rank, step, bucket, now); },
            .exchange = [this](std::uint64_t step,
                               std::size_t bucket) { return exchange(step, bucket); },
            .begin_again =
                [this](const std::vector<RankDeath>& deaths) { return begin_again(deaths); }};
  }

  void begin(Rank rank, std::uint64_t step, Seconds now) {
    training_->begin(rank, step, now);
    if (keeps_history_) history_.begin(rank, step, now);
  }

  void ready(Rank rank, std::size_t bucket, Seconds now) {
    now_ = now;
    training_->ready(rank, bucket, now);
    if (keeps_history_) history_.ready(rank, bucket, now);
  }

  void apply(Rank rank, std::uint64_t step, std::size_t bucket, Seconds now) {
    training_->apply(rank, step, bucket, now);
    if (keeps_history_) history_.apply(rank, step, bucket, now);
    if (bucket + 1 == buckets_) timeline_.apply(rank, step, now);
  }

  const StepPlan* exchange(std::uint64_t step, std::size_t bucket) {
    const auto stages = training_->exchange(step, bucket);
    if (keeps_history_) history_.exchange(step, bucket);
    auto plan = plan_step(stages, faults_.ranks_left(), experiment_.collective, costs_);
    // With a quorum everybody sends a byte to tell whether it is ready.
    if (lateness_.quorum)
      plan.sent.headers += make_ready_round(faults_.ranks_left())->total_bytes();
    if (bucket == 0) sent_ = {};
    sent_ += plan.sent;
    if (bucket + 1 == buckets_) fill_bytes(sent_, run_.rows.back());
    return &plans_.emplace_back(std::move(plan));
  }

  /// Trains anew up to the step that is exchanged again without the dead.
  std::vector<std::uint64_t> begin_again(const std::vector<RankDeath>& deaths) {
    faults_.add(deaths);
    const std::uint64_t step = deaths.front().step;
    std::vector<Rank> dead;
    dead.reserve(deaths.size());
    for (const auto& death : deaths) dead.push_back(death.rank);
    run_.rows.resize(step);
    kept_.resize(step);
    run_.recording.layers.shorten(step);
    timeline_.begin_again(step);
    history_.forget_exchanges(step);
    start_training();
    is_retold_ = true;
    history_.tell(*training_);
    is_retold_ = false;
    history_.go_on_without(dead, step);
    return training_->go_on_without(dead, step);
  }

  void record(const TrainedStep& step) {
    StepRow row{};
    row.step = step.step;
    row.delay_steps = step.delay_mean;
    row.delay_max_steps = step.delay_max;
    if (step.left_out) row.left_out_ranks.emplace(step.left_out->begin(), step.left_out->end());
    row.loss = step.loss;
    row.accuracy = step.accuracy;
    run_.rows.push_back(row);
    kept_.push_back(0);
    for (const auto& layer : step.outcome->layers) kept_.back() += layer.kept;
    run_.recording.layers.add({step.layers.begin(), step.layers.end()});
    if (observer_.on_step)
      observer_.on_step({step.step + 1, job_.training().steps, step.loss, step.accuracy, now_});
  }

  const Experiment& experiment_;
  const TrainingJob& job_;
  const RunObserver& observer_;
  const LateOptions lateness_;
  const std::size_t buckets_;
  ThreadPool threads_;
  CompressionCosts costs_;
  Faults faults_;
  LateRun run_;
  std::vector<std::uint64_t> kept_;  ///< per step
  std::vector<TransferRow> transfers_;
  std::vector<RankWork> work_;
  std::deque<StepPlan> plans_;  ///< which stay where they are
  Payload sent_;                ///< by the buckets of the step so far
  std::unique_ptr<BucketedScheme> scheme_;
  std::unique_ptr<LateTraining> training_;
  bool keeps_history_;  ///< hosts die
  LateHistory history_;
  bool is_retold_ = false;  ///< what was recorded before
  Seconds now_{0};          ///< when a gradient was ready last
  LateTimeline timeline_;
  LateProgram program_;
};

void announce(const Experiment& experiment, const TrainingJob& job, const RunObserver& observer) {
  if (!observer.on_start) return;
  const auto versions = late_memory(job.training(), late_options(experiment.options));
  observer.on_start(fmt::format("{}, {} of {} versions of the weights",
                                job.describe_memory(*job.make_bucketed_scheme()),
                                format(versions.weights), versions.versions));
}

}  // namespace

LateRun run_late(const Experiment& experiment, const RunObserver& observer) {
  const TrainingJob job(experiment);
  announce(experiment, job, observer);
  const auto& topology = experiment.topology;
  LateRun run;
  run_on_backend(
      experiment.options.backend, topology, experiment.ranks, [&](const BackendAttempt& on) {
        Attempt attempt(experiment, job, observer);
        run = attempt.finish(on.backend.run(topology, attempt.program(), attempt.observer()),
                             std::string(on.backend.name));
      });
  return run;
}

}  // namespace ringsim
