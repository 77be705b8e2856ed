// One rank of a training between processes: computes the gradients of its own batches, exchanges
// them with the others over TCP, dense or pruned by importance, and applies the mean. Network,
// batches, pruning engine, mask encodings and the messages of the collectives are those that the
// simulator is made of; the sums are made on the way round the ring, as on a real one.
//
//   ringsim_training_worker RANK RANKS dense|iwp STEPS BATCH THRESHOLD BANDWIDTH LATENCY SOURCES
//                           PEER=ADDRESS...
//
// BANDWIDTH (payload bytes a second) and LATENCY (seconds) are what masks are cut into pieces by.
// It says "ready" once it is connected, waits for a line "run TIME" (CLOCK_MONOTONIC, ns), trains,
// and writes one line of JSON.
#include "models/dataset.hpp"
#include "models/optimizer.hpp"
#include "models/sampler.hpp"
#include "models/schedule.hpp"
#include "tools/validate/peers.hpp"
#include "tools/validate/pruned_exchange.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <time.h>

#include <exception>
#include <iostream>
#include <optional>

namespace {

using namespace ringsim;
using namespace ringsim::validate;

constexpr std::uint64_t seed = 1;

struct Settings {
  Rank rank, ranks;
  bool prunes;
  std::uint64_t steps;
  std::size_t batch;
  double threshold;
  HopSpeed hop;
};

class Training {
 public:
  Training(const Settings& settings, Peers& peers)
      : settings_(settings),
        peers_(peers),
        data_(load_fashion_mnist()),
        network_(find_network("mlp").make()),
        pass_(network_->make_pass()),
        weights_(total_parameters(network_->layers())),
        gradient_(weights_.size()),
        update_(weights_.size()),
        sampler_(data_.train.size(), settings.ranks, settings.batch, seed) {
    const auto& defaults = find_scheme(settings.prunes ? "iwp" : "dense").defaults;
    learning_rate_ = defaults.learning_rate;
    optimizer_ = find_optimizer("sgd").make(weights_.size(), defaults.momentum);
    network_->initialize(seed, weights_);
    if (settings.prunes) {
      pruned_.emplace(network_->layers(), PrunedSettings{settings.rank, settings.ranks, seed,
                                                         settings.threshold, settings.hop});
    }
  }

  void step(std::uint64_t step) {
    Stopwatch watch;
    sampler_.begin_step(step);
    loss_ = compute(sampler_.batch(step, settings_.rank));
    compute_.push_back(watch.lap());
    const auto mean = exchange(step, watch);
    optimizer_->update(mean, update_);
    const auto rate =
        static_cast<float>(learning_rate_at("cosine", learning_rate_, step, settings_.steps));
    for (std::size_t i = 0; i < weights_.size(); ++i) weights_[i] -= rate * update_[i];
    update_time_.push_back(watch.lap());
  }

  std::string report(double seconds) {
    return fmt::format(
        R"({{"seconds": {}, "compute": [{}], "update": [{}], "encode": [{}], "between": [{}], )"
        R"("decode": [{}], "bytes": {}, "kept": {}, "loss": {}, "accuracy": {}}})",
        seconds, fmt::join(compute_, ", "), fmt::join(update_time_, ", "),
        fmt::join(times_.encode, ", "), fmt::join(times_.between, ", "),
        fmt::join(times_.decode, ", "), bytes_.count, pruned_ ? pruned_->kept() : weights_.size(),
        loss_, accuracy());
  }

 private:
  double compute(std::span<const std::uint32_t> indices) {
    inputs_.resize(indices.size() * data_.train.input_size);
    labels_.resize(indices.size());
    data_.train.gather(indices, inputs_, labels_);
    return pass_->loss_and_gradient(weights_, {inputs_, labels_}, gradient_);
  }

  std::span<const float> exchange(std::uint64_t step, Stopwatch& watch) {
    if (pruned_) {
      const auto mean = pruned_->exchange(step, gradient_, weights_, peers_, watch, times_);
      bytes_ = pruned_->sent();
      return mean;
    }
    const auto ring = make_ring_all_reduce(settings_.ranks, gradient_.size(), Bytes{sizeof(float)});
    bytes_ += perform(*ring, settings_.rank, std::as_writable_bytes(std::span(gradient_)), peers_);
    watch.lap();
    for (float& value : gradient_) value /= static_cast<float>(settings_.ranks);
    return gradient_;
  }

  double accuracy() const {
    const auto& test = data_.test;
    std::vector<float> inputs(test.pixels.size());
    test.copy_inputs(0, test.size(), inputs);
    return static_cast<double>(pass_->correct(weights_, {inputs, test.labels})) /
           static_cast<double>(test.size());
  }

  Settings settings_;
  Peers& peers_;
  Dataset data_;
  std::unique_ptr<Network> network_;
  std::unique_ptr<NetworkPass> pass_;
  std::vector<float> weights_, gradient_, update_, inputs_;
  std::vector<std::uint8_t> labels_;
  BatchSampler sampler_;
  std::unique_ptr<Optimizer> optimizer_;
  std::optional<PrunedExchange> pruned_;
  double learning_rate_ = 0, loss_ = 0;
  Bytes bytes_;
  std::vector<double> compute_, update_time_;
  PrunedTimes times_;
};

void sleep_until(std::int64_t time) {
  constexpr std::int64_t second = 1'000'000'000;
  const timespec until{time / second, time % second};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) != 0) {
  }
}

void work(std::span<char*> words) {
  if (words.size() < 10) throw std::runtime_error("ten words or more are needed");
  const auto number = [&](std::size_t index) { return std::stod(words[index]); };
  const Settings settings{static_cast<Rank>(number(1)),
                          static_cast<Rank>(number(2)),
                          std::string(words[3]) == "iwp",
                          static_cast<std::uint64_t>(number(4)),
                          static_cast<std::size_t>(number(5)),
                          number(6),
                          {Seconds{number(8)}, BytesPerSecond{number(7)}}};
  std::map<Rank, std::string> targets;
  for (const std::string word : words.subspan(10)) {
    targets.emplace(static_cast<Rank>(std::stoul(word)), word.substr(word.find('=') + 1));
  }
  Peers peers(settings.rank, targets, static_cast<std::size_t>(number(9)));
  Training training(settings, peers);
  peers.warm_up(256 * 1024);
  std::cout << "ready" << std::endl;
  std::string command;
  std::int64_t start = 0;
  if (!(std::cin >> command >> start)) return;
  sleep_until(start);
  Stopwatch watch;
  for (std::uint64_t step = 0; step < settings.steps; ++step) training.step(step);
  const double seconds = watch.lap();
  std::cout << training.report(seconds) << std::endl;
}

}  // namespace

int main(int count, char** words) {
  try {
    work({words, static_cast<std::size_t>(count)});
  } catch (const std::exception& error) {
    std::cerr << "ringsim_training_worker: " << error.what() << '\n';
    return 1;
  }
}
