#include "models/networks/convolution.hpp"

#include "base/error.hpp"
#include "models/matrix_product.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ringsim {
namespace {

class Convolution final : public Block {
 public:
  Convolution(std::string name, ActivationShape input, const ConvolutionOptions& options)
      : name_(std::move(name)),
        input_(input),
        options_(options),
        padded_{input.channels, input.height + 2 * options.padding,
                input.width + 2 * options.padding},
        output_{options.channels, padded_.height - options.kernel + 1,
                padded_.width - options.kernel + 1},
        patch_(input.channels * options.kernel * options.kernel),
        product_(matrix_products()),
        image_(padded_.size()),
        image_derivative_(padded_.size()),
        patches_(patch_ * output_.area()),
        sample_gradient_(output_.channels * patch_) {}

  ActivationShape output() const override { return output_; }

  std::vector<Parameter> parameters() const override {
    std::vector<Parameter> parameters = {{name_ + ".weight", sample_gradient_.size(), 0,
                                          std::sqrt(2.0 / static_cast<double>(patch_)),
                                          output_.channels}};
    if (options_.bias) parameters.push_back({name_ + ".bias", output_.channels});
    return parameters;
  }

  double product_flop() const override {
    return 2.0 * static_cast<double>(sample_gradient_.size()) * static_cast<double>(output_.area());
  }

  void forward(const Forward& pass) override {
    for (std::size_t s = 0; s < pass.samples; ++s) {
      const auto y = pass.output.subspan(s * output_.size(), output_.size());
      lay_out(pass.input.subspan(s * input_.size(), input_.size()));
      product_.ab(pass.weights.data(), patches_.data(), y.data(), channels(), patch(), area());
      if (!options_.bias) continue;
      for (std::size_t c = 0; c < output_.channels; ++c) {
        const float bias = pass.weights[sample_gradient_.size() + c];
        for (float& value : y.subspan(c * output_.area(), output_.area())) value += bias;
      }
    }
  }

  void backward(const Backward& pass) override {
    std::fill(pass.gradient.begin(), pass.gradient.end(), 0.0F);
    for (std::size_t s = 0; s < pass.samples; ++s) {
      const auto dy = pass.output_derivative.subspan(s * output_.size(), output_.size());
      // Laid out again: keeping the patches of a whole batch would not fit the caches.
      lay_out(pass.input.subspan(s * input_.size(), input_.size()));
      product_.abt(dy.data(), patches_.data(), sample_gradient_.data(), channels(), area(),
                   patch());
      for (std::size_t i = 0; i < sample_gradient_.size(); ++i) {
        pass.gradient[i] += sample_gradient_[i];
      }
      for (std::size_t c = 0; options_.bias && c < output_.channels; ++c) {
        const auto values = dy.subspan(c * output_.area(), output_.area());
        pass.gradient[sample_gradient_.size() + c] +=
            std::accumulate(values.begin(), values.end(), 0.0F);
      }
      if (pass.input_derivative.empty()) continue;
      product_.atb(pass.weights.data(), dy.data(), patches_.data(), patch(), channels(), area());
      add_back(pass.input_derivative.subspan(s * input_.size(), input_.size()));
    }
  }

 private:
  /// Calls row(first element in the padded image, first element in the matrix of patches) for every
  /// row of output_.width elements that the matrix is made of.
  template <typename Row>
  void for_each_row(const Row& row) const {
    std::size_t to = 0;
    for (std::size_t c = 0; c < padded_.channels; ++c) {
      for (std::size_t ky = 0; ky < options_.kernel; ++ky) {
        for (std::size_t kx = 0; kx < options_.kernel; ++kx) {
          for (std::size_t y = 0; y < output_.height; ++y, to += output_.width) {
            row((c * padded_.height + ky + y) * padded_.width + kx, to);
          }
        }
      }
    }
  }

  /// Calls row(first element in the image, first element in the padded image) for every row of the
  /// image.
  template <typename Row>
  void for_each_image_row(const Row& row) const {
    std::size_t from = 0;
    for (std::size_t c = 0; c < input_.channels; ++c) {
      for (std::size_t y = 0; y < input_.height; ++y, from += input_.width) {
        row(from, (c * padded_.height + y + options_.padding) * padded_.width + options_.padding);
      }
    }
  }

  /// patches[i*k*k + ky*k + kx, position] = x[i, position + (ky, kx) - padding].
  void lay_out(std::span<const float> x) {
    // The edges are zeros already: nothing else is ever written to them.
    for_each_image_row([&](std::size_t from, std::size_t to) {
      std::copy_n(x.data() + from, input_.width, image_.data() + to);
    });
    for_each_row([&](std::size_t from, std::size_t to) {
      std::copy_n(image_.data() + from, output_.width, patches_.data() + to);
    });
  }

  /// The transpose of lay_out(): adds each patch's derivative to the inputs that it was made of.
  void add_back(std::span<float> dx) {
    std::fill(image_derivative_.begin(), image_derivative_.end(), 0.0F);
    for_each_row([&](std::size_t to, std::size_t from) {
      const float* const row = patches_.data() + from;
      float* const target = image_derivative_.data() + to;
      for (std::size_t i = 0; i < output_.width; ++i) target[i] += row[i];
    });
    for_each_image_row([&](std::size_t to, std::size_t from) {
      std::copy_n(image_derivative_.data() + from, input_.width, dx.data() + to);
    });
  }

  std::ptrdiff_t channels() const { return static_cast<std::ptrdiff_t>(output_.channels); }
  std::ptrdiff_t patch() const { return static_cast<std::ptrdiff_t>(patch_); }
  std::ptrdiff_t area() const { return static_cast<std::ptrdiff_t>(output_.area()); }

  std::string name_;
  ActivationShape input_;
  ConvolutionOptions options_;
  ActivationShape padded_, output_;
  std::size_t patch_;  ///< elements of one patch
  const MatrixProducts& product_;
  std::vector<float> image_, image_derivative_;  ///< of one sample, with its padding
  std::vector<float> patches_;                   ///< of one sample: [patch_, output area]
  std::vector<float> sample_gradient_;
};

}  // namespace

std::unique_ptr<Block> make_convolution(const std::string& name, ActivationShape input,
                                        const ConvolutionOptions& options) {
  check(options.kernel > 0 && options.kernel <= input.height + 2 * options.padding &&
            options.kernel <= input.width + 2 * options.padding,
        "convolution: the kernel does not fit the image");
  return std::make_unique<Convolution>(name, input, options);
}

}  // namespace ringsim
