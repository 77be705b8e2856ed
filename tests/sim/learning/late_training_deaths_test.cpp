// What ranks that die leave of late training.
#include "sim/learning/late_history.hpp"
#include "sim/learning/late_ranks.hpp"
#include "sim/learning/late_training.hpp"
#include "sim/learning/lockstep_training.hpp"
#include "tests/sim/learning/late_training.hpp"

#include <catch2/catch.hpp>

#include <memory>

using namespace ringsim;
using namespace ringsim::test;

TEST_CASE("without being late, ranks that die leave the training that synchronous steps would",
          "[late][training]") {
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

TEST_CASE("gradients of weights that an aborted exchange made are not in hand",
          "[late][training]") {
  // S = 2. All have the gradients of steps 0 and 1 when exchange 0 begins; update 0 reaches rank 0
  // alone, which begins step 2 with it, and rank 2 begins step 2 without. Then rank 1 dies.
  const Setup setup;
  const auto scheme = setup.scheme("dense");
  ThreadPool pool(1);
  LateOptions lateness;
  lateness.staleness = 2;
  LateTraining training(setup.options, lateness, *scheme, pool, [](const TrainedStep&) {});
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

TEST_CASE("what follows a gradient that a rank has left out is not in hand", "[late][training]") {
  // With a quorum the rank went on from step 0 to step 2, and exchange 1 is to be begun again.
  LateRank rank{RankWorker(0)};
  for (const std::uint64_t step : {0U, 2U}) {
    rank.pending.push_back(
        {.step = step, .begin = Seconds{1.0 * step}, .samples = {}, .ready = {Seconds{3}}});
  }
  CHECK(rank.undo(1, 1) == 0);
  REQUIRE(rank.pending.size() == 1);
  CHECK(rank.pending.front().step == 0);
}

TEST_CASE("a quorum of more ranks than live takes all that live", "[late][training]") {
  const Setup setup;
  const auto scheme = setup.scheme("dense");
  ThreadPool pool(1);
  LateOptions lateness;
  lateness.quorum = 3;
  std::size_t steps = 0;
  LateTraining training(setup.options, lateness, *scheme, pool, [&](const TrainedStep& step) {
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

TEST_CASE("what is told again after a death trains the same", "[late][training]") {
  // Exchange 3 has been when rank 2 dies, and has to be again; later exchange 6.
  const auto* name = GENERATE("dense", "iwp", "topk", "powersgd");
  const Setup setup;
  ThreadPool pool(2);
  LateOptions lateness;
  lateness.staleness = 1;
  struct One {
    std::unique_ptr<BucketedScheme> scheme;
    std::unique_ptr<LateTraining> training;
  };
  const auto make = [&] {
    One one{.scheme = setup.scheme(name), .training = nullptr};
    one.training = std::make_unique<LateTraining>(setup.options, lateness, *one.scheme, pool,
                                                  [](const TrainedStep&) {});
    return one;
  };
  LateHistory history;
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
