#pragma once
// Networks in plain loops and double precision, forward only: what the real ones' gradients are
// compared with. Written from the formulas, without any of the blocks.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace ringsim::reference {

using Values = std::vector<double>;

/// A batch on its way through the network, and the parameters that are left.
struct State {
  std::size_t samples, channels, height, width;
  Values x;
  std::span<const double> weights;

  std::span<const double> take(std::size_t count) {
    const auto taken = weights.first(count);
    weights = weights.subspan(count);
    return taken;
  }
};

using Step = std::function<void(State&)>;

inline Step dense(std::size_t outputs) {
  return [=](State& s) {
    const std::size_t inputs = s.channels * s.height * s.width;
    const auto w = s.take(inputs * outputs), b = s.take(outputs);
    Values y(s.samples * outputs);
    for (std::size_t n = 0; n < s.samples; ++n) {
      for (std::size_t o = 0; o < outputs; ++o) {
        double sum = b[o];
        for (std::size_t i = 0; i < inputs; ++i) sum += w[o * inputs + i] * s.x[n * inputs + i];
        y[n * outputs + o] = sum;
      }
    }
    s = {s.samples, outputs, 1, 1, std::move(y), s.weights};
  };
}

inline Step relu() {
  return [](State& s) {
    for (double& value : s.x) value = value > 0 ? value : 0;
  };
}

inline Step convolution(std::size_t outputs, std::size_t kernel, std::size_t padding, bool bias) {
  return [=](State& s) {
    const auto w = s.take(outputs * s.channels * kernel * kernel), b = s.take(bias ? outputs : 0);
    const std::size_t height = s.height + 2 * padding - kernel + 1,
                      width = s.width + 2 * padding - kernel + 1;
    Values y;
    for (std::size_t n = 0; n < s.samples; ++n) {
      for (std::size_t o = 0; o < outputs; ++o) {
        for (std::size_t row = 0; row < height; ++row) {
          for (std::size_t column = 0; column < width; ++column) {
            double sum = bias ? b[o] : 0;
            for (std::size_t i = 0; i < s.channels; ++i) {
              for (std::size_t ky = 0; ky < kernel; ++ky) {
                for (std::size_t kx = 0; kx < kernel; ++kx) {
                  const std::size_t r = row + ky, c = column + kx;  // in the padded image
                  if (r < padding || c < padding || r >= s.height + padding ||
                      c >= s.width + padding) {
                    continue;
                  }
                  sum +=
                      w[((o * s.channels + i) * kernel + ky) * kernel + kx] *
                      s.x[((n * s.channels + i) * s.height + r - padding) * s.width + c - padding];
                }
              }
            }
            y.push_back(sum);
          }
        }
      }
    }
    s = {s.samples, outputs, height, width, std::move(y), s.weights};
  };
}

inline Step max_pool(std::size_t side) {
  return [=](State& s) {
    Values y;
    for (std::size_t plane = 0; plane < s.samples * s.channels; ++plane) {
      for (std::size_t row = 0; row + side <= s.height; row += side) {
        for (std::size_t column = 0; column + side <= s.width; column += side) {
          double largest = -INFINITY;
          for (std::size_t i = 0; i < side * side; ++i) {
            largest = std::fmax(
                largest, s.x[(plane * s.height + row + i / side) * s.width + column + i % side]);
          }
          y.push_back(largest);
        }
      }
    }
    s = {s.samples, s.channels, s.height / side, s.width / side, std::move(y), s.weights};
  };
}

inline Step batch_norm() {
  return [](State& s) {
    const auto gain = s.take(s.channels), shift = s.take(s.channels);
    const std::size_t area = s.height * s.width;
    const auto count = static_cast<double>(s.samples * area);
    for (std::size_t c = 0; c < s.channels; ++c) {
      const auto each = [&](const auto& action) {
        for (std::size_t n = 0; n < s.samples; ++n) {
          for (std::size_t i = 0; i < area; ++i) action(s.x[(n * s.channels + c) * area + i]);
        }
      };
      double sum = 0, squares = 0;
      each([&](double x) { sum += x; });
      const double mean = sum / count;
      each([&](double x) { squares += (x - mean) * (x - mean); });
      const double stddev = std::sqrt(squares / count + 1e-5);
      each([&](double& x) { x = gain[c] * (x - mean) / stddev + shift[c]; });
    }
  };
}

/// Mean cross-entropy of the softmax of what the last step leaves.
inline double loss(const std::vector<Step>& steps, State state,
                   std::span<const std::uint8_t> labels) {
  for (const auto& step : steps) step(state);
  double total = 0;
  for (std::size_t n = 0; n < state.samples; ++n) {
    const auto scores = std::span(state.x).subspan(n * state.channels, state.channels);
    double sum = 0;
    for (const double score : scores) sum += std::exp(score);
    total += std::log(sum) - scores[labels[n]];
  }
  return total / static_cast<double>(state.samples);
}

}  // namespace ringsim::reference
