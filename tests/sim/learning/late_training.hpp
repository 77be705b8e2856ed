#pragma once
// A small network that tests train with late updates, told of them by hand.
#include "models/networks/mlp.hpp"
#include "models/networks/sequence.hpp"
#include "sim/learning/late_training.hpp"
#include "sim/learning/training_parts.hpp"
#include "tests/scheme_options.hpp"
#include "tests/sim/learning/two_classes.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace ringsim::test {

inline constexpr Rank ranks = 4;

struct Setup {
  Dataset data = two_classes();
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
    if (!asked.given.contains("whole-below")) set(asked, "whole-below", 0);
    set(asked, "density", 0.1);
    set(asked, "rank", 1);
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

inline std::function<void(const TrainedStep&)> collect(Trained& trained) {
  return [&trained](const TrainedStep& step) {
    trained.losses.push_back(step.loss);
    trained.delays.push_back(step.delay_mean);
    trained.layers.insert(trained.layers.end(), step.layers.begin(), step.layers.end());
    trained.masks.emplace_back(step.outcome->mask.begin(), step.outcome->mask.end());
  };
}

/// Every rank begins step t once it has applied update t-1-lag; exchanges run when all are ready.
/// Ranks die when they have a gradient that the others do not get.
inline Trained train_late(const Setup& setup, std::string_view name, std::uint64_t lag,
                          LateOptions lateness = {}, std::size_t threads = 2) {
  lateness.staleness = std::max(lateness.staleness, lag);
  const auto scheme = setup.scheme(name);
  ThreadPool pool(threads);
  Trained trained;
  LateTraining training(setup.options, lateness, *scheme, pool, collect(trained));
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

/// The mean gradient of a step over some ranks, all of the same weights.
inline std::vector<float> mean_gradient(const Setup& setup, std::uint64_t step,
                                        const std::vector<Rank>& of,
                                        const std::vector<float>& weights) {
  auto sampler = make_sampler(setup.options);
  sampler.begin_step(step);
  RankWorker worker(0, *setup.network, weights.size());
  std::vector<float> mean(weights.size());
  for (const Rank rank : of) {
    worker.compute(setup.data.train, sampler.batch(step, rank), weights);
    for (std::size_t i = 0; i < mean.size(); ++i)
      mean[i] += worker.gradient[i] / static_cast<float>(of.size());
  }
  return mean;
}

}  // namespace ringsim::test
