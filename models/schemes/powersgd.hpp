#pragma once
// PowerSGD (Vogels et al., arXiv 1905.13727): every matrix is sent as a product P Q' of low rank,
// found by one step of power iteration that goes on from the last step's Q. With M = g + e on each
// rank:
//   P = mean of M Q (all-reduced), made orthonormal;  Q = mean of M' P (all-reduced)
//   update = P Q';  e = M - update
// A matrix is compressed where (rows + columns) * rank * 2 < rows * columns, the limit that
// PyTorch's hook takes; what remains is all-reduced whole, last.
#include "models/schemes/scheme.hpp"
#include "models/schemes/value_type.hpp"

#include <span>
#include <vector>

namespace ringsim {

/// Makes the columns of a row-major matrix orthonormal (modified Gram-Schmidt, twice); a column of
/// zeros stays one.
void orthonormalize(std::span<float> matrix, std::size_t columns);

/// The matrices that are factored, and what stays whole.
struct PowersgdSplit {
  struct Matrix {
    std::size_t offset, rows, columns;
    std::size_t p, q;  ///< offsets of its factors
    std::size_t size() const { return rows * columns; }
  };

  /// `rank` is above 0.
  PowersgdSplit(const Layers& layers, std::size_t rank);

  std::vector<Matrix> matrices;
  std::vector<std::size_t> whole;  ///< indices of the layers that are not compressed
  std::size_t compressed = 0, whole_parameters = 0;
  std::size_t p_size = 0, q_size = 0;  ///< of all factors
};

class PowersgdScheme final : public Scheme {
 public:
  PowersgdScheme(const Layers& layers, const SchemeOptions& options);

  bool has_momentum_correction() const override { return false; }
  void contribute(Rank rank, std::uint64_t step, std::span<const float> gradient,
                  std::span<const float> weights) override;
  StepOutcome exchange(std::uint64_t step) override;
  double drop(Rank rank) override;
  Bytes state_bytes() const override;

  /// What a rank has not sent: all parameters, 0 in layers that are sent whole.
  std::span<const float> error(Rank rank) const { return ranks_[rank].error; }

 private:
  struct RankState {
    std::vector<float> error;  ///< M, from contribute() to exchange()
    std::vector<float> p, q;
    std::vector<float> whole;
  };

  void draw_zero_columns(std::uint64_t step);
  void mean_of(std::vector<float> RankState::*part, std::span<float> mean) const;

  Layers layers_;
  std::size_t rank_;
  std::uint64_t seed_;
  ValueType values_;
  PowersgdSplit split_;
  std::vector<RankState> ranks_;
  std::vector<float> p_, q_;  ///< the factors that all ranks share; matrices row by row
  std::vector<float> whole_mean_, mean_;
};

}  // namespace ringsim
