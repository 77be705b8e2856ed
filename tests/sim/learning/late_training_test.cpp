// Gradients that come late, of one bucket, and quorums.
#include "sim/learning/late_training.hpp"

#include "models/schedule.hpp"
#include "models/schemes/iwp.hpp"
#include "sim/learning/lockstep_training.hpp"
#include "tests/scheme_options.hpp"
#include "tests/sim/learning/late_training.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>

using namespace ringsim;
using namespace ringsim::test;

TEST_CASE("what is never late trains as synchronous steps, bit for bit", "[late][training]") {
  const auto* definition = GENERATE(from_range(schemes().begin(), schemes().end()));
  INFO(definition->name);
  Setup setup;
  // In the order of the backward pass, and not one behind the other.
  if (GENERATE(false, true)) setup.buckets = {{{2, 3}}, {{0}}, {{1}}};
  const auto scheme = setup.scheme(definition->name);
  ThreadPool pool(2);
  Trained synchronous;
  synchronous.result = train(setup.options, *scheme, pool, collect(synchronous));
  const auto late = train_late(setup, definition->name, 0);
  CHECK(late.result.weights == synchronous.result.weights);
  CHECK(late.losses == synchronous.losses);
  CHECK(late.masks == synchronous.masks);
  REQUIRE(late.layers.size() == synchronous.layers.size());
  for (std::size_t i = 0; i < late.layers.size(); ++i) {
    CHECK(late.layers[i].error == synchronous.layers[i].error);
    CHECK(late.layers[i].age_mean_steps == synchronous.layers[i].age_mean_steps);
  }
}

TEST_CASE("a late gradient is that of the weights of its beginning", "[late][training]") {
  // Against stochastic gradient descent written down here: update t is made with the weights before
  // update t-2, by g + lambda*g*g*(now - then), and a delay of 2 halves it.
  const double lambda = GENERATE(0.0, 0.5);
  const bool scales = GENERATE(false, true);
  Setup setup;
  setup.options.momentum = 0;
  LateOptions lateness;
  if (lambda > 0) lateness.delay_compensation = lambda;
  lateness.scales_by_delay = scales;
  const auto late = train_late(setup, "dense", 2, lateness);

  std::vector<std::vector<float>> weights(1);
  weights[0].resize(late.result.weights.size());
  setup.network->initialize(1, weights[0]);
  auto sampler = make_sampler(setup.options);
  RankWorker worker(0, *setup.network, weights[0].size());
  for (std::uint64_t step = 0; step < setup.options.steps; ++step) {
    const std::uint64_t delay = std::min<std::uint64_t>(step, 2);
    const auto &now = weights[step], &then = weights[step - delay];
    std::vector<float> mean(now.size());
    sampler.begin_step(step);
    for (Rank rank = 0; rank < ranks; ++rank) {
      worker.compute(setup.data.train, sampler.batch(step, rank), then);
      for (std::size_t i = 0; i < mean.size(); ++i) {
        float g = worker.gradient[i];
        g += static_cast<float>(lambda) * g * g * (now[i] - then[i]);
        mean[i] += scales && delay > 1 ? g / 2 : g;
      }
    }
    auto next = now;
    const auto rate = learning_rate_at("cosine", 0.1, step, setup.options.steps);
    for (std::size_t i = 0; i < next.size(); ++i)
      next[i] -= static_cast<float>(rate) * (mean[i] / ranks);
    weights.push_back(next);
    CHECK(late.delays[step] == static_cast<double>(delay));
  }
  for (std::size_t i = 0; i < weights.back().size(); ++i)
    REQUIRE(late.result.weights[i] == Approx(weights.back()[i]).margin(1e-6));
  CHECK(late.result.weights != train_late(setup, "dense", 0).result.weights);
}

TEST_CASE("late training does not depend on the number of threads", "[late][training]") {
  const auto* name = GENERATE("dense", "iwp", "topk");
  const Setup setup;
  LateOptions lateness;
  lateness.quorum = 3;
  CHECK(train_late(setup, name, 3, lateness, 1).result.weights ==
        train_late(setup, name, 3, lateness, 3).result.weights);
}

TEST_CASE("ages of late training equal a brute-force record of every coordinate",
          "[late][training]") {
  Setup setup;
  if (GENERATE(false, true)) setup.buckets = {{{2, 3}}, {{0}}, {{1}}};
  const auto late = train_late(setup, "iwp", 2);
  std::size_t first_word = 0;
  std::map<std::pair<std::string, std::uint64_t>, std::uint64_t> counted, reported;
  for (const auto& layer : setup.network->layers()) {
    for (std::size_t i = 0; i < layer.parameters; ++i) {
      std::uint64_t age = 0;
      for (const auto& mask : late.masks)
        age = (mask[first_word + i / 64] >> (i % 64) & 1) != 0 ? 0 : age + 1;
      ++counted[{layer.name, age}];
    }
    first_word += prune::mask_words(layer.parameters);
  }
  for (const auto& row : late.result.staleness)
    reported[{row.layer, row.age_steps}] = row.parameters;
  CHECK(counted == reported);
  CHECK(counted.size() > 8);
}

TEST_CASE("the fresh error sees what being late does", "[late][training]") {
  Setup setup;
  // The second bucket meets weights of which the first one has been updated: nothing late either.
  if (GENERATE(false, true)) setup.buckets = {{{0, 1}}, {{2, 3}}};
  LateOptions fresh;
  fresh.compares_with_fresh = true;
  const auto late = train_late(setup, "dense", 4, fresh);
  const auto in_time = train_late(setup, "dense", 0, fresh);
  // The last step's rows; in time the gradients are the fresh ones.
  CHECK(late.layers.back().error.value() > 0.01);
  CHECK(in_time.layers.back().error.value() == Approx(0).margin(1e-6));
}

TEST_CASE("a quorum takes those that were ready first, and the others in turn",
          "[late][training]") {
  // Rank 3 is ready late in every step, the others together: with a quorum of 2 each of the three
  // is left out of every third step.
  const Setup setup;
  const auto scheme = setup.scheme("dense");
  ThreadPool pool(1);
  LateOptions lateness;
  lateness.quorum = 2;
  std::vector<double> losses;
  LateTraining training(setup.options, lateness, *scheme, pool, [&](const TrainedStep& step) {
    losses.push_back(step.loss);
    CHECK(step.left_out == std::vector<Rank>{2, 3});
  });
  for (Rank rank = 0; rank < ranks; ++rank) training.begin(rank, 0, Seconds{0});
  for (const Rank rank : {2U, 0U, 1U}) training.ready(rank, 0, Seconds{1});
  training.ready(3, 0, Seconds{1.5});
  training.exchange(0, 0);

  std::vector<float> weights(total_parameters(setup.network->layers()));
  setup.network->initialize(1, weights);
  auto sampler = make_sampler(setup.options);
  sampler.begin_step(0);
  double loss = 0;
  for (const Rank rank : {0U, 1U}) {
    RankWorker worker(rank, *setup.network, weights.size());
    worker.compute(setup.data.train, sampler.batch(0, rank), weights);
    loss += worker.loss / 2;
  }
  CHECK(losses.front() == Approx(loss));
}

TEST_CASE("what a quorum leaves out stays in the residual", "[late][training]") {
  // Rank 3 is too late in every step. At a learning rate of 0 all its gradients are those of the
  // first weights, and its residual is their sum.
  Setup setup;
  setup.options.learning_rate = 0;
  setup.options.momentum = 0;
  const auto buckets = GENERATE(false, true);
  if (buckets) setup.buckets = {{{2, 3}}, {{0, 1}}};
  SchemeOptions options;
  set(options, "whole-below", 2);
  set(options, "broadcasters", 4);  // but three are ready
  const auto scheme = setup.scheme("iwp", options);
  ThreadPool pool(2);
  LateOptions lateness;
  lateness.quorum = 3;
  LateTraining training(setup.options, lateness, *scheme, pool, [](const TrainedStep&) {});
  std::vector<float> weights(total_parameters(setup.network->layers())), sum(weights.size());
  setup.network->initialize(1, weights);
  auto sampler = make_sampler(setup.options);
  RankWorker worker(3, *setup.network, weights.size());
  for (std::uint64_t step = 0; step < 3; ++step) {
    const Seconds now{static_cast<double>(step)};
    for (Rank rank = 0; rank < ranks; ++rank) training.begin(rank, step, now);
    for (std::size_t bucket = 0; bucket < setup.buckets.size(); ++bucket) {
      for (Rank rank = 0; rank < ranks; ++rank)
        training.ready(rank, bucket, now + Seconds{rank == 3 ? 0.9 : 0.5});
      training.exchange(step, bucket);
      for (Rank rank = 0; rank < ranks; ++rank)
        training.apply(rank, step, bucket, now + Seconds{0.95});
    }
    sampler.begin_step(step);
    worker.compute(setup.data.train, sampler.batch(step, 3), weights);
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += worker.gradient[i];
  }
  for (std::size_t bucket = 0; bucket < setup.buckets.size(); ++bucket) {
    const auto& iwp = dynamic_cast<const IwpScheme&>(scheme->scheme(bucket));
    std::vector<float> copy;
    const auto expected = scheme->part(bucket).gather(sum, copy);
    CHECK(std::ranges::equal(iwp.residual(3), expected));
    CHECK_FALSE(std::ranges::equal(iwp.residual(2), expected));
  }
}
