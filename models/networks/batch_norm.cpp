#include "models/networks/batch_norm.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace ringsim {
namespace {

constexpr double epsilon = 1e-5;

/// Sums of term(i) for i < count, in eight lanes, so that the compiler may use vectors without
/// changing the order.
template <typename Term>
double lane_sum(std::size_t count, const Term& term) {
  constexpr std::size_t lanes = 8;
  std::array<float, lanes> sums{};
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    for (std::size_t lane = 0; lane < lanes; ++lane) sums[lane] += term(i + lane);
  }
  for (; i < count; ++i) sums[i % lanes] += term(i);
  double sum = 0;
  for (const float lane : sums) sum += lane;
  return sum;
}

class BatchNorm final : public Block {
 public:
  BatchNorm(std::string name, ActivationShape shape)
      : name_(std::move(name)), shape_(shape), batch_(shape.channels) {}

  ActivationShape output() const override { return shape_; }

  std::vector<Parameter> parameters() const override {
    return {{name_ + ".weight", shape_.channels, 1}, {name_ + ".bias", shape_.channels}};
  }

  void forward(const Forward& pass) override {
    for (std::size_t c = 0; c < shape_.channels; ++c) {
      if (pass.mode == Mode::evaluation) {
        batch_[c] = evaluation_moments(c);
      } else {
        batch_[c] = moments(pass, c);
        if (pass.mode == Mode::statistics) add(c, pass.samples);
      }
      const float scale = pass.weights[c] * inverse_stddev(c), mean = mean_of(c),
                  shift = pass.weights[shape_.channels + c];
      for_each_plane(c, pass.samples, [&](std::size_t first) {
        const float* const x = pass.input.data() + first;
        float* const y = pass.output.data() + first;
        for (std::size_t i = 0; i < shape_.area(); ++i) y[i] = (x[i] - mean) * scale + shift;
      });
    }
  }

  void backward(const Backward& pass) override {
    const auto count = static_cast<double>(pass.samples * shape_.area());
    for (std::size_t c = 0; c < shape_.channels; ++c) {
      const float mean = mean_of(c), inverse = inverse_stddev(c);
      double sum = 0, product = 0;  // of dy, and of dy times the normalised x
      for_each_plane(c, pass.samples, [&](std::size_t first) {
        const float *const x = pass.input.data() + first, *const dy =
                                                              pass.output_derivative.data() + first;
        sum += lane_sum(shape_.area(), [&](std::size_t i) { return dy[i]; });
        product +=
            lane_sum(shape_.area(), [&](std::size_t i) { return dy[i] * (x[i] - mean) * inverse; });
      });
      pass.gradient[c] = static_cast<float>(product);
      pass.gradient[shape_.channels + c] = static_cast<float>(sum);
      if (pass.input_derivative.empty()) continue;
      const float scale = pass.weights[c] * inverse, mean_dy = static_cast<float>(sum / count),
                  slope = static_cast<float>(product / count) * inverse;
      for_each_plane(c, pass.samples, [&](std::size_t first) {
        const float *const x = pass.input.data() + first, *const dy =
                                                              pass.output_derivative.data() + first;
        float* const dx = pass.input_derivative.data() + first;
        for (std::size_t i = 0; i < shape_.area(); ++i) {
          dx[i] = scale * (dy[i] - mean_dy - (x[i] - mean) * slope);
        }
      });
    }
  }

  bool has_statistics() const override { return true; }

  void begin_statistics() override { sums_.assign(shape_.channels, {}); }

 private:
  struct Moments {
    double mean = 0, variance = 0;
  };
  struct Sums {
    double value = 0, square = 0, samples = 0;
  };

  /// Calls plane(offset) for channel `c` of every sample.
  template <typename Plane>
  void for_each_plane(std::size_t c, std::size_t samples, const Plane& plane) const {
    for (std::size_t s = 0; s < samples; ++s) plane((s * shape_.channels + c) * shape_.area());
  }

  /// Two passes, so that a mean far from 0 does not cancel the variance.
  Moments moments(const Forward& pass, std::size_t c) const {
    const auto count = static_cast<double>(pass.samples * shape_.area());
    double sum = 0, squares = 0;
    for_each_plane(c, pass.samples, [&](std::size_t first) {
      const float* const x = pass.input.data() + first;
      sum += lane_sum(shape_.area(), [&](std::size_t i) { return x[i]; });
    });
    const auto mean = static_cast<float>(sum / count);
    for_each_plane(c, pass.samples, [&](std::size_t first) {
      const float* const x = pass.input.data() + first;
      squares +=
          lane_sum(shape_.area(), [&](std::size_t i) { return (x[i] - mean) * (x[i] - mean); });
    });
    return {sum / count, squares / count};
  }

  void add(std::size_t c, std::size_t samples) {
    check(!sums_.empty(), "batch_norm: begin_statistics was not called");
    const auto weight = static_cast<double>(samples);
    sums_[c].value += weight * batch_[c].mean;
    sums_[c].square += weight * (batch_[c].variance + batch_[c].mean * batch_[c].mean);
    sums_[c].samples += weight;
  }

  Moments evaluation_moments(std::size_t c) const {
    check(!sums_.empty() && sums_[c].samples > 0,
          "batch_norm: evaluation needs statistics; call prepare_evaluation first");
    const double mean = sums_[c].value / sums_[c].samples;
    return {mean, std::max(0.0, sums_[c].square / sums_[c].samples - mean * mean)};
  }

  float mean_of(std::size_t c) const { return static_cast<float>(batch_[c].mean); }
  float inverse_stddev(std::size_t c) const {
    return static_cast<float>(1 / std::sqrt(batch_[c].variance + epsilon));
  }

  std::string name_;
  ActivationShape shape_;
  std::vector<Moments> batch_;  ///< what the last forward pass normalised by
  std::vector<Sums> sums_;
};

}  // namespace

std::unique_ptr<Block> make_batch_norm(const std::string& name, ActivationShape input) {
  return std::make_unique<BatchNorm>(name, input);
}

}  // namespace ringsim
