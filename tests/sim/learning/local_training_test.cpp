// Local SGD, against the same written down here.
#include "sim/learning/local_training.hpp"

#include "models/networks/mlp.hpp"
#include "models/networks/sequence.hpp"
#include "models/schedule.hpp"
#include "sim/learning/training_parts.hpp"
#include "tests/scheme_options.hpp"
#include "tests/sim/learning/two_classes.hpp"

#include <catch2/catch.hpp>

#include <cmath>

using namespace ringsim;
using namespace ringsim::test;

TEST_CASE("local steps train apart and take the mean, without what a dead rank has moved",
          "[training][local]") {
  // Dense, no momentum, an exchange every 3 steps, rank 1 of 3 dies in step 4: its copy had moved
  // in steps 3 and 4.
  const Dataset data = two_classes();
  const auto network = make_mlp({6, 16, 2});
  TrainingOptions options{.network = network.get(),
                          .data = &data,
                          .ranks = 3,
                          .batch = 8,
                          .steps = 9,
                          .learning_rate = 0.1,
                          .deaths = {{.step = 4, .rank = 1}}};
  SchemeOptions asked;
  asked.ranks = 3;
  const auto scheme = find_scheme("randomk").make(network->layers(), [&] {
    auto all = asked;
    set(all, "density", 1);
    set(all, "momentum-correction", false);
    return all;
  }());
  ThreadPool pool(2);
  std::vector<double> losses;
  const auto trained = train_locally(options, 3, *scheme, pool,
                                     [&](const TrainedStep& step) { losses.push_back(step.loss); });

  std::vector<float> common(trained.weights.size());
  network->initialize(1, common);
  std::vector<std::vector<float>> copies(3, common);
  std::vector<Rank> living = {0, 1, 2};
  auto sampler = make_sampler(options);
  RankWorker worker(0, *network, common.size());
  double lost = 0;
  for (std::uint64_t step = 0; step < options.steps; ++step) {
    sampler.begin_step(step);
    const auto rate = static_cast<float>(learning_rate_at("cosine", 0.1, step, options.steps));
    double loss = 0;
    for (const Rank rank : living) {
      worker.compute(data.train, sampler.batch(step, rank), copies[rank]);
      for (std::size_t i = 0; i < common.size(); ++i) copies[rank][i] -= rate * worker.gradient[i];
      if (step != 4 || rank != 1) loss += worker.loss;
    }
    if (step == 4) {
      for (std::size_t i = 0; i < common.size(); ++i) lost += std::abs(common[i] - copies[1][i]);
      living = {0, 2};
    }
    CHECK(losses[step] == Approx(loss / static_cast<double>(living.size())));
    if (step % 3 != 2) continue;
    for (std::size_t i = 0; i < common.size(); ++i) {
      double sum = 0;
      for (const Rank rank : living) sum += copies[rank][i];
      common[i] = static_cast<float>(sum / static_cast<double>(living.size()));
    }
    for (auto& copy : copies) copy = common;
  }
  REQUIRE(trained.lost_mass.size() == 1);
  CHECK(trained.lost_mass[0] == Approx(lost).epsilon(1e-5));
  for (std::size_t i = 0; i < common.size(); ++i)
    REQUIRE(trained.weights[i] == Approx(common[i]).margin(1e-5));
}
