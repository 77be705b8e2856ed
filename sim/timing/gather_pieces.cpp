#include "sim/timing/gather_pieces.hpp"

namespace ringsim {
namespace {

/// What each rank contributes.
std::vector<Bytes> sizes_of(const AllGather& gather) {
  std::vector<Bytes> sizes;
  sizes.reserve(gather.parts.size());
  for (const auto& part : gather.parts) sizes.push_back(part.total());
  return sizes;
}

}  // namespace

void add_pieces(const std::vector<KeptStage>& stages, const HopSpeed& hop,
                std::vector<Bytes>& pieces) {
  for (const auto& stage : stages) {
    if (const auto* gather = std::get_if<AllGather>(&stage.what))
      pieces.push_back(best_piece(sizes_of(*gather), hop));
  }
}

}  // namespace ringsim
