// Late training whose buckets are exchanged one by one.
#include "sim/learning/late_training.hpp"
#include "tests/sim/learning/late_training.hpp"

#include <catch2/catch.hpp>

#include <map>

using namespace ringsim;
using namespace ringsim::test;

TEST_CASE("a rank that was late for a step's buckets may be in time for the next one's",
          "[late][training]") {
  // Stochastic gradient descent in two buckets, by hand; a quorum of 3. Rank 3 has step 0 after its
  // exchanges, and in step 1 rank 2 is late.
  Setup setup;
  setup.options.momentum = 0;
  setup.options.schedule = "constant";
  setup.options.steps = 2;
  setup.buckets = {{{2, 3}}, {{0, 1}}};
  const auto scheme = setup.scheme("dense");
  ThreadPool pool(2);
  LateOptions lateness;
  lateness.quorum = 3;
  LateTraining training(setup.options, lateness, *scheme, pool, [](const TrainedStep&) {});
  std::vector<float> weights(total_parameters(setup.network->layers()));
  setup.network->initialize(1, weights);
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

    std::vector<Rank> in_time = {0, 1, 2, 3};
    std::erase(in_time, late);
    const auto mean = mean_gradient(setup, step, in_time, weights);
    for (std::size_t i = 0; i < mean.size(); ++i) weights[i] -= 0.1F * mean[i];
  }
  const auto result = training.result();
  for (std::size_t i = 0; i < weights.size(); ++i)
    REQUIRE(result.weights[i] == Approx(weights[i]).margin(1e-6));
}

TEST_CASE("a gradient may be of weights of which some buckets are newer than others",
          "[late][training]") {
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
  LateOptions lateness;
  lateness.staleness = 1;
  std::vector<double> delays;
  LateTraining training(setup.options, lateness, *scheme, pool, [&](const TrainedStep& step) {
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
  const auto update = [&](std::uint64_t step, const std::vector<float>& with) {
    auto mean = mean_gradient(setup, step, {0, 1, 2, 3}, with);
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

TEST_CASE("a quorum may take one bucket of a rank and leave out another", "[late][training]") {
  // The first bucket comes from ranks 0, 1 and 2, the second, whose gradient rank 2 has late, from
  // 0, 1 and 3.
  Setup setup;
  setup.buckets = {{{2, 3}}, {{0, 1}}};
  const auto* name = GENERATE("dense", "randomk");
  const auto scheme = setup.scheme(name);
  ThreadPool pool(2);
  LateOptions lateness;
  lateness.quorum = 3;
  std::vector<prune::MaskWord> mask;
  LateTraining training(setup.options, lateness, *scheme, pool, [&](const TrainedStep& step) {
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
