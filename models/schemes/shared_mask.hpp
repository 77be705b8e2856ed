#pragma once
// What a step sends and does where all ranks pack by one mask, the union of the masks that a few
// ranks broadcast (docs/method.md): for the schemes that do so, and for replaying what they did.
#include "models/schemes/scheme.hpp"

#include <vector>

namespace ringsim {

/// The masks of one broadcaster, encoded.
struct BroadcastMask {
  Rank rank;
  Bytes mask, header;
};

/// The ranks that broadcast their masks in `step`, ascending; every rank draws the same ones.
std::vector<Rank> draw_broadcasters(std::uint64_t seed, std::uint64_t step, Rank ranks,
                                    Rank broadcasters);

struct SharedMaskStep {
  Rank ranks = 0;
  std::size_t pruned = 0;   ///< parameters of the layers that are pruned
  std::size_t tensors = 0;  ///< of them
  std::size_t whole = 0;    ///< parameters of the layers that are sent whole
  std::size_t kept = 0;     ///< parameters of the union
  bool with_velocity = false;
  bool reads_weights = true;         ///< to select
  bool draws_places = false;         ///< nothing is selected: packing is the encoding
  Bytes value{4};                    ///< that travels
  std::vector<BroadcastMask> masks;  ///< of the broadcasters; none: an older union serves again
  /// Per rank where thresholds were found first, in what a pass had accumulated: how many elements
  /// they were judged by. Empty: the pass that accumulates selects, too.
  std::vector<std::size_t> sampled = {};
};

/// Select and exchange of the masks, or accumulate where there are none; pack, all-reduce of the
/// values, unpack.
std::vector<Stage> shared_mask_stages(const SharedMaskStep& step);

/// What every stage of a scheme counts that keeps `kept` values of `pruned` parameters in `tensors`
/// layers.
CostCounts mask_counts(std::size_t pruned, std::size_t tensors, double kept, bool with_velocity);

/// Accumulating a gradient outside an engine's select: reads g and r (and u), writes r (and u).
LocalWork accumulate_work(Rank ranks, std::size_t parameters, bool with_velocity);

}  // namespace ringsim
