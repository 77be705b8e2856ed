#include "sim/stale/training.hpp"

#include "base/random.hpp"
#include "models/networks/mlp.hpp"
#include "models/networks/sequence.hpp"
#include "models/schedule.hpp"
#include "models/schemes/iwp.hpp"
#include "sim/stale/history.hpp"
#include "sim/stale/ranks.hpp"

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

  std::vector<Bucket> buckets = {one_bucket(network->layers())};

  std::unique_ptr<BucketedScheme> scheme(std::string_view name, SchemeOptions asked = {}) const {
    asked.ranks = ranks;
    if (!asked.whole_below) asked.whole_below = 0;
    asked.density = 0.1;
    asked.rank = 1;
    return std::make_unique<BucketedScheme>(find_scheme(name), network->layers(), asked, buckets);
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
/// Ranks die when they have a gradient that the others do not get.
Trained train_late(const Setup& setup, std::string_view name, std::uint64_t lag,
                   StaleOptions stale = {}, std::size_t threads = 2) {
  stale.staleness = std::max(stale.staleness, lag);
  const auto scheme = setup.scheme(name);
  ThreadPool pool(threads);
  Trained trained;
  StaleTraining training(setup.options, stale, *scheme, pool, collect(trained));
  std::vector<Rank> living;
  for (Rank rank = 0; rank < ranks; ++rank) living.push_back(rank);
  const std::size_t buckets = setup.buckets.size();
  std::uint64_t applied = 0;
  double now = 0;
  for (std::uint64_t step = 0; step < setup.options.steps; ++step) {
    for (; applied + lag < step; ++applied) {
      for (std::size_t bucket = 0; bucket < buckets; ++bucket) {
        for (const Rank rank : living) training.apply(rank, applied, bucket, Seconds{now});
      }
    }
    for (const Rank rank : living) training.begin(rank, step, Seconds{now});
    now += 1;
    for (std::size_t bucket = 0; bucket < buckets; ++bucket) {
      for (const Rank rank : living) training.ready(rank, bucket, Seconds{now});
    }
    for (const auto& death : setup.options.deaths) {
      if (death.step != step) continue;
      std::erase(living, death.rank);
      training.go_on_without({death.rank}, step);
    }
    for (std::size_t bucket = 0; bucket < buckets; ++bucket) training.exchange(step, bucket);
  }
  trained.result = training.result();
  return trained;
}

}  // namespace

TEST_CASE("what is never late trains as synchronous steps, bit for bit", "[stale][training]") {
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

TEST_CASE("without being late, ranks that die leave the training that synchronous steps would",
          "[stale][training]") {
  const auto* definition = GENERATE(from_range(schemes().begin(), schemes().end()));
  INFO(definition->name);
  // They draw by the position of a rank when it contributes: in synchronous steps before the death.
  if (definition->name == "qsgd" || definition->name == "terngrad") return;
  Setup setup;
  setup.options.deaths = {{.step = 4, .rank = 1}, {.step = 11, .rank = 3}};
  const auto scheme = setup.scheme(definition->name);
  ThreadPool pool(2);
  Trained synchronous;
  synchronous.result = train(setup.options, *scheme, pool, collect(synchronous));
  const auto late = train_late(setup, definition->name, 0);
  CHECK(late.result.weights == synchronous.result.weights);
  CHECK(late.result.lost_mass == synchronous.result.lost_mass);
  CHECK(late.losses == synchronous.losses);
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

TEST_CASE("the fresh error sees what being late does", "[stale][training]") {
  Setup setup;
  // The second bucket meets weights of which the first one has been updated: nothing late either.
  if (GENERATE(false, true)) setup.buckets = {{{0, 1}}, {{2, 3}}};
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
  for (const Rank rank : {2U, 0U, 1U}) training.ready(rank, 0, Seconds{1});
  training.ready(3, 0, Seconds{1.5});
  training.exchange(0, 0);

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
  const auto buckets = GENERATE(false, true);
  if (buckets) setup.buckets = {{{2, 3}}, {{0, 1}}};
  SchemeOptions options;
  options.whole_below = 2;
  options.broadcasters = 4;  // but three are ready
  const auto scheme = setup.scheme("iwp", options);
  ThreadPool pool(2);
  StaleOptions stale;
  stale.quorum = 3;
  StaleTraining training(setup.options, stale, *scheme, pool, [](const TrainedStep&) {});
  std::vector<float> weights(total_parameters(setup.network->layers())), sum(weights.size());
  setup.network->initialize(1, weights);
  auto sampler = make_sampler(setup.options);
  Worker worker(3, *setup.network, weights.size());
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

TEST_CASE("gradients of weights that an aborted exchange made are not in hand",
          "[stale][training]") {
  // S = 2. All have the gradients of steps 0 and 1 when exchange 0 begins; update 0 reaches rank 0
  // alone, which begins step 2 with it, and rank 2 begins step 2 without. Then rank 1 dies.
  const Setup setup;
  const auto scheme = setup.scheme("dense");
  ThreadPool pool(1);
  StaleOptions stale;
  stale.staleness = 2;
  StaleTraining training(setup.options, stale, *scheme, pool, [](const TrainedStep&) {});
  for (std::uint64_t step = 0; step < 2; ++step) {
    const Seconds now{static_cast<double>(step)};
    for (Rank rank = 0; rank < ranks; ++rank) training.begin(rank, step, now);
    for (Rank rank = 0; rank < ranks; ++rank) training.ready(rank, 0, now + Seconds{1});
  }
  training.begin(2, 2, Seconds{2});
  training.apply(0, 0, 0, Seconds{3});
  training.begin(0, 2, Seconds{3});
  training.ready(2, 0, Seconds{3});
  training.ready(0, 0, Seconds{4});
  training.begin(3, 2, Seconds{4});  // and is not ready
  CHECK(training.go_on_without({1}, 0) == std::vector<std::uint64_t>{2, 0, 3, 2});
}

TEST_CASE("what follows a gradient that a rank has left out is not in hand", "[stale][training]") {
  // With a quorum the rank went on from step 0 to step 2, and exchange 1 is to be begun again.
  StaleRank rank{Worker(0)};
  for (const std::uint64_t step : {0U, 2U}) {
    rank.pending.push_back(
        {.step = step, .begin = Seconds{1.0 * step}, .samples = {}, .ready = {Seconds{3}}});
  }
  CHECK(rank.undo(1, 1) == 0);
  REQUIRE(rank.pending.size() == 1);
  CHECK(rank.pending.front().step == 0);
}

TEST_CASE("a quorum of more ranks than live takes all that live", "[stale][training]") {
  const Setup setup;
  const auto scheme = setup.scheme("dense");
  ThreadPool pool(1);
  StaleOptions stale;
  stale.quorum = 3;
  std::size_t steps = 0;
  StaleTraining training(setup.options, stale, *scheme, pool, [&](const TrainedStep& step) {
    ++steps;
    CHECK(step.left_out == std::vector<Rank>{});
  });
  training.go_on_without({0, 2}, 0);
  for (const Rank rank : {1U, 3U}) {
    training.begin(rank, 0, Seconds{});
    training.ready(rank, 0, Seconds{1});
  }
  training.exchange(0, 0);
  CHECK(steps == 1);
}

TEST_CASE("a rank that was late for a step's buckets may be in time for the next one's",
          "[stale][training]") {
  // Stochastic gradient descent in two buckets, by hand; a quorum of 3. Rank 3 has step 0 after its
  // exchanges, and in step 1 rank 2 is late.
  Setup setup;
  setup.options.momentum = 0;
  setup.options.schedule = "constant";
  setup.options.steps = 2;
  setup.buckets = {{{2, 3}}, {{0, 1}}};
  const auto scheme = setup.scheme("dense");
  ThreadPool pool(2);
  StaleOptions stale;
  stale.quorum = 3;
  StaleTraining training(setup.options, stale, *scheme, pool, [](const TrainedStep&) {});
  std::vector<float> weights(total_parameters(setup.network->layers()));
  setup.network->initialize(1, weights);
  auto sampler = make_sampler(setup.options);
  Worker worker(0, *setup.network, weights.size());
  for (const std::uint64_t step : {0U, 1U}) {
    const Rank late = step == 0 ? 3 : 2;
    const Seconds now{static_cast<double>(step)};
    const auto are_ready = [&](Rank rank, Seconds when) {
      for (const std::size_t bucket : {0U, 1U}) training.ready(rank, bucket, when);
    };
    for (Rank rank = 0; rank < ranks; ++rank) training.begin(rank, step, now);
    for (Rank rank = 0; rank < ranks; ++rank) {
      if (rank != late) are_ready(rank, now + Seconds{0.5});
    }
    for (const std::size_t bucket : {0U, 1U}) {
      training.exchange(step, bucket);
      for (Rank rank = 0; rank < ranks; ++rank)
        training.apply(rank, step, bucket, now + Seconds{0.6});
    }
    are_ready(late, now + Seconds{0.9});

    sampler.begin_step(step);
    std::vector<float> mean(weights.size());
    for (Rank rank = 0; rank < ranks; ++rank) {
      if (rank == late) continue;
      worker.compute(setup.data.train, sampler.batch(step, rank), weights);
      for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += worker.gradient[i] / 3;
    }
    for (std::size_t i = 0; i < mean.size(); ++i) weights[i] -= 0.1F * mean[i];
  }
  const auto result = training.result();
  for (std::size_t i = 0; i < weights.size(); ++i)
    REQUIRE(result.weights[i] == Approx(weights[i]).margin(1e-6));
}

TEST_CASE("what is told again after a death trains the same", "[stale][training]") {
  // Exchange 3 has been when rank 2 dies, and has to be again; later exchange 6.
  const auto* name = GENERATE("dense", "iwp", "topk", "powersgd");
  const Setup setup;
  ThreadPool pool(2);
  StaleOptions stale;
  stale.staleness = 1;
  struct One {
    std::unique_ptr<BucketedScheme> scheme;
    std::unique_ptr<StaleTraining> training;
  };
  const auto make = [&] {
    One one{.scheme = setup.scheme(name), .training = nullptr};
    one.training = std::make_unique<StaleTraining>(setup.options, stale, *one.scheme, pool,
                                                   [](const TrainedStep&) {});
    return one;
  };
  StaleHistory history;
  const auto step_until_exchange = [&](One& one, const std::vector<Rank>& living,
                                       std::uint64_t step) {
    const Seconds now{static_cast<double>(step)};
    for (const Rank rank : living) {
      if (step >= 2) {
        one.training->apply(rank, step - 2, 0, now);
        history.apply(rank, step - 2, 0, now);
      }
      one.training->begin(rank, step, now);
      history.begin(rank, step, now);
    }
    for (const Rank rank : living) {
      one.training->ready(rank, 0, now + Seconds{0.5});
      history.ready(rank, 0, now + Seconds{0.5});
    }
  };
  /// With deaths in steps 3 and 6: exchanges that are undone, or do not begin.
  const auto weights = [&](bool undoes) {
    history = {};
    auto one = make();
    std::vector<Rank> living = {0, 1, 2, 3};
    for (std::uint64_t step = 0; step < 9; ++step) {
      step_until_exchange(one, living, step);
      if (step == 3 || step == 6) {
        const std::vector<Rank> dead = {step == 3 ? 2U : 0U};
        if (undoes) {
          one.training->exchange(step, 0);
          history.exchange(step, 0);
          history.forget_exchanges(step);
          one = make();
          history.tell(*one.training);
        }
        one.training->go_on_without(dead, step);
        history.go_on_without(dead, step);
        std::erase(living, dead.front());
      }
      one.training->exchange(step, 0);
      history.exchange(step, 0);
    }
    return one.training->result().weights;
  };
  CHECK(weights(true) == weights(false));
}

TEST_CASE("a gradient may be of weights of which some buckets are newer than others",
          "[stale][training]") {
  // Stochastic gradient descent in two buckets, by hand. S = 1: all begin step 1 when the update of
  // step 0 has come to the first bucket alone, and step 2 with both updates of step 0 and none of
  // step 1: delays of 0 and 1, and of 1 and 1, each for the share of its
  // bucket.
  Setup setup;
  setup.options.momentum = 0;
  setup.options.schedule = "constant";
  setup.options.steps = 3;
  setup.buckets = {{{2, 3}}, {{0, 1}}};
  const auto scheme = setup.scheme("dense");
  ThreadPool pool(2);
  StaleOptions stale;
  stale.staleness = 1;
  std::vector<double> delays;
  StaleTraining training(setup.options, stale, *scheme, pool, [&](const TrainedStep& step) {
    delays.push_back(step.delay_mean);
    CHECK(step.delay_max == (step.step == 0 ? 0 : 1));
  });
  const auto all = [&](auto what) {
    for (Rank rank = 0; rank < ranks; ++rank) what(rank);
  };
  double now = 0;
  const auto begin_and_compute = [&](std::uint64_t step) {
    all([&](Rank rank) { training.begin(rank, step, Seconds{now}); });
    now += 1;
    for (const std::size_t bucket : {0U, 1U})
      all([&](Rank rank) { training.ready(rank, bucket, Seconds{now}); });
  };
  const auto apply = [&](std::uint64_t step, std::size_t bucket) {
    now += 1;
    all([&](Rank rank) { training.apply(rank, step, bucket, Seconds{now}); });
  };
  begin_and_compute(0);
  training.exchange(0, 0);
  apply(0, 0);
  begin_and_compute(1);
  training.exchange(0, 1);
  apply(0, 1);
  begin_and_compute(2);
  training.exchange(1, 0);
  training.exchange(1, 1);
  training.exchange(2, 0);
  training.exchange(2, 1);
  const auto& layers = setup.network->layers();
  const std::size_t first = layers[2].offset;  // of the first bucket
  const auto behind = static_cast<double>(first) / static_cast<double>(total_parameters(layers));
  CHECK(delays == std::vector<double>{0, behind, 1});

  std::vector<float> weights(total_parameters(layers));
  setup.network->initialize(1, weights);
  auto sampler = make_sampler(setup.options);
  const auto update = [&](std::uint64_t step, const std::vector<float>& with) {
    Worker worker(0, *setup.network, weights.size());
    std::vector<float> mean(weights.size());
    sampler.begin_step(step);
    for (Rank rank = 0; rank < ranks; ++rank) {
      worker.compute(setup.data.train, sampler.batch(step, rank), with);
      for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += worker.gradient[i] / ranks;
    }
    for (float& value : mean) value *= 0.1F;
    return mean;
  };
  const auto initial = weights;
  const auto zero = update(0, initial);
  auto between = initial, after = initial;
  for (std::size_t i = 0; i < initial.size(); ++i) {
    after[i] -= zero[i];
    if (i >= first) between[i] -= zero[i];
  }
  const auto one = update(1, between), two = update(2, after);
  const auto result = training.result();
  for (std::size_t i = 0; i < initial.size(); ++i)
    REQUIRE(result.weights[i] == Approx(after[i] - one[i] - two[i]).margin(1e-6));
}

TEST_CASE("a quorum may take one bucket of a rank and leave out another", "[stale][training]") {
  // The first bucket comes from ranks 0, 1 and 2, the second, whose gradient rank 2 has late, from
  // 0, 1 and 3.
  Setup setup;
  setup.buckets = {{{2, 3}}, {{0, 1}}};
  const auto* name = GENERATE("dense", "randomk");
  const auto scheme = setup.scheme(name);
  ThreadPool pool(2);
  StaleOptions stale;
  stale.quorum = 3;
  std::vector<prune::MaskWord> mask;
  StaleTraining training(setup.options, stale, *scheme, pool, [&](const TrainedStep& step) {
    CHECK(step.left_out == std::vector<Rank>{2, 3});
    mask.assign(step.outcome->mask.begin(), step.outcome->mask.end());
  });
  for (Rank rank = 0; rank < ranks; ++rank) training.begin(rank, 0, Seconds{0});
  for (const Rank rank : {0U, 1U, 2U}) training.ready(rank, 0, Seconds{1});
  training.exchange(0, 0);
  training.ready(3, 0, Seconds{1.5});
  for (const Rank rank : {0U, 1U, 3U}) training.ready(rank, 1, Seconds{2});
  training.ready(2, 1, Seconds{2.5});
  training.exchange(0, 1);

  // Age 0 for what a rank has sent, 1 for what it never has, on four ranks.
  std::map<std::pair<std::string, std::uint64_t>, std::uint64_t> expected, reported;
  std::size_t first_word = 0;
  for (const auto& layer : setup.network->layers()) {
    std::uint64_t sent = 0;
    for (std::size_t i = 0; i < layer.parameters; ++i)
      sent += mask.empty() || (mask[first_word + i / 64] >> (i % 64) & 1) != 0 ? 1 : 0;
    if (sent > 0) expected[{layer.name, 0}] = 3 * sent;
    expected[{layer.name, 1}] = 4 * layer.parameters - 3 * sent;
    first_word += prune::mask_words(layer.parameters);
  }
  for (const auto& row : training.result().staleness)
    reported[{row.layer, row.age_steps}] = row.parameters;
  CHECK(reported == expected);
}
