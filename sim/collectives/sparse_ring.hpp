#pragma once
// A ring all-reduce of sparse vectors whose ranks keep other coordinates each: the sum grows denser
// at every hop.
#include "models/prune/engine.hpp"
#include "sim/collectives/collective.hpp"

#include <functional>
#include <span>
#include <vector>

namespace ringsim {

/// How large chunk `chunk` is once `hop` ranks have added theirs to that of rank `chunk`, which
/// sends it first; rank chunk+hop mod N asks. hop is 0 to N-1.
using SparseChunkSize = std::function<Bytes(Rank rank, Rank chunk, Rank hop)>;

/// The rounds of the ring all-reduce: in the reduce-scatter chunk c goes on from rank c+h with the
/// size after h hops, in the all-gather with that after N-1. A rank merges what it receives.
std::shared_ptr<const Collective> make_sparse_ring(Rank ranks, const SparseChunkSize& size);

/// The sizes that real masks give: masks[i] are the coordinates that rank i keeps, all of equal
/// length. Chunks are ranges of whole mask words. The chunk of N*h hops and ranks is the union of
/// the masks of the ranks c .. c+h, `entry` bytes (value and index) for each coordinate. The table
/// holds N*N numbers.
SparseChunkSize sparse_chunk_sizes(std::span<const std::vector<prune::MaskWord>> masks,
                                   Bytes entry);

}  // namespace ringsim
