#pragma once
// A ring all-reduce of sparse vectors whose ranks keep other coordinates each: the sum grows denser
// at every hop.
#include "models/prune/engine.hpp"
#include "models/schemes/scheme.hpp"
#include "sim/collectives/collective.hpp"

#include <functional>
#include <span>
#include <vector>

namespace ringsim {

/// How large chunk `chunk` is once `hop` ranks have added theirs to that of rank `chunk`, which
/// sends it first; rank chunk+hop mod N asks. hop is 0 to N-1. The same question is asked again and
/// has the same answer.
using SparseChunkSize = std::function<Bytes(Rank rank, Rank chunk, Rank hop)>;

/// The rounds of the ring all-reduce: in the reduce-scatter chunk c goes on from rank c+h with the
/// size after h hops, in the all-gather with that after N-1. A rank merges what it receives.
std::shared_ptr<const Collective> make_sparse_ring(Rank ranks, SparseChunkSize size);

/// The sizes that real masks give: masks[i] are the coordinates that rank i keeps, all of equal
/// length. Chunks are ranges of whole mask words. After h hops chunk c holds the union of the masks
/// of the ranks c .. c+h (mod N), `entry` bytes (value and index) for each coordinate. The N*N
/// sizes are kept: no more than the masks, where a mask has a word for every rank.
SparseChunkSize sparse_chunk_sizes(std::span<const std::vector<prune::MaskWord>> masks,
                                   Bytes entry);

/// The sizes where the union of h+1 ranks' masks keeps union_kept[h] coordinates; there is one for
/// every rank. They are spread over the chunks as over `parts`; without chunks there evenly.
SparseChunkSize union_chunk_sizes(std::vector<std::uint64_t> union_kept, ChunkParts parts,
                                  Bytes entry);

}  // namespace ringsim
