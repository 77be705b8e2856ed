#include "models/networks/max_pool.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <cstdint>

namespace ringsim {
namespace {

class MaxPool final : public Block {
 public:
  MaxPool(ActivationShape input, std::size_t side)
      : input_(input),
        output_{input.channels, input.height / side, input.width / side},
        side_(side) {}

  ActivationShape output() const override { return output_; }

  void forward(const Forward& pass) override {
    winners_.resize(pass.output.size());
    const float* const x = pass.input.data();
    std::size_t to = 0;
    for (std::size_t plane = 0; plane < pass.samples * input_.channels; ++plane) {
      for (std::size_t row = 0; row < output_.height; ++row) {
        for (std::size_t column = 0; column < output_.width; ++column, ++to) {
          const std::size_t winner =
              largest(x, (plane * input_.height + row * side_) * input_.width + column * side_);
          pass.output[to] = x[winner];
          winners_[to] = static_cast<std::uint32_t>(winner);
        }
      }
    }
  }

  void backward(const Backward& pass) override {
    if (pass.input_derivative.empty()) return;
    std::fill(pass.input_derivative.begin(), pass.input_derivative.end(), 0.0F);
    for (std::size_t i = 0; i < winners_.size(); ++i) {
      pass.input_derivative[winners_[i]] = pass.output_derivative[i];
    }
  }

 private:
  std::size_t largest(const float* x, std::size_t corner) const {
    std::size_t winner = corner;
    for (std::size_t row = 0; row < side_; ++row) {
      for (std::size_t i = corner + row * input_.width; i < corner + row * input_.width + side_;
           ++i) {
        winner = x[i] > x[winner] ? i : winner;
      }
    }
    return winner;
  }

  ActivationShape input_, output_;
  std::size_t side_;
  std::vector<std::uint32_t> winners_;  ///< index into the batch's input, per output
};

}  // namespace

std::unique_ptr<Block> make_max_pool(ActivationShape input, std::size_t side) {
  check(side > 0 && side <= input.height && side <= input.width,
        "max_pool: the square does not fit the image");
  return std::make_unique<MaxPool>(input, side);
}

}  // namespace ringsim
