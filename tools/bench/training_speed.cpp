// What the simulation costs the training: images per second of the in-process trainer with 8 ranks
// that exchange dense gradients, against plain loops that train the same network on the same
// samples: in 8 pieces, as the ranks do, and in one. One thread each, in processes of their own, by
// turns. Medians: of the images per second, and of the ratios to the simulated run of the same
// turn, since other work may slow down all of a turn.
//   ringsim_bench_training [BATCH_OF_A_RANK [STEPS [REPETITIONS]]]
#include "models/networks/network.hpp"
#include "sim/learning/lockstep_training.hpp"
#include "tools/bench/measure.hpp"
#include "tools/bench/plain_training.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <vector>

namespace {

using namespace ringsim;

constexpr Rank ranks = 8;

/// What every run of the benchmark does.
struct Work {
  std::size_t batch = 32;  ///< of a rank
  std::uint64_t steps = 200;
};

double train_simulated(const Dataset& data, const Network& network, const Work& work) {
  SchemeOptions options;
  options.ranks = ranks;
  const auto scheme = find_scheme("dense").make(network.layers(), options);
  const TrainingOptions training{.network = &network,
                                 .data = &data,
                                 .ranks = ranks,
                                 .batch = work.batch,
                                 .steps = work.steps,
                                 .learning_rate = 0.05,
                                 .momentum = 0.9};
  ThreadPool pool(1);
  double accuracy = 0;
  train(training, *scheme, pool,
        [&](const TrainedStep& step) { accuracy = step.accuracy.value_or(accuracy); });
  return accuracy;
}

double train_plainly(const Dataset& data, const Network& network, const Work& work,
                     std::size_t pieces) {
  std::vector<float> weights(total_parameters(network.layers()));
  network.initialize(1, weights);
  return bench::train_plainly(
      data, weights, {.pieces = pieces, .batch = ranks * work.batch / pieces, .steps = work.steps});
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

struct Contestant {
  const char* name;
  std::function<double()> train;     ///< returns the accuracy
  std::vector<double> seconds = {};  ///< of the processor, per turn
  double accuracy = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int i, std::uint64_t otherwise) {
    return argc > i ? std::strtoull(argv[i], nullptr, 10) : otherwise;
  };
  const Work work{.batch = argument(1, 32), .steps = argument(2, 200)};
  const std::uint64_t repetitions = std::max<std::uint64_t>(argument(3, 9), 1);
  const Dataset data = load_fashion_mnist();
  const auto network = find_network("mlp").make();
  std::array<Contestant, 3> contestants = {{
      {"simulated, 8 ranks", [&] { return train_simulated(data, *network, work); }},
      {"plain, in 8 pieces", [&] { return train_plainly(data, *network, work, ranks); }},
      {"plain, in one", [&] { return train_plainly(data, *network, work, 1); }},
  }};
  for (std::uint64_t repetition = 0; repetition < repetitions; ++repetition) {
    for (auto& contestant : contestants) {
      const auto measured = bench::in_process([&] { return Seconds{contestant.train()}; });
      contestant.seconds.push_back(measured.seconds);
      contestant.accuracy = measured.end;
    }
  }
  fmt::print("{:<20} {:>10} {:>10} {:>10}\n", "", "images/s", "accuracy", "overhead");
  const auto images = static_cast<double>(work.steps * ranks * work.batch);
  for (const auto& contestant : contestants) {
    std::vector<double> ratios;
    for (std::size_t turn = 0; turn < repetitions; ++turn)
      ratios.push_back(contestants[0].seconds[turn] / contestant.seconds[turn]);
    fmt::print("{:<20} {:>10.0f} {:>8.2f} % {:>8.1f} %\n", contestant.name,
               images / median(contestant.seconds), 100 * contestant.accuracy,
               100 * (median(ratios) - 1));
  }
}
