#pragma once
// Unequal data per rank: which training samples each rank sees where they are not drawn from all.
#include "base/error.hpp"
#include "base/rank.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace ringsim {

/// How the classes are spread over the ranks.
struct LabelSkew {
  enum class Kind {
    none,  ///< no parts: every epoch deals all samples anew
    /// Each rank's share of each class is drawn from a Dirichlet distribution with `concentration`
    /// for every class (Hsu et al., 1909.06335): 100 is nearly even, 0.1 leaves a rank few classes.
    dirichlet,
    /// The samples, sorted by class, are cut into ranks * `shards` runs, and each rank gets
    /// `shards` of them (McMahan et al., 1602.05629): with 2, most ranks see two classes.
    shards,
  };
  Kind kind = Kind::none;
  double concentration = 0;
  std::uint32_t shards = 0;
};

/// What parse_label_skew() reads.
inline constexpr std::string_view accepted_label_skews =
    "none, dirichlet:X (X from 0.001 to 1e6) or shards:K (K a whole number from 1 to 1000)";

/// "none", "dirichlet:0.3", "shards:2". Throws UserError at `place`.
LabelSkew parse_label_skew(std::string_view text, const Place& place);

/// One part per rank, of floor(samples / ranks) sample numbers each: disjoint, drawn for `seed`.
/// Equal sizes, because every rank has the same batch in every step; so where a class has run out,
/// a rank takes from those that are left. `skew` is not `none`.
std::vector<std::vector<std::uint32_t>> partition_by_label(std::span<const std::uint8_t> labels,
                                                           Rank ranks, const LabelSkew& skew,
                                                           std::uint64_t seed);

}  // namespace ringsim
