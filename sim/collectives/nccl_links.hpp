#pragma once
// What NCCL's collectives go by.
#include "sim/collectives/collective.hpp"
#include "topologies/nccl/model.hpp"

namespace ringsim {

/// NCCL's model of a topology, and the bandwidths of its links that times of bytes are over: a
/// message that has its route for itself takes the time of the model, and one that meets others as
/// much longer as the links say.
struct NcclLinks {
  nccl::Model model;
  BytesPerSecond inside, between;  ///< of a route within a node, and to the next one
  /// Whether what a GPU gets from two others passes one link, as behind a switch.
  bool meets_at_gpus = false;
  std::optional<nccl::Algorithm> forced =
      {};  ///< the only one that all-reduces may take (NCCL_ALGO)
};

}  // namespace ringsim
