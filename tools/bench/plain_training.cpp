#include "tools/bench/plain_training.hpp"

#include "models/sampler.hpp"
#include "models/schedule.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <vector>

namespace ringsim::bench {
namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Row = Eigen::RowVectorXf;

struct Layer {
  Matrix weight, weight_gradient, weight_velocity;
  Row bias, bias_gradient, bias_velocity;
  Matrix output;
};

class PlainTraining {
 public:
  PlainTraining(const Dataset& data, std::span<const float> weights) : data_(data) {
    constexpr std::array<Eigen::Index, 4> widths = {784, 256, 128, 10};
    const float* next = weights.data();
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      auto& layer = layers_[i];
      const auto inputs = widths[i], outputs = widths[i + 1];
      layer.weight = Eigen::Map<const Matrix>(next, outputs, inputs);
      next += outputs * inputs;
      layer.bias = Eigen::Map<const Row>(next, outputs);
      next += outputs;
      layer.weight_velocity = Matrix::Zero(outputs, inputs);
      layer.bias_velocity = Row::Zero(outputs);
    }
  }

  void begin_step() {
    for (auto& layer : layers_) {
      layer.weight_gradient = Matrix::Zero(layer.weight.rows(), layer.weight.cols());
      layer.bias_gradient = Row::Zero(layer.bias.size());
    }
  }

  /// Adds the gradient of the mean loss over some samples.
  void add_gradient(std::span<const std::uint32_t> samples) {
    gather(samples);
    forward(inputs_);
    Matrix delta = softmax_derivative();
    for (std::size_t i = layers_.size(); i-- > 0;) {
      auto& layer = layers_[i];
      layer.weight_gradient.noalias() +=
          delta.transpose() * (i == 0 ? inputs_ : layers_[i - 1].output);
      layer.bias_gradient += delta.colwise().sum();
      if (i == 0) break;
      Matrix below = delta * layer.weight;
      delta = (layers_[i - 1].output.array() > 0).select(below, 0.0F);
    }
  }

  void update(float pieces, float rate, float momentum) {
    for (auto& layer : layers_) {
      layer.weight_velocity = momentum * layer.weight_velocity + layer.weight_gradient / pieces;
      layer.bias_velocity = momentum * layer.bias_velocity + layer.bias_gradient / pieces;
      layer.weight -= rate * layer.weight_velocity;
      layer.bias -= rate * layer.bias_velocity;
    }
  }

  double accuracy() {
    constexpr std::size_t rows = 500;
    const auto& test = data_.test;
    std::size_t correct = 0;
    for (std::size_t begin = 0; begin < test.size(); begin += rows) {
      const auto count = static_cast<Eigen::Index>(std::min(rows, test.size() - begin));
      inputs_.resize(count, static_cast<Eigen::Index>(test.input_size));
      test.copy_inputs(begin, static_cast<std::size_t>(count),
                       {inputs_.data(), static_cast<std::size_t>(inputs_.size())});
      forward(inputs_);
      for (Eigen::Index row = 0; row < count; ++row) {
        Eigen::Index best = 0;
        layers_.back().output.row(row).maxCoeff(&best);
        correct += best == test.labels[begin + static_cast<std::size_t>(row)] ? 1 : 0;
      }
    }
    return static_cast<double>(correct) / static_cast<double>(test.size());
  }

 private:
  void gather(std::span<const std::uint32_t> samples) {
    const auto& train = data_.train;
    inputs_.resize(static_cast<Eigen::Index>(samples.size()),
                   static_cast<Eigen::Index>(train.input_size));
    labels_.resize(samples.size());
    train.gather(samples, {inputs_.data(), static_cast<std::size_t>(inputs_.size())}, labels_);
  }

  void forward(const Matrix& inputs) {
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      auto& layer = layers_[i];
      layer.output.noalias() = (i == 0 ? inputs : layers_[i - 1].output) * layer.weight.transpose();
      layer.output.rowwise() += layer.bias;
      if (i + 1 < layers_.size()) layer.output = layer.output.cwiseMax(0.0F);
    }
  }

  Matrix softmax_derivative() const {
    const Matrix& scores = layers_.back().output;
    Matrix shares = (scores.colwise() - scores.rowwise().maxCoeff()).array().exp();
    const Eigen::VectorXf sums = shares.rowwise().sum();
    shares.array().colwise() /= sums.array();
    for (Eigen::Index row = 0; row < shares.rows(); ++row) {
      shares(row, labels_[static_cast<std::size_t>(row)]) -= 1;
    }
    return shares / static_cast<float>(shares.rows());
  }

  const Dataset& data_;
  std::array<Layer, 3> layers_;
  Matrix inputs_;
  std::vector<std::uint8_t> labels_;
};

}  // namespace

double train_plainly(const Dataset& data, std::span<const float> weights,
                     const PlainTrainingOptions& options) {
  PlainTraining training(data, weights);
  BatchSampler sampler(data.train.size(), static_cast<Rank>(options.pieces), options.batch,
                       options.seed);
  for (std::uint64_t step = 0; step < options.steps; ++step) {
    sampler.begin_step(step);
    training.begin_step();
    for (Rank piece = 0; piece < options.pieces; ++piece) {
      training.add_gradient(sampler.batch(step, piece));
    }
    const double rate = learning_rate_at("cosine", options.learning_rate, step, options.steps);
    training.update(static_cast<float>(options.pieces), static_cast<float>(rate),
                    static_cast<float>(options.momentum));
  }
  return training.accuracy();
}

}  // namespace ringsim::bench
