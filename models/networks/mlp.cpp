#include "models/networks/mlp.hpp"

#include "base/error.hpp"
#include "base/random.hpp"
#include "models/networks/matrix_product.hpp"
#include "models/networks/softmax.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ringsim {
namespace {

/// Where a dense layer's parameters stand.
struct DenseLayer {
  std::size_t inputs, outputs;
  std::size_t weight, bias;  ///< offsets into the flat buffer
};

class MlpPass final : public NetworkPass {
 public:
  explicit MlpPass(std::vector<DenseLayer> layers)
      : layers_(std::move(layers)), product_(matrix_products()), activations_(layers_.size()) {}

  double loss_and_gradient(std::span<const float> weights, const Batch& batch,
                           std::span<float> gradient) override {
    forward(weights, batch);
    delta_ = activations_.back();
    const double loss = softmax_cross_entropy(delta_, layers_.back().outputs, batch.labels);
    const auto rows = static_cast<std::ptrdiff_t>(batch.labels.size());
    for (std::size_t l = layers_.size(); l-- > 0;) {
      const auto& layer = layers_[l];
      const auto in = static_cast<std::ptrdiff_t>(layer.inputs),
                 out = static_cast<std::ptrdiff_t>(layer.outputs);
      const float* input = l == 0 ? batch.inputs.data() : activations_[l - 1].data();
      product_.atb(delta_.data(), input, gradient.data() + layer.weight, out, rows, in);
      sum_rows(delta_, gradient.subspan(layer.bias, layer.outputs));
      if (l == 0) break;
      input_delta_.resize(activations_[l - 1].size());
      product_.ab(delta_.data(), weights.data() + layer.weight, input_delta_.data(), rows, out, in);
      // The derivative of ReLU: 0 where its output is 0.
      for (std::size_t i = 0; i < input_delta_.size(); ++i) {
        input_delta_[i] = activations_[l - 1][i] > 0 ? input_delta_[i] : 0;
      }
      std::swap(delta_, input_delta_);
    }
    return loss;
  }

  std::size_t correct(std::span<const float> weights, const Batch& batch) override {
    forward(weights, batch);
    return count_correct(activations_.back(), layers_.back().outputs, batch.labels);
  }

 private:
  void forward(std::span<const float> weights, const Batch& batch) {
    const std::size_t rows = batch.labels.size();
    check(batch.inputs.size() == rows * layers_.front().inputs,
          "mlp: the batch has another shape than the network");
    const float* input = batch.inputs.data();
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      const auto& layer = layers_[l];
      auto& output = activations_[l];
      output.resize(rows * layer.outputs);
      product_.abt(input, weights.data() + layer.weight, output.data(),
                   static_cast<std::ptrdiff_t>(rows), static_cast<std::ptrdiff_t>(layer.inputs),
                   static_cast<std::ptrdiff_t>(layer.outputs));
      const bool is_last = l + 1 == layers_.size();
      const float* bias = weights.data() + layer.bias;
      for (std::size_t row = 0; row < rows; ++row) {
        float* y = output.data() + row * layer.outputs;
        for (std::size_t i = 0; i < layer.outputs; ++i) {
          const float sum = y[i] + bias[i];
          y[i] = is_last || sum > 0 ? sum : 0;
        }
      }
      input = output.data();
    }
  }

  static void sum_rows(std::span<const float> matrix, std::span<float> sums) {
    std::fill(sums.begin(), sums.end(), 0.0F);
    for (std::size_t row = 0; row < matrix.size(); row += sums.size()) {
      for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += matrix[row + i];
    }
  }

  std::vector<DenseLayer> layers_;
  const MatrixProducts& product_;
  std::vector<std::vector<float>> activations_;  ///< outputs of each layer, after ReLU
  std::vector<float> delta_,
      input_delta_;  ///< derivative of the loss by a layer's output, and by its input
};

class Mlp final : public Network {
 public:
  explicit Mlp(const std::vector<std::size_t>& widths) {
    check(widths.size() >= 2, "mlp: needs an input and an output width");
    std::size_t offset = 0;
    for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
      const std::size_t in = widths[l], out = widths[l + 1];
      dense_.push_back({in, out, offset, offset + in * out});
      layers_.push_back({fmt::format("fc{}.weight", l + 1), offset, in * out, out});
      layers_.push_back({fmt::format("fc{}.bias", l + 1), offset + in * out, out});
      offset += in * out + out;
    }
  }

  const Layers& layers() const override { return layers_; }
  std::size_t input_size() const override { return dense_.front().inputs; }

  double flop_per_sample() const override {
    // A product forward, and two backward (by the weights, and by the input, which the first layer
    // does without).
    double flop = 0;
    for (const auto& layer : dense_) {
      const double product =
          2.0 * static_cast<double>(layer.inputs) * static_cast<double>(layer.outputs);
      flop += (&layer == &dense_.front() ? 2 : 3) * product;
    }
    return flop;
  }

  void initialize(std::uint64_t seed, std::span<float> weights) const override {
    std::fill(weights.begin(), weights.end(), 0.0F);
    for (std::size_t l = 0; l < dense_.size(); ++l) {
      Random random(seed, Purpose::initial_weights, 0, l);
      const double stddev = std::sqrt(2.0 / static_cast<double>(dense_[l].inputs));
      for (auto& weight : weights.subspan(dense_[l].weight, dense_[l].inputs * dense_[l].outputs)) {
        weight = static_cast<float>(stddev * random.normal());
      }
    }
  }

  std::unique_ptr<NetworkPass> make_pass() const override {
    return std::make_unique<MlpPass>(dense_);
  }

 private:
  std::vector<DenseLayer> dense_;
  Layers layers_;
};

}  // namespace

std::unique_ptr<Network> make_mlp(const std::vector<std::size_t>& widths) {
  return std::make_unique<Mlp>(widths);
}

extern const NetworkDefinition mlp_network;
const NetworkDefinition mlp_network = {
    .name = "mlp",
    .description = "784-256-128-10, ReLU, on Fashion-MNIST",
    .make =
        [] {
          return make_mlp({784, 256, 128, 10});
        },
};

}  // namespace ringsim
