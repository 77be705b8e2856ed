#pragma once
// Other ways to do the job of Engine::select for one layer on a CPU, written as one would without
// an engine.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ringsim::bench {

struct Job {
  std::span<const float> gradient;
  std::span<float> residual;
  std::span<const float> weight;
  float threshold;
  float floor;
  std::size_t top;                  ///< what top-k keeps
  std::vector<std::uint8_t>& mask;  ///< a byte per element
  std::vector<float>& scratch;      ///< a float per element
};

struct Outcome {
  std::size_t kept = 0;
  double importance_sum = 0;
  double importance_square_sum = 0;
};

/// Array expressions of Eigen: the importance test, the mask and the statistics (in floats).
Outcome select_with_eigen(const Job& job);

/// Keeps the `top` largest magnitudes, by std::nth_element; no importance, no statistics.
Outcome top_k_with_nth_element(const Job& job);

}  // namespace ringsim::bench
