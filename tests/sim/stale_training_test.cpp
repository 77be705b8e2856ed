#include "sim/stale_training.hpp"

#include "base/random.hpp"
#include "models/networks/mlp.hpp"
#include "models/networks/sequence.hpp"
#include "models/schedule.hpp"
#include "models/schemes/iwp.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>

using namespace ringsim;

namespace {

/// Two classes of points round two centres.
Dataset make_data() {
  Dataset data;
  Random random(5, Purpose::batch_order);
  for (auto* samples : {&data.train, &data.test}) {
    samples->input_size = 6;
    for (std::size_t i = 0; i < 400; ++i) {
      const std::uint8_t label = i % 2;
      for (std::size_t d = 0; d < 6; ++d)
        samples->inputs.push_back(static_cast<float>(random.normal() + (label == 0 ? 1.0 : -1.0)));
      samples->labels.push_back(label);
    }
  }
  return data;
}

constexpr Rank ranks = 4;

struct Setup {
  Dataset data = make_data();
  std::unique_ptr<Network> network = make_mlp({6, 16, 2});
  TrainingOptions options{.network = network.get(),
                          .data = &data,
                          .ranks = ranks,
                          .batch = 8,
                          .steps = 30,
                          .learning_rate = 0.1,
                          .momentum = 0.9};

  std::unique_ptr<Scheme> scheme(std::string_view name) const {
    SchemeOptions asked;
    asked.ranks = ranks;
    asked.whole_below = 0;
    asked.density = 0.1;
    asked.rank = 1;
    return find_scheme(name).make(network->layers(), asked);
  }
};

struct Trained {
  TrainingResult result;
  std::vector<double> losses;
  std::vector<LayerRow> layers;
  std::vector<double> delays;
  std::vector<std::vector<prune::MaskWord>> masks;
};

std::function<void(const TrainedStep&)> collect(Trained& trained) {
  return [&trained](const TrainedStep& step) {
    trained.losses.push_back(step.loss);
    trained.delays.push_back(step.delay_mean);
    trained.layers.insert(trained.layers.end(), step.layers.begin(), step.layers.end());
    trained.masks.emplace_back(step.outcome->mask.begin(), step.outcome->mask.end());
  };
}

/// Every rank begins step t once it has applied update t-1-lag; exchanges run when all are ready.
Trained train_late(const Setup& setup, std::string_view name, std::uint64_t lag,
                   StaleOptions stale = {}, std::size_t threads = 2) {
  stale.staleness = std::max(stale.staleness, lag);
  const auto scheme = setup.scheme(name);
  ThreadPool pool(threads);
  Trained trained;
  StaleTraining training(setup.options, stale, *scheme, pool, collect(trained));
  std::uint64_t applied = 0;
  double now = 0;
  for (std::uint64_t step = 0; step < setup.options.steps; ++step) {
    for (; applied + lag < step; ++applied) {
      for (Rank rank = 0; rank < ranks; ++rank) training.apply(rank, applied, Seconds{now});
    }
    for (Rank rank = 0; rank < ranks; ++rank) training.begin(rank, step, Seconds{now});
    now += 1;
    for (Rank rank = 0; rank < ranks; ++rank) training.ready(rank, Seconds{now});
    training.exchange(step);
  }
  trained.result = training.result();
  return trained;
}

}  // namespace

TEST_CASE("what is never late trains as synchronous steps, bit for bit", "[stale][training]") {
  const auto* definition = GENERATE(from_range(schemes().begin(), schemes().end()));
  INFO(definition->name);
  const Setup setup;
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

TEST_CASE("a late gradient is that of the weights of its beginning", "[stale][training]") {
  // Against stochastic gradient descent written down here: update t is made with the weights before
  // update t-2, by g + lambda*g*g*(now - then), and a delay of 2 halves it.
  const double lambda = GENERATE(0.0, 0.5);
  const bool scales = GENERATE(false, true);
  Setup setup;
  setup.options.momentum = 0;
  StaleOptions stale;
  if (lambda > 0) stale.delay_compensation = lambda;
  stale.scales_by_delay = scales;
  const auto late = train_late(setup, "dense", 2, stale);

  std::vector<std::vector<float>> weights(1);
  weights[0].resize(late.result.weights.size());
  setup.network->initialize(1, weights[0]);
  auto sampler = make_sampler(setup.options);
  Worker worker(0, *setup.network, weights[0].size());
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

TEST_CASE("late training does not depend on the number of threads", "[stale][training]") {
  const auto* name = GENERATE("dense", "iwp", "topk");
  const Setup setup;
  StaleOptions stale;
  stale.quorum = 3;
  CHECK(train_late(setup, name, 3, stale, 1).result.weights ==
        train_late(setup, name, 3, stale, 3).result.weights);
}

TEST_CASE("ages of late training equal a brute-force record of every coordinate",
          "[stale][training]") {
  const Setup setup;
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

TEST_CASE("the fresh error sees what being late does", "[stale][training]") {
  const Setup setup;
  StaleOptions fresh;
  fresh.compares_with_fresh = true;
  const auto late = train_late(setup, "dense", 4, fresh);
  const auto in_time = train_late(setup, "dense", 0, fresh);
  // The last step's rows; in time the gradients are the fresh ones.
  CHECK(late.layers.back().error.value() > 0.01);
  CHECK(in_time.layers.back().error.value() == Approx(0).margin(1e-6));
}

TEST_CASE("a quorum takes those that were ready first, and the others in turn",
          "[stale][training]") {
  // Rank 3 is ready late in every step, the others together: with a quorum of 2 each of the three
  // is left out of every third step.
  const Setup setup;
  const auto scheme = setup.scheme("dense");
  ThreadPool pool(1);
  StaleOptions stale;
  stale.quorum = 2;
  std::vector<double> losses;
  StaleTraining training(setup.options, stale, *scheme, pool, [&](const TrainedStep& step) {
    losses.push_back(step.loss);
    CHECK(step.left_out == std::vector<Rank>{2, 3});
  });
  for (Rank rank = 0; rank < ranks; ++rank) training.begin(rank, 0, Seconds{0});
  for (const Rank rank : {2U, 0U, 1U}) training.ready(rank, Seconds{1});
  training.ready(3, Seconds{1.5});
  training.exchange(0);

  std::vector<float> weights(total_parameters(setup.network->layers()));
  setup.network->initialize(1, weights);
  auto sampler = make_sampler(setup.options);
  sampler.begin_step(0);
  double loss = 0;
  for (const Rank rank : {0U, 1U}) {
    Worker worker(rank, *setup.network, weights.size());
    worker.compute(setup.data.train, sampler.batch(0, rank), weights);
    loss += worker.loss / 2;
  }
  CHECK(losses.front() == Approx(loss));
}

TEST_CASE("what a quorum leaves out stays in the residual", "[stale][training]") {
  // Rank 3 is too late in every step. At a learning rate of 0 all its gradients are those of the
  // first weights, and its residual is their sum.
  Setup setup;
  setup.options.learning_rate = 0;
  setup.options.momentum = 0;
  SchemeOptions options;
  options.ranks = ranks;
  options.density = 0.1;
  options.broadcasters = 4;  // but three are ready
  IwpScheme scheme(setup.network->layers(), options);
  ThreadPool pool(2);
  StaleOptions stale;
  stale.quorum = 3;
  StaleTraining training(setup.options, stale, scheme, pool, [](const TrainedStep&) {});
  std::vector<float> weights(total_parameters(setup.network->layers())), sum(weights.size());
  setup.network->initialize(1, weights);
  auto sampler = make_sampler(setup.options);
  Worker worker(3, *setup.network, weights.size());
  for (std::uint64_t step = 0; step < 3; ++step) {
    const Seconds now{static_cast<double>(step)};
    for (Rank rank = 0; rank < ranks; ++rank) training.begin(rank, step, now);
    for (Rank rank = 0; rank < ranks; ++rank)
      training.ready(rank, now + Seconds{rank == 3 ? 0.9 : 0.5});
    training.exchange(step);
    for (Rank rank = 0; rank < ranks; ++rank) training.apply(rank, step, now + Seconds{0.95});
    sampler.begin_step(step);
    worker.compute(setup.data.train, sampler.batch(step, 3), weights);
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += worker.gradient[i];
  }
  CHECK(std::ranges::equal(scheme.residual(3), sum));
  CHECK_FALSE(std::ranges::equal(scheme.residual(2), sum));
}
