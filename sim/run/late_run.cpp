#include "sim/run/late_run.hpp"

#include "base/parallel.hpp"
#include "models/dataset.hpp"
#include "sim/learning/late_history.hpp"
#include "sim/learning/late_training.hpp"
#include "sim/run/backend_choice.hpp"
#include "sim/timing/late_steps.hpp"
#include "sim/timing/late_timeline.hpp"

#include <fmt/format.h>

#include <deque>
#include <memory>
#include <utility>
#include <variant>

namespace ringsim {
namespace {

/// What is trained, before the first step.
struct Job {
  explicit Job(const Experiment& experiment) : data(load_fashion_mnist()) {
    if (experiment.options.validates) hold_out_validation(data, 10'000);
    const auto epoch_steps =
        steps_per_epoch(data.train.size(), experiment.ranks, experiment.options.batch);
    training = training_options(experiment, data, epoch_steps);
    scheme = scheme_options(experiment, epoch_steps);
    buckets = experiment.buckets;
    if (buckets.empty()) buckets.push_back(one_bucket(experiment.network->layers()));
    const auto& options = experiment.options;
    stale = {.staleness = options.staleness,
             .quorum = options.quorum,
             .scales_by_delay = options.scales_by_delay,
             .delay_compensation = options.delay_compensation,
             .compares_with_fresh = options.compares_with_fresh};
  }

  Dataset data;
  TrainingOptions training;
  SchemeOptions scheme;
  StaleOptions stale;
  std::vector<Bucket> buckets;
};

void fill_bytes(const Payload& sent, StepRow& row) {
  row.values_bytes = sent.values.count;
  row.masks_bytes = sent.masks.count;
  row.headers_bytes = sent.headers.count;
  row.total_bytes = sent.total().count;
}

/// One attempt on one backend, from the first step on.
class Attempt {
 public:
  Attempt(const Experiment& experiment, const Job& job, const RunObserver& observer)
      : experiment_(experiment),
        job_(job),
        observer_(observer),
        threads_(experiment.threads),
        costs_(prune_costs(experiment)),
        ranks_left_(experiment.ranks),
        keeps_history_(has_deaths(experiment.topology, experiment.ranks)),
        timeline_(job.training.steps, experiment.ranks),
        program_(experiment.topology, schedule(), compute_model(experiment), work()) {
    start_training();
  }

  Program program() const { return program_.program(); }

  Observer observer() {
    Observer events{.on_mark = [this](const MarkEvent& event) { program_.on_mark(event); },
                    .on_collective = [this](const CollectiveEvent& event) { timeline_.add(event); },
                    .on_delay = [this](const DelayEvent& event) { timeline_.add(event); },
                    .wants_critical_path = true};
    if (observer_.on_transfer) {
      // Told at the end: another attempt may follow.
      events.on_transfer = [this](const TransferEvent& event) {
        transfers_.push_back({event.step, std::string(event.phase.text()), event.bucket,
                              event.round, event.source, event.target, event.bytes.count,
                              event.start.value, event.end.value});
      };
    }
    return events;
  }

  StaleRun finish(BackendResult result, std::string backend) {
    for (const auto& transfer : transfers_) observer_.on_transfer(transfer);
    run_.recording.trained = training_->result();
    for (const auto kept : kept_) run_.recording.kept += kept;
    const auto& lost = run_.recording.trained.lost_mass;
    for (std::size_t i = 0; i < lost.size(); ++i) run_.faults[i].lost_mass = lost[i];
    run_.recording.parameters = total_parameters(experiment_.network->layers());
    run_.timing = timeline_.timing(std::move(result));
    run_.backend = std::move(backend);
    run_.recording.warmup_steps = experiment_.scheme.warmup_steps(job_.scheme);
    for (const auto& input : job_.data.files)
      run_.recording.inputs.push_back({input.name, input.sha256});
    return std::move(run_);
  }

 private:
  StaleSchedule schedule() const {
    StaleSchedule schedule{.steps = job_.training.steps,
                           .staleness = job_.stale.staleness,
                           .buckets = job_.buckets.size(),
                           .ranks = experiment_.ranks,
                           .quorum = job_.stale.quorum.value_or(experiment_.ranks)};
    if (keeps_history_) schedule.detection = experiment_.options.detection;
    return schedule;
  }

  void start_training() {
    training_.reset();  // which uses the scheme
    const auto& layers = experiment_.network->layers();
    scheme_ =
        std::make_unique<BucketedScheme>(experiment_.scheme, layers, job_.scheme, job_.buckets);
    training_ = std::make_unique<StaleTraining>(job_.training, job_.stale, *scheme_, threads_,
                                                [this](const TrainedStep& step) {
                                                  if (!is_retold_) record(step);
                                                });
  }

  StaleWork work() {
    return {.begin = [this](Rank rank, std::uint64_t step, Seconds now) { begin(rank, step, now); },
            .ready = [this](Rank rank, std::uint64_t, std::size_t bucket,
                            Seconds now) { ready(rank, bucket, now); },
            .apply = [this](Rank rank, std::uint64_t step, std::size_t bucket,
                            Seconds now) { apply(rank, step, bucket, now); },
            .exchange = [this](std::uint64_t step,
                               std::size_t bucket) { return exchange(step, bucket); },
            .begin_again = [this](const std::vector<Rank>& dead, std::uint64_t step,
                                  Seconds now) { return begin_again(dead, step, now); }};
  }

  void begin(Rank rank, std::uint64_t step, Seconds now) {
    training_->begin(rank, step, now);
    if (keeps_history_) history_.begin(rank, step, now);
  }

  void ready(Rank rank, std::size_t bucket, Seconds now) {
    training_->ready(rank, bucket, now);
    if (keeps_history_) history_.ready(rank, bucket, now);
  }

  void apply(Rank rank, std::uint64_t step, std::size_t bucket, Seconds now) {
    training_->apply(rank, step, bucket, now);
    if (keeps_history_) history_.apply(rank, step, bucket, now);
    if (bucket + 1 == job_.buckets.size()) timeline_.apply(rank, step, now);
  }

  const StepPlan* exchange(std::uint64_t step, std::size_t bucket) {
    const auto stages = training_->exchange(step, bucket);
    if (keeps_history_) history_.exchange(step, bucket);
    auto plan = plan_step(stages, ranks_left_, experiment_.collective, costs_);
    // With a quorum everybody sends a byte to tell whether it is ready.
    if (job_.stale.quorum) plan.sent.headers += make_ready_round(ranks_left_)->total_bytes();
    if (bucket == 0) sent_ = {};
    sent_ += plan.sent;
    if (bucket + 1 == job_.buckets.size()) fill_bytes(sent_, run_.rows.back());
    return &plans_.emplace_back(std::move(plan));
  }

  /// Trains anew up to `step`, which is exchanged again without the dead.
  std::vector<std::uint64_t> begin_again(const std::vector<Rank>& dead, std::uint64_t step,
                                         Seconds now) {
    for (const Rank rank : dead) {
      --ranks_left_;
      const Recovery::Death death{rank, experiment_.topology.host(rank).dies.value(), now, step};
      run_.faults.push_back({rank, death.died.value, now.value, step, {}});
      tell_of_death(death, ranks_left_, observer_);
    }
    run_.rows.resize(step);
    kept_.resize(step);
    run_.recording.layers.resize(step * experiment_.network->layers().size());
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
    run_.recording.layers.insert(run_.recording.layers.end(), step.layers.begin(),
                                 step.layers.end());
    if (observer_.on_step) observer_.on_step(step.step + 1, job_.training.steps);
  }

  const Experiment& experiment_;
  const Job& job_;
  const RunObserver& observer_;
  ThreadPool threads_;
  PruneCosts costs_;
  Rank ranks_left_;
  StaleRun run_;
  std::vector<std::uint64_t> kept_;  ///< per step
  std::vector<TransferRow> transfers_;
  std::deque<StepPlan> plans_;  ///< which stay where they are
  Payload sent_;                ///< by the buckets of the step so far
  std::unique_ptr<BucketedScheme> scheme_;
  std::unique_ptr<StaleTraining> training_;
  bool keeps_history_;  ///< hosts die
  StaleHistory history_;
  bool is_retold_ = false;  ///< what was recorded before
  StaleTimeline timeline_;
  StaleProgram program_;
};

void announce(const Experiment& experiment, const Job& job, const RunObserver& observer) {
  if (!observer.on_start) return;
  const BucketedScheme scheme(experiment.scheme, experiment.network->layers(), job.scheme,
                              job.buckets);
  const auto memory = training_memory(job.training, scheme);
  const auto versions = stale_memory(job.training, job.stale);
  observer.on_start(fmt::format(
      "memory of {} ranks: {} of residuals and momenta, {} of gradients, {} of {} versions of the "
      "weights",
      experiment.ranks, format(memory.residuals_and_momenta), format(memory.gradients),
      format(versions.weights), versions.versions));
}

}  // namespace

StaleRun run_stale(const Experiment& experiment, const RunObserver& observer) {
  const Job job(experiment);
  announce(experiment, job, observer);
  const auto& topology = experiment.topology;
  StaleRun run;
  run_on_backend(
      experiment.options.backend, topology, experiment.ranks, [&](const BackendAttempt& on) {
        Attempt attempt(experiment, job, observer);
        run = attempt.finish(on.backend.run(topology, attempt.program(), attempt.observer()),
                             std::string(on.backend.name));
      });
  return run;
}

}  // namespace ringsim
