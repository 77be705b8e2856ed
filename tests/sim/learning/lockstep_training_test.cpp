#include "sim/learning/lockstep_training.hpp"

#include "base/random.hpp"
#include "models/networks/mlp.hpp"
#include "models/networks/sequence.hpp"
#include "models/optimizer.hpp"
#include "tests/pixels.hpp"
#include "tests/scheme_options.hpp"

#include <catch2/catch.hpp>

#include <cmath>

using namespace ringsim;

namespace {

/// Two classes of points round two centres.
Dataset make_data(std::size_t train, std::size_t test) {
  Dataset data;
  Random random(5, Purpose::batch_order);
  for (auto* samples : {&data.train, &data.test}) {
    samples->input_size = 6;
    samples->input_of = test::inputs_of_pixels();
    for (std::size_t i = 0; i < (samples == &data.train ? train : test); ++i) {
      const std::uint8_t label = i % 2;
      for (std::size_t d = 0; d < 6; ++d) {
        samples->pixels.push_back(test::pixel_of(random.normal() + (label == 0 ? 1.0 : -1.0)));
      }
      samples->labels.push_back(label);
    }
  }
  return data;
}

struct Trained {
  TrainingResult result;
  std::vector<double> losses;
  std::optional<double> accuracy;
};

struct Work {
  std::unique_ptr<Network> network = make_mlp({6, 16, 2});
  double learning_rate = 0.1;
  std::string optimizer = "sgd";
  LabelSkew label_skew = {};
};

Trained train_with(std::string_view scheme_name, Rank ranks, std::size_t batch,
                   std::size_t threads = 2, const Work& work = {}) {
  const auto data = make_data(512, 200);
  const auto* const network = work.network.get();
  const auto& definition = find_scheme(scheme_name);
  SchemeOptions scheme_options;
  scheme_options.ranks = ranks;
  set(scheme_options, "whole-below", 0);  // where layers are pruned, all are
  set(scheme_options, "density", 0.1);
  set(scheme_options, "rank", 1);
  const auto scheme = definition.make(network->layers(), scheme_options);
  const TrainingOptions options{.network = network,
                                .data = &data,
                                .ranks = ranks,
                                .batch = batch,
                                .steps = 48,
                                .seed = 1,
                                .learning_rate = work.learning_rate,
                                .momentum = 0.9,
                                .schedule = "cosine",
                                .optimizer = work.optimizer,
                                .label_skew = work.label_skew};
  ThreadPool pool(threads);
  Trained trained;
  trained.result = train(options, *scheme, pool, [&](const TrainedStep& step) {
    trained.losses.push_back(step.loss);
    if (step.accuracy) trained.accuracy = step.accuracy;
  });
  return trained;
}

}  // namespace

TEST_CASE("dense training over N ranks gives the weights of one process with the N-fold batch",
          "[training]") {
  const auto one = train_with("dense", 1, 32);
  const auto many = train_with("dense", 8, 4);
  REQUIRE(one.result.weights.size() == many.result.weights.size());
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < one.result.weights.size(); ++i) {
    difference += std::pow(one.result.weights[i] - many.result.weights[i], 2);
    norm += std::pow(one.result.weights[i], 2);
  }
  // The sums are the same, in another order: 48 steps of rounding errors of 1e-7.
  CHECK(std::sqrt(difference / norm) < 1e-5);
  for (std::size_t i = 0; i < one.losses.size(); ++i)
    CHECK(one.losses[i] == Approx(many.losses[i]).epsilon(1e-4));
}

TEST_CASE("training learns, and results do not depend on the number of threads", "[training]") {
  const auto* definition = GENERATE(from_range(schemes().begin(), schemes().end()));
  const std::string_view scheme = definition->name;
  INFO(scheme);
  const auto trained = train_with(scheme, 4, 8, 1);
  CHECK(trained.losses.back() < 0.5 * trained.losses.front());
  CHECK(trained.accuracy > 0.95);
  CHECK(trained.result.weights == train_with(scheme, 4, 8, 3).result.weights);
}

TEST_CASE("every optimizer learns, with any number of threads the same", "[training]") {
  const auto* optimizer = GENERATE(from_range(optimizers().begin(), optimizers().end()));
  const Work work{.learning_rate = optimizer->learning_rate ? 0.02 : 0.1,
                  .optimizer = std::string(optimizer->name)};
  const auto trained = train_with("dense", 4, 8, 1, work);
  INFO(optimizer->name);
  CHECK(trained.losses.back() < 0.5 * trained.losses.front());
  CHECK(trained.accuracy > 0.95);
  CHECK(trained.result.weights == train_with("dense", 4, 8, 3, work).result.weights);
}

TEST_CASE("batch normalisation learns, with any number of threads the same", "[training]") {
  Work work;
  work.network = make_sequence_network([] {
    Sequence network({.channels = 6});
    network.dense("fc1", 16).batch_norm("bn1").relu().dense("fc2", 2);
    return network;
  });
  const auto trained = train_with("dense", 4, 8, 1, work);
  CHECK(trained.losses.back() < 0.5 * trained.losses.front());
  CHECK(trained.accuracy > 0.95);
  const auto again = train_with("dense", 4, 8, 3, work);
  CHECK(trained.result.weights == again.result.weights);
  CHECK(trained.accuracy == again.accuracy);
}

TEST_CASE("ranks that see one class each pull apart, and their mean still learns", "[training]") {
  Work work;
  work.label_skew = {LabelSkew::Kind::shards, 0, 1};
  const auto even = train_with("dense", 2, 16), skewed = train_with("dense", 2, 16, 1, work);
  CHECK(skewed.result.weights == train_with("dense", 2, 16, 3, work).result.weights);
  CHECK(skewed.result.weights != even.result.weights);
  CHECK(skewed.accuracy > 0.95);
}

TEST_CASE("the memory for residuals, momenta and gradients is known before training",
          "[training]") {
  const auto network = make_mlp({6, 16, 2});  // 6*16 + 16 + 16*2 + 2 = 146 parameters
  TrainingOptions options{.network = network.get(), .ranks = 4, .momentum = 0.9};
  const auto memory = [&](const char* scheme_name, const char* optimizer) {
    SchemeOptions scheme_options;
    scheme_options.ranks = 4;
    scheme_options.momentum = 0.9;
    set(scheme_options, "whole-below", 0);
    options.optimizer = optimizer;
    const auto scheme = find_scheme(scheme_name).make(network->layers(), scheme_options);
    const auto found = training_memory(options, *scheme);
    // Four ranks have a gradient each; an exact scheme needs none but the mean.
    CHECK(found.gradients == Bytes{scheme->is_exact() ? 146 * 4U : 4 * 146 * 4U});
    return found.residuals_and_momenta - scheme->state_bytes();
  };
  CHECK(memory("dense", "sgd") == Bytes{146 * 4});
  CHECK(memory("dense", "adam") == Bytes{2 * 146 * 4});
  // One momentum for the update, one for the dense update that it is compared with.
  CHECK(memory("powersgd", "sgd") == Bytes{2 * 146 * 4});
  // The residuals carry that of the update.
  CHECK(memory("iwp", "sgd") == Bytes{146 * 4});
}

TEST_CASE("an update that is sent whole has no error, a pruned one has", "[training]") {
  const auto data = make_data(512, 200);
  const auto network = make_mlp({6, 16, 2});
  SchemeOptions scheme_options;
  scheme_options.ranks = 4;
  set(scheme_options, "whole-below",
      33);  // fc1.weight (96) is pruned; fc1.bias (16), fc2.weight (32) and fc2.bias are whole
  const auto scheme = find_scheme("iwp").make(network->layers(), scheme_options);
  const TrainingOptions options{.network = network.get(),
                                .data = &data,
                                .ranks = 4,
                                .batch = 8,
                                .steps = 16,
                                .seed = 1,
                                .learning_rate = 0.1,
                                .momentum = 0,
                                .schedule = "constant"};
  ThreadPool pool(1);
  train(options, *scheme, pool, [&](const TrainedStep& step) {
    REQUIRE(step.layers.size() == 4);
    CHECK(step.layers[0].error.value() > 0.01);
    CHECK(step.layers[0].cosine.value_or(0) < 0.999);
    for (const std::size_t whole : {1, 2, 3}) {
      CHECK(step.layers[whole].error.value() == Approx(0).margin(1e-5));
      CHECK(step.layers[whole].cosine.value() == Approx(1));
      CHECK(step.layers[whole].age_max_steps.value() == 0);
    }
  });
}

TEST_CASE("a dense update has no error, with 16-bit values it has", "[training]") {
  const auto data = make_data(512, 200);
  const auto network = make_mlp({6, 16, 2});
  SchemeOptions scheme_options;
  scheme_options.ranks = 4;
  if (GENERATE(true, false)) set(scheme_options, "values", "bf16");
  const auto scheme = find_scheme("dense").make(network->layers(), scheme_options);
  const bool exact = scheme_options.given.empty();
  CHECK(scheme->is_exact() == exact);
  const TrainingOptions options{
      .network = network.get(), .data = &data, .ranks = 4, .batch = 8, .steps = 4};
  ThreadPool pool(1);
  train(options, *scheme, pool, [&](const TrainedStep& step) {
    for (const auto& layer : step.layers) {
      // bf16 has 8 bits of mantissa, and every partial sum is rounded.
      CHECK(layer.error.value() < 0.02);
      CHECK((layer.error.value() == 0) == exact);
      if (exact) CHECK(layer.cosine.value() == 1);
    }
  });
}

TEST_CASE("an epoch of less than one step is an error", "[training]") {
  CHECK(steps_per_epoch(60000, 8, 32) == 234);
  CHECK_THROWS_WITH(steps_per_epoch(100, 8, 32),
                    "`batch`: 8 ranks x 32 samples are more than the 100 of an epoch; at most 12 "
                    "is accepted with 8 "
                    "ranks");
}
