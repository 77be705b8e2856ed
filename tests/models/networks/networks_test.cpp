// Every network's gradient against numerical derivatives of its loss in double precision
// (reference_network.hpp), and what evaluation does with batch normalisation.
#include "base/random.hpp"
#include "models/networks/mlp.hpp"
#include "models/networks/sequence.hpp"
#include "tests/models/networks/reference_network.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

using namespace ringsim;

namespace {

namespace plain = ringsim::reference;

std::vector<float> normal_values(std::size_t count, std::uint64_t seed) {
  std::vector<float> values(count);
  Random random(seed, Purpose::batch_order);
  for (auto& value : values) value = static_cast<float>(random.normal());
  return values;
}

/// Compares up to `per_layer` elements of every layer.
void check_gradient(const Network& network, ActivationShape input,
                    const std::vector<plain::Step>& steps, std::size_t classes,
                    std::size_t per_layer) {
  const auto& layers = network.layers();
  std::vector<float> weights(total_parameters(layers)), gradient(weights.size(), NAN);
  network.initialize(1, weights);
  // Biases, gains and shifts away from 0 and 1, so that mistakes in them show.
  const auto noise = normal_values(weights.size(), 5);
  for (const auto& layer : layers) {
    if (layer.parameters > 200) continue;
    for (std::size_t i = layer.offset; i < layer.offset + layer.parameters; ++i) {
      weights[i] += 0.3F * noise[i];
    }
  }
  constexpr std::size_t samples = 5;
  const auto inputs = normal_values(samples * input.size(), 2);
  std::vector<std::uint8_t> labels(samples);
  for (std::size_t i = 0; i < samples; ++i) {
    labels[i] = static_cast<std::uint8_t>((2 * i + 1) % classes);
  }
  const double loss = network.make_pass()->loss_and_gradient(weights, {inputs, labels}, gradient);

  plain::Values w(weights.begin(), weights.end());
  const auto plain_loss = [&] {
    return plain::loss(steps,
                       {samples, input.channels, input.height, input.width,
                        plain::Values(inputs.begin(), inputs.end()), w},
                       labels);
  };
  CHECK(loss == Approx(plain_loss()).epsilon(1e-5));
  for (const auto& layer : layers) {
    // A step of 1e-6: the curvature adds about 1e-12 and the rounding of double about 1e-10, and
    // kinks of ReLU and ties of maxima are too rare to lie inside. So what is left is the rounding
    // of the gradient itself, to fp32 with sums of some hundred terms: 1e-5 of the largest.
    const std::size_t count = std::min(per_layer, layer.parameters);
    double largest = 0, worst = 0;
    for (std::size_t i = 0; i < count; ++i) {
      // All of a small layer; multiples of the golden ratio (mod 1) spread evenly over a large one.
      const double spread = std::fmod(static_cast<double>(i + 1) * std::numbers::phi, 1);
      const std::size_t index =
          layer.offset +
          (count == layer.parameters
               ? i
               : static_cast<std::size_t>(spread * static_cast<double>(layer.parameters)));
      const double original = w[index], step = 1e-6;
      w[index] = original + step;
      const double above = plain_loss();
      w[index] = original - step;
      const double below = plain_loss();
      w[index] = original;
      const double numerical = (above - below) / (2 * step);
      largest = std::max(largest, std::fabs(numerical));
      worst = std::max(worst, std::fabs(numerical - static_cast<double>(gradient[index])));
    }
    INFO(layer.name << ": largest derivative " << largest << ", worst difference " << worst);
    CHECK(largest > 1e-4);  // there is something to compare
    CHECK(worst <= 1e-5 * std::max(largest, 0.1));
  }
}

Batch batch_of(const std::vector<float>& inputs, const std::vector<std::uint8_t>& labels) {
  return {inputs, labels};
}

}  // namespace

TEST_CASE("the gradient of dense layers is the numerical derivative", "[networks]") {
  check_gradient(*make_mlp({7, 9, 6, 4}), {.channels = 7},
                 {plain::dense(9), plain::relu(), plain::dense(6), plain::relu(), plain::dense(4)},
                 4, 1000);
}

TEST_CASE("the gradient of the shipped mlp is the numerical derivative", "[networks]") {
  check_gradient(
      *find_network("mlp").make(), {.channels = 784},
      {plain::dense(256), plain::relu(), plain::dense(128), plain::relu(), plain::dense(10)}, 10,
      15);
}

TEST_CASE("the gradient of convolutions is the numerical derivative", "[networks]") {
  const std::size_t kernel = GENERATE(1, 3, 5), padding = GENERATE(0, 1, 2);
  const bool bias = GENERATE(true, false);
  // After both convolutions:
  const std::size_t height = 6 + 2 * padding - kernel, width = 5 + 2 * padding - kernel;
  if (height < 1 || width < 1) return;  // the second convolution does not fit
  const ActivationShape input{.channels = 2, .height = 6, .width = 5};
  const auto network = make_sequence_network([=] {
    Sequence sequence(input);
    const ConvolutionOptions options{
        .channels = 3, .kernel = kernel, .padding = padding, .bias = bias};
    sequence.convolution("conv1", options)
        .relu()
        .convolution("conv2", {.channels = 2, .kernel = 2});
    if (sequence.output().height >= 2 && sequence.output().width >= 2) sequence.max_pool(2);
    sequence.dense("fc1", 3);
    return sequence;
  });
  std::vector<plain::Step> steps = {plain::convolution(3, kernel, padding, bias), plain::relu(),
                                    plain::convolution(2, 2, 0, true)};
  if (height >= 2 && width >= 2) steps.push_back(plain::max_pool(2));
  steps.push_back(plain::dense(3));
  check_gradient(*network, input, steps, 3, 1000);
}

TEST_CASE("the gradient of batch normalisation is the numerical derivative", "[networks]") {
  const ActivationShape input{.channels = 2, .height = 3, .width = 7};
  const auto network = make_sequence_network([=] {
    Sequence sequence(input);
    sequence.convolution("conv1", {.channels = 3, .kernel = 3, .padding = 1, .bias = false});
    sequence.batch_norm("bn1").relu().dense("fc1", 4).relu().batch_norm("bn2").dense("fc2", 3);
    return sequence;
  });
  check_gradient(*network, input,
                 {plain::convolution(3, 3, 1, false), plain::batch_norm(), plain::relu(),
                  plain::dense(4), plain::relu(), plain::batch_norm(), plain::dense(3)},
                 3, 1000);
}

TEST_CASE("the gradient of LeNet-5 is the numerical derivative", "[networks]") {
  const auto network = find_network("lenet5").make();
  // 6*25+6, 16*6*25+16, 400*120+120, 120*84+84, 84*10+10
  CHECK(total_parameters(network->layers()) == 156 + 2416 + 48120 + 10164 + 850);
  check_gradient(
      *network, {.channels = 1, .height = 28, .width = 28},
      {plain::convolution(6, 5, 2, true), plain::relu(), plain::max_pool(2),
       plain::convolution(16, 5, 0, true), plain::relu(), plain::max_pool(2), plain::dense(120),
       plain::relu(), plain::dense(84), plain::relu(), plain::dense(10)},
      10, 12);
}

TEST_CASE("the gradient of cnn-bn is the numerical derivative", "[networks]") {
  const auto network = find_network("cnn-bn").make();
  // 16*9, 2*16, 32*16*9, 2*32, 32*7*7*128+128, 128*10+10
  CHECK(total_parameters(network->layers()) == 144 + 32 + 4608 + 64 + 200832 + 1290);
  check_gradient(
      *network, {.channels = 1, .height = 28, .width = 28},
      {plain::convolution(16, 3, 1, false), plain::batch_norm(), plain::relu(), plain::max_pool(2),
       plain::convolution(32, 3, 1, false), plain::batch_norm(), plain::relu(), plain::max_pool(2),
       plain::dense(128), plain::relu(), plain::dense(10)},
      10, 8);
}

TEST_CASE("weights are matrices with a row per output", "[networks]") {
  for (const auto& [model, expected] :
       {std::pair{"mlp", std::vector<std::size_t>{256, 1, 128, 1, 10, 1}},
        std::pair{"lenet5", std::vector<std::size_t>{6, 1, 16, 1, 120, 1, 84, 1, 10, 1}},
        std::pair{"cnn-bn", std::vector<std::size_t>{16, 1, 1, 32, 1, 1, 128, 1, 10, 1}}}) {
    std::vector<std::size_t> rows;
    const auto network = find_network(model).make();
    for (const auto& layer : network->layers()) rows.push_back(layer.rows);
    CHECK(rows == expected);
  }
}

TEST_CASE("a second pass and a used one give the same bits", "[networks]") {
  for (const auto* definition : networks()) {
    const auto network = definition->make();
    std::vector<float> weights(total_parameters(network->layers()));
    network->initialize(1, weights);
    const auto inputs = normal_values(4 * 784, 3), others = normal_values(9 * 784, 4);
    const std::vector<std::uint8_t> labels = {0, 1, 2, 9}, other_labels(9, 5);
    std::vector<float> first(weights.size(), NAN), again(weights.size(), NAN);
    const auto used = network->make_pass();
    used->loss_and_gradient(weights, batch_of(others, other_labels), first);
    const double loss = used->loss_and_gradient(weights, batch_of(inputs, labels), first);
    CHECK(network->make_pass()->loss_and_gradient(weights, batch_of(inputs, labels), again) ==
          loss);
    CHECK(first == again);
  }
}

TEST_CASE("evaluation normalises by the statistics of the samples it was prepared with",
          "[networks]") {
  // One input, batch normalisation, then scores (y, -y): class 0 where y > 0, that is where the
  // input is above the mean of the samples that were given.
  const auto network = make_sequence_network([] {
    Sequence sequence({.channels = 1});
    sequence.batch_norm("bn1").dense("fc1", 2);
    return sequence;
  });
  const std::vector<float> weights = {1, 0, 1, -1, 0, 0};  // gain, shift, weights, biases
  const std::vector<float> inputs = {4, 6};
  const std::vector<std::uint8_t> labels = {0, 0};
  const auto pass = network->make_pass();
  const auto right_after = [&](const std::vector<float>& samples) {
    const std::vector<std::uint8_t> any(samples.size());
    pass->prepare_evaluation(weights, batch_of(samples, any));
    return pass->correct(weights, batch_of(inputs, labels));
  };
  CHECK(right_after({1, 3}) == 2);  // both are above 2
  CHECK(right_after({4, 6}) == 1);
  CHECK(right_after({7, 9}) == 0);
  // More than one batch of 128: the mean of all, 5*(129/130) + ..., lies between 4 and 6.
  std::vector<float> many(130, 5.0F);
  many[0] = 0;
  CHECK(right_after(many) == 1);
  // A single sample is evaluated by the same statistics, not by its own.
  const std::vector<float> one = {6};
  const std::vector<std::uint8_t> label = {0};
  CHECK(pass->correct(weights, batch_of(one, label)) == 1);
}
