#pragma once
// What a step sends and does where every rank sends the coordinates that it selected itself: for
// top-k, and for replaying what was selected.
#include "models/schemes/scheme.hpp"

#include <cstdint>
#include <vector>

namespace ringsim {

struct TopkStep {
  struct OfRank {
    std::uint64_t kept;
    Bytes mask, header;
    std::size_t tested;  ///< elements that were compared with a threshold
  };
  std::size_t pruned = 0;   ///< parameters of the layers that are pruned
  std::size_t tensors = 0;  ///< of them
  std::size_t whole = 0;    ///< parameters of the layers that are sent whole
  bool clips = false, with_velocity = false;
  Bytes value{4};
  std::vector<OfRank> sent;
  /// The ranks' masks, where the values are added up on a ring; empty where they are all-gathered.
  std::vector<std::vector<prune::MaskWord>> masks;
  /// What the unions keep, given where the masks are not known (SparseAllReduce).
  std::vector<std::uint64_t> union_kept = {};
  ChunkParts parts = {};  ///< beside union_kept

  bool is_gathered() const { return masks.empty() && union_kept.empty(); }
};

/// Select, exchange of the values with their places, all-reduce of the whole layers (where there
/// are any), add.
std::vector<Stage> topk_stages(const TopkStep& step);

extern const SchemeOption sparse_sum_option;
/// Whether values are added up on a ring. Throws UserError.
bool sums_on_ring(const SchemeOptions& options);

}  // namespace ringsim
