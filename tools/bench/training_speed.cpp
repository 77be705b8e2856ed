// What the simulation costs the training: images per second of the in-process trainer with 8 ranks
// that exchange dense gradients, against plain loops that train the same network on the same
// samples: in 8 pieces of 32 samples, as the ranks do, and in one of 256. One thread each, in
// processes of their own; the best of several repetitions, by turns.
//   ringsim_bench_training [STEPS [REPETITIONS]]
#include "models/networks/network.hpp"
#include "sim/training.hpp"
#include "tools/bench/measure.hpp"
#include "tools/bench/plain_training.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>

namespace {

using namespace ringsim;

constexpr Rank ranks = 8;
constexpr std::size_t batch = 32;

double train_simulated(const Dataset& data, const Network& network, std::uint64_t steps,
                       std::size_t threads) {
  SchemeOptions options;
  options.ranks = ranks;
  const auto scheme = find_scheme("dense").make(network.layers(), options);
  const TrainingOptions training{.network = &network,
                                 .data = &data,
                                 .ranks = ranks,
                                 .batch = batch,
                                 .steps = steps,
                                 .learning_rate = 0.05,
                                 .momentum = 0.9};
  ThreadPool pool(threads);
  double accuracy = 0;
  train(training, *scheme, pool,
        [&](const TrainedStep& step) { accuracy = step.accuracy.value_or(accuracy); });
  return accuracy;
}

double train_plainly(const Dataset& data, const Network& network, std::uint64_t steps,
                     std::size_t pieces) {
  std::vector<float> weights(total_parameters(network.layers()));
  network.initialize(1, weights);
  return bench::train_plainly(data, weights,
                              {.pieces = pieces, .batch = ranks * batch / pieces, .steps = steps});
}

struct Contestant {
  const char* name;
  std::function<double()> train;  ///< returns the accuracy
  double seconds = 1e300;         ///< of the processor
  double accuracy = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int i, std::uint64_t otherwise) {
    return argc > i ? std::strtoull(argv[i], nullptr, 10) : otherwise;
  };
  const std::uint64_t steps = argument(1, 200), repetitions = argument(2, 5);
  const Dataset data = load_fashion_mnist();
  const auto network = find_network("mlp").make();
  std::array<Contestant, 3> contestants = {{
      {"simulated, 8 ranks", [&] { return train_simulated(data, *network, steps, 1); }},
      {"plain, 8 x 32", [&] { return train_plainly(data, *network, steps, ranks); }},
      {"plain, 1 x 256", [&] { return train_plainly(data, *network, steps, 1); }},
  }};
  for (std::uint64_t repetition = 0; repetition < repetitions; ++repetition) {
    for (auto& contestant : contestants) {
      const auto measured = bench::in_process([&] { return Seconds{contestant.train()}; });
      contestant.seconds = std::min(contestant.seconds, measured.seconds);
      contestant.accuracy = measured.end;
    }
  }
  fmt::print("{:<20} {:>10} {:>10} {:>10}\n", "", "images/s", "accuracy", "overhead");
  const auto images = static_cast<double>(steps * ranks * batch);
  for (const auto& contestant : contestants) {
    fmt::print("{:<20} {:>10.0f} {:>8.2f} % {:>8.1f} %\n", contestant.name,
               images / contestant.seconds, 100 * contestant.accuracy,
               100 * (contestants[0].seconds / contestant.seconds - 1));
  }
}
