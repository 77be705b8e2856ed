// What it costs to know the age of every parameter: the share of a training run's processor time
// that AgeTracker takes, one thread.
//   ringsim_bench_ages [STEPS]      (default 468: two epochs of the mlp on 8 ranks)
#include "models/networks/network.hpp"
#include "sim/learning/age.hpp"
#include "sim/learning/lockstep_training.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <ctime>
#include <vector>

namespace {

using namespace ringsim;

double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

using Masks = std::vector<std::vector<prune::MaskWord>>;  ///< of one step; one, or one per rank

/// Trains, and keeps what was sent.
double train_with(const char* scheme_name, const Dataset& data, const Network& network,
                  std::uint64_t steps, std::vector<Masks>& sent) {
  SchemeOptions options;
  options.ranks = 8;
  const auto scheme = find_scheme(scheme_name).make(network.layers(), options);
  const TrainingOptions training{.network = &network,
                                 .data = &data,
                                 .ranks = options.ranks,
                                 .batch = 32,
                                 .steps = steps,
                                 .learning_rate = 0.3};
  ThreadPool pool(1);
  const double start = processor_seconds();
  train(training, *scheme, pool, [&](const TrainedStep& step) {
    const auto& outcome = *step.outcome;
    auto& masks = sent.emplace_back(outcome.rank_masks.begin(), outcome.rank_masks.end());
    if (masks.empty()) masks.emplace_back(outcome.mask.begin(), outcome.mask.end());
  });
  return processor_seconds() - start;
}

/// Records the same again, and asks for what every row of layers.csv holds.
double track(const Layers& layers, const std::vector<Masks>& sent) {
  const double start = processor_seconds();
  AgeTracker ages(layers);
  double sum = 0;
  for (std::uint64_t step = 0; step < sent.size(); ++step) {
    ages.record(
        step, std::vector<std::span<const prune::MaskWord>>(sent[step].begin(), sent[step].end()));
    for (std::size_t layer = 0; layer < layers.size(); ++layer) sum += ages.layer(layer).mean;
  }
  const double seconds = processor_seconds() - start;
  if (sum < 0) fmt::print("ages cannot be negative\n");
  return seconds;
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t steps = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 468;
  const Dataset data = load_fashion_mnist();
  const auto network = find_network("mlp").make();
  fmt::print("{:<8} {:>10} {:>10} {:>8}\n", "scheme", "run, s", "ages, s", "share");
  for (const char* scheme : {"dense", "iwp", "topk"}) {
    std::vector<Masks> sent;
    const double run = train_with(scheme, data, *network, steps, sent);
    const double ages = track(network->layers(), sent);
    fmt::print("{:<8} {:>10.3f} {:>10.3f} {:>6.2f} %\n", scheme, run, ages, 100 * ages / run);
  }
}
