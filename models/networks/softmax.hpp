#pragma once
// The end of every classifier: softmax with cross-entropy, and counting right answers.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

namespace ringsim {

/// Mean cross-entropy of the rows of `scores` [rows, classes] against their labels; overwrites
/// `scores` with the derivative of that mean by each score: (softmax - one-hot) / rows.
inline double softmax_cross_entropy(std::span<float> scores, std::size_t classes,
                                    std::span<const std::uint8_t> labels) {
  double loss = 0;
  const auto rows = static_cast<double>(labels.size());
  for (std::size_t row = 0; row < labels.size(); ++row) {
    const auto y = scores.subspan(row * classes, classes);
    const double largest = *std::max_element(y.begin(), y.end());
    double sum = 0;
    for (const float score : y) sum += std::exp(score - largest);
    loss += std::log(sum) - (y[labels[row]] - largest);
    for (std::size_t i = 0; i < classes; ++i) {
      const double probability = std::exp(y[i] - largest) / sum;
      y[i] = static_cast<float>((probability - (i == labels[row] ? 1 : 0)) / rows);
    }
  }
  return loss / rows;
}

/// Rows of `scores` whose largest entry (the first of equals) is their label's.
inline std::size_t count_correct(std::span<const float> scores, std::size_t classes,
                                 std::span<const std::uint8_t> labels) {
  std::size_t correct = 0;
  for (std::size_t row = 0; row < labels.size(); ++row) {
    const auto y = scores.subspan(row * classes, classes);
    const auto best = std::max_element(y.begin(), y.end()) - y.begin();
    correct += static_cast<std::size_t>(best) == labels[row] ? 1 : 0;
  }
  return correct;
}

}  // namespace ringsim
