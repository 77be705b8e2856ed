#include "models/networks/relu.hpp"

namespace ringsim {
namespace {

class Relu final : public Block {
 public:
  explicit Relu(ActivationShape shape) : shape_(shape) {}

  ActivationShape output() const override { return shape_; }

  void forward(const Forward& pass) override {
    const float* const x = pass.input.data();
    float* const y = pass.output.data();
    for (std::size_t i = 0; i < pass.output.size(); ++i) y[i] = x[i] > 0 ? x[i] : 0;
  }

  void backward(const Backward& pass) override {
    const float *const y = pass.output.data(), *const dy = pass.output_derivative.data();
    float* const dx = pass.input_derivative.data();
    for (std::size_t i = 0; i < pass.input_derivative.size(); ++i) {
      const float derivative = dy[i];  // read in any case, so that there is no branch
      dx[i] = y[i] > 0 ? derivative : 0;
    }
  }

 private:
  ActivationShape shape_;
};

}  // namespace

std::unique_ptr<Block> make_relu(ActivationShape input) { return std::make_unique<Relu>(input); }

}  // namespace ringsim
