#include "models/networks/dense.hpp"

#include "models/networks/matrix_product.hpp"

#include <algorithm>
#include <cmath>

namespace ringsim {
namespace {

class Dense final : public Block {
 public:
  Dense(std::string name, std::size_t inputs, std::size_t outputs)
      : name_(std::move(name)), inputs_(inputs), outputs_(outputs), product_(matrix_products()) {}

  Shape output() const override { return {.channels = outputs_}; }

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
    product_.atb(delta, pass.input.data(), pass.gradient.data(), out, rows, in);
    const auto bias = pass.gradient.subspan(inputs_ * outputs_);
    std::fill(bias.begin(), bias.end(), 0.0F);
    for (std::size_t row = 0; row < pass.output_derivative.size(); row += outputs_) {
      for (std::size_t i = 0; i < outputs_; ++i) bias[i] += delta[row + i];
    }
    if (pass.input_derivative.empty()) return;
    product_.ab(delta, pass.weights.data(), pass.input_derivative.data(), rows, out, in);
  }

 private:
  static std::ptrdiff_t signed_of(std::size_t size) { return static_cast<std::ptrdiff_t>(size); }

  std::string name_;
  std::size_t inputs_, outputs_;
  const MatrixProducts& product_;
};

}  // namespace

std::unique_ptr<Block> make_dense(const std::string& name, Shape input, std::size_t outputs) {
  return std::make_unique<Dense>(name, input.size(), outputs);
}

}  // namespace ringsim
