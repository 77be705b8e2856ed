#include "sim/run/training_job.hpp"

#include "sim/learning/lockstep_training.hpp"

#include <fmt/format.h>

#include <utility>

namespace ringsim {
namespace {

std::shared_ptr<const Dataset> data_of(const Experiment& experiment) {
  auto data = experiment.data;
  if (data == nullptr) data = std::make_shared<const Dataset>(load_fashion_mnist());
  if (!experiment.options.validates) return data;
  auto apart = std::make_shared<Dataset>(*data);
  hold_out_validation(*apart, apart->train.size() / 6);  // 10,000 of Fashion-MNIST
  return apart;
}

}  // namespace

TrainingJob::TrainingJob(const Experiment& experiment, std::vector<TrainedDeath> deaths)
    : experiment_(experiment), data_(data_of(experiment)) {
  const auto epoch_steps =
      steps_per_epoch(data_->train.size(), experiment.ranks, experiment.options.batch);
  training_ = training_options(experiment, *data_, epoch_steps);
  training_.deaths = std::move(deaths);
  scheme_ = scheme_options(experiment, epoch_steps);
}

std::unique_ptr<Scheme> TrainingJob::make_scheme() const {
  if (!experiment_.buckets.empty()) return make_bucketed_scheme();
  return experiment_.scheme.make(experiment_.network->layers(), scheme_);
}

std::unique_ptr<BucketedScheme> TrainingJob::make_bucketed_scheme() const {
  const auto& layers = experiment_.network->layers();
  auto buckets = experiment_.buckets;
  if (buckets.empty()) buckets.push_back(one_bucket(layers));
  return std::make_unique<BucketedScheme>(experiment_.scheme, layers, scheme_, buckets);
}

std::string TrainingJob::describe_memory(const Scheme& scheme) const {
  const auto memory = training_memory(training_, scheme);
  return fmt::format("memory of {} ranks: {} of residuals and momenta, {} of gradients",
                     experiment_.ranks, format(memory.residuals_and_momenta),
                     format(memory.gradients));
}

std::size_t TrainingJob::parameters() const {
  return total_parameters(experiment_.network->layers());
}

std::uint64_t TrainingJob::warmup_steps() const {
  return experiment_.options.local_steps * experiment_.scheme.warmup_steps(scheme_);
}

std::vector<Summary::Input> TrainingJob::inputs() const {
  std::vector<Summary::Input> inputs;
  for (const auto& file : data_->files) inputs.push_back({file.name, file.sha256});
  return inputs;
}

}  // namespace ringsim
