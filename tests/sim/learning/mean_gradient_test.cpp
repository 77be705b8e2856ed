#include "sim/learning/mean_gradient.hpp"

#include "base/random.hpp"
#include "models/networks/mlp.hpp"
#include "models/networks/sequence.hpp"
#include "models/schemes/mean.hpp"
#include "tests/pixels.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace ringsim;

namespace {

constexpr std::size_t input_size = 300, classes = 10;

/// A first layer in several parts, widths that fill no tile.
std::unique_ptr<Network> wide_mlp() { return make_mlp({input_size, 500, 37, classes}); }

std::unique_ptr<Network> normalised() {
  return make_sequence_network([] {
    Sequence network({.channels = 3, .height = 10, .width = 10});
    network.convolution("conv1", {.channels = 4, .kernel = 3, .padding = 1, .bias = true})
        .batch_norm("bn1")
        .relu()
        .max_pool(2)
        .dense("fc1", classes);
    return network;
  });
}

Samples draw_samples(std::size_t count) {
  Samples samples;
  samples.input_size = input_size;
  samples.input_of = test::inputs_of_pixels();
  Random random(3, Purpose::batch_order);
  for (std::size_t i = 0; i < count * input_size; ++i)
    samples.pixels.push_back(test::pixel_of(random.normal()));
  for (std::size_t i = 0; i < count; ++i)
    samples.labels.push_back(static_cast<std::uint8_t>(random.below(classes)));
  return samples;
}

}  // namespace

TEST_CASE("the mean gradient is, to the bit, the mean of the ranks' gradients", "[mean_gradient]") {
  const auto network = GENERATE(0, 1) == 0 ? wide_mlp() : normalised();
  // 16 and 20 pass through the network together, 7 and 18 alone, 300 need more than one sum.
  const std::size_t batch = GENERATE(7, 16, 18, 20, 300), ranks = GENERATE(1, 5);
  INFO(network->layers().front().name << ", batch " << batch << ", ranks " << ranks);
  const auto samples = draw_samples(batch * ranks);
  std::vector<float> weights(total_parameters(network->layers()));
  network->initialize(1, weights);

  std::vector<std::vector<float>> gradients(ranks, std::vector<float>(weights.size()));
  std::vector<double> expected_losses;
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    std::vector<float> inputs(batch * input_size);
    samples.copy_inputs(rank * batch, batch, inputs);
    const Batch own = {inputs, std::span(samples.labels).subspan(rank * batch, batch)};
    expected_losses.push_back(
        network->make_pass()->loss_and_gradient(weights, own, gradients[rank]));
  }
  std::vector<float> expected(weights.size());
  mean_over_ranks(gradients, expected);

  std::vector<std::uint32_t> order(samples.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  for (const std::size_t thread_count : {1, 2, 3}) {
    ThreadPool threads(thread_count);
    MeanGradient mean_gradient(*network, batch);
    for (const int step : {0, 1}) {  // the second finds the first one's buffers
      INFO(thread_count << " threads, step " << step);
      std::vector<double> losses(ranks);
      const auto mean = mean_gradient.compute(
          samples, weights,
          [&](std::size_t rank) { return std::span(order).subspan(rank * batch, batch); }, losses,
          threads);
      CHECK(std::ranges::equal(mean, expected));
      CHECK(losses == expected_losses);
    }
  }
}
