#include "models/networks/dense.hpp"

#include "models/matrix_product.hpp"

#include <algorithm>
#include <cmath>

namespace ringsim {
namespace {

class Dense final : public Block {
 public:
  Dense(std::string name, std::size_t inputs, std::size_t outputs)
      : name_(std::move(name)), inputs_(inputs), outputs_(outputs), product_(matrix_products()) {}

  ActivationShape output() const override { return {.channels = outputs_}; }

  std::vector<Parameter> parameters() const override {
    return {{name_ + ".weight", inputs_ * outputs_, 0,
             std::sqrt(2.0 / static_cast<double>(inputs_)), outputs_},
            {name_ + ".bias", outputs_}};
  }

  double product_flop() const override {
    return 2.0 * static_cast<double>(inputs_) * static_cast<double>(outputs_);
  }

  void forward(const Forward& pass) override {
    product_.abt(pass.input.data(), pass.weights.data(), pass.output.data(),
                 signed_of(pass.samples), signed_of(inputs_), signed_of(outputs_));
    const auto bias = pass.weights.subspan(inputs_ * outputs_);
    for (std::size_t row = 0; row < pass.output.size(); row += outputs_) {
      for (std::size_t i = 0; i < outputs_; ++i) pass.output[row + i] += bias[i];
    }
  }

  void backward(const Backward& pass) override {
    const float* const delta = pass.output_derivative.data();
    const auto rows = signed_of(pass.samples), in = signed_of(inputs_), out = signed_of(outputs_);
    if (!pass.gradient.empty()) {
      product_.atb(delta, pass.input.data(), pass.gradient.data(), out, rows, in);
      const auto bias = pass.gradient.subspan(inputs_ * outputs_);
      std::ranges::copy(bias_gradient(pass.output_derivative), bias.begin());
    }
    if (pass.input_derivative.empty()) return;
    product_.ab(delta, pass.weights.data(), pass.input_derivative.data(), rows, out, in);
  }

  /// Columns of the weights that lie in an L2 cache of 512 KiB.
  std::size_t gradient_parts() const override {
    return (inputs_ + part_width() - 1) / part_width();
  }

  void add_gradient(const GradientSource& source, std::size_t part, std::span<float> sum,
                    bool adds) const override {
    const std::size_t first = part * part_width(), width = std::min(part_width(), inputs_ - first);
    product_.add_atb(source.output_derivative.data(), source.input.data() + first,
                     sum.data() + first, signed_of(outputs_), signed_of(source.samples),
                     signed_of(width), signed_of(inputs_), adds);
    if (part > 0) return;
    const auto bias = bias_gradient(source.output_derivative);
    const auto bias_sum = sum.subspan(inputs_ * outputs_);
    for (std::size_t i = 0; i < outputs_; ++i) bias_sum[i] = adds ? bias_sum[i] + bias[i] : bias[i];
  }

 private:
  /// A multiple of the width of the tiles that products are made of: narrower ones add up in
  /// another order.
  std::size_t part_width() const {
    constexpr std::size_t parameters = 131072, tile = 24;
    const std::size_t parts = (inputs_ * outputs_ + parameters - 1) / parameters;
    return ((inputs_ + parts - 1) / parts + tile - 1) / tile * tile;
  }

  std::vector<float> bias_gradient(std::span<const float> delta) const {
    std::vector<float> sum(outputs_);
    for (std::size_t row = 0; row < delta.size(); row += outputs_) {
      for (std::size_t i = 0; i < outputs_; ++i) sum[i] += delta[row + i];
    }
    return sum;
  }

  static std::ptrdiff_t signed_of(std::size_t size) { return static_cast<std::ptrdiff_t>(size); }

  std::string name_;
  std::size_t inputs_, outputs_;
  const MatrixProducts& product_;
};

}  // namespace

std::unique_ptr<Block> make_dense(const std::string& name, ActivationShape input,
                                  std::size_t outputs) {
  return std::make_unique<Dense>(name, input.size(), outputs);
}

}  // namespace ringsim
