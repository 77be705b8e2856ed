#pragma once
// CLT-k (Chen et al., ScaleCom, arXiv 2104.11125): in step t rank t mod N leads and broadcasts the
// places of its largest residuals; all ranks send what stands there, so that a ring can add it up.
// A low-pass filter damps the residual: m = (1-B) m + B (m + g - sent); B = 1 is plain error
// feedback, and ScaleCom takes 0.1 with large learning rates.
#include "models/prune/encodings/encoding.hpp"
#include "models/schemes/residual_scheme.hpp"

namespace ringsim {

class CltkScheme final : public ResidualScheme {
 public:
  CltkScheme(const Layers& layers, const SchemeOptions& options);

  void contribute(Rank rank, std::uint64_t step, std::span<const float> gradient,
                  std::span<const float> weights) override;
  StepOutcome exchange_among(std::uint64_t step, std::span<const Rank> present) override;
  double drop(Rank rank) override;
  std::optional<Selection> selection(Rank rank, std::uint64_t step) const override;

  /// The rank whose mask serves in an exchange of all ranks.
  Rank leader(std::uint64_t step) const { return static_cast<Rank>(step % residuals_.ranks()); }

 private:
  void select(std::uint64_t step);
  void damp(Rank rank);

  float filter_;
  Rank leader_ = 0;               ///< of the last exchange
  const MaskEncoding* encoding_;  ///< nullptr: the smallest
  std::vector<std::span<const float>> gradients_;
  std::vector<prune::MaskWord> mask_, decoded_;  ///< the leader's, and as received
  std::vector<prune::MaskWord> none_;            ///< what the others select
  std::vector<prune::Segment> segments_;         ///< with the leader's thresholds
  std::vector<float> scratch_, sent_;
};

}  // namespace ringsim
