#pragma once
// signSGD with majority vote (Bernstein et al., arXiv 1810.05291) and error feedback (Karimireddy
// et al., arXiv 1901.09847). p = g + e; a rank sends the signs of p and, per layer, the scale
// mean|p|, and keeps e = p - scale*sign(p). The update is the sign that most ranks sent, times the
// mean of the scales. A p of 0 counts as positive. How the votes travel (`vote`):
// - all-gather: every rank gets all signs and counts; where as many sent the one as the other, the
//   update is 0.
// - pairwise: each rank owns a chunk of the signs (by bytes, as chunks of all-reduces), gets the
//   others' bits for it and sends back a bit for each element, which cannot say 0: where the votes
//   are equal, the owner's own sign decides. The scales are all-gathered.
#include "models/schemes/scheme.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace ringsim {

class SignsgdScheme final : public Scheme {
 public:
  SignsgdScheme(const Layers& layers, const SchemeOptions& options);

  bool has_momentum_correction() const override { return false; }
  void contribute(Rank rank, std::uint64_t step, std::span<const float> gradient,
                  std::span<const float> weights) override;
  StepOutcome exchange(std::uint64_t step) override;
  double drop(Rank rank) override;
  Bytes state_bytes() const override;

  std::span<const float> error(Rank rank) const { return ranks_[rank].error; }
  /// What a rank sent in the last step: per layer a scale (fp32, little endian), then a bit a
  /// value, low bits first, 1 for minus, filled up to whole bytes.
  std::span<const std::uint8_t> message(Rank rank) const { return ranks_[rank].message; }

 private:
  struct RankState {
    std::vector<float> error;
    std::vector<std::uint8_t> message;
  };

  /// Adds up a layer's votes, whose messages begin at `at`, after so many bytes of signs; then
  /// makes the update of them.
  void count_votes(std::span<float> votes, std::size_t at, std::size_t signs_before);
  /// The rank whose chunk of all signs a byte is in.
  Rank owner_of(std::size_t sign_byte, std::size_t sign_bytes) const;

  Layers layers_;
  SchemeOptions options_;  ///< with the ranks that are left
  std::vector<RankState> ranks_;
  std::vector<float> mean_;
};

}  // namespace ringsim
