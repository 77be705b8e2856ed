#pragma once
// Requests to NCCL's collectives.
#include "sim/collectives/nccl.hpp"

namespace ringsim::test {

/// Nodes of GPUs with NVLink and a network, and what NCCL believes of their bandwidths.
struct NcclCase {
  Rank nodes, per_node;
  bool has_card_per_gpu = true;
  BytesPerSecond inside{300e9}, network{25e9};  ///< of a GPU, and of a card
  std::optional<nccl::Algorithm> forced = {};
  bool meets_at_gpus = true;
  Seconds caller = {};       ///< what its caller adds to each call
  BytesPerSecond nvls = {};  ///< what its switches reach that add up; 0: they do not

  Rank ranks() const { return nodes * per_node; }
  nccl::Arrangement arrangement() const { return {ranks(), nodes}; }

  std::shared_ptr<const NcclLinks> links() const {
    const double rails = has_card_per_gpu ? per_node : 1;
    const nccl::Machine machine{nccl::Fabric::nvlink, has_card_per_gpu};
    auto model = nccl::default_model({nccl::Fabric::nvlink, inside, rails * network}, machine,
                                     arrangement(), {});
    model.parameters[nccl::caller] = caller.value;
    model.believed.nvls = nvls;
    return std::make_shared<const NcclLinks>(
        NcclLinks{std::move(model), inside, network, meets_at_gpus, forced});
  }
  AllReduceRequest request(std::size_t elements) const {
    return {.ranks = ranks(),
            .elements = elements,
            .element_bytes = Bytes{4},
            .ranks_per_node = per_node,
            .nccl = links()};
  }
};

}  // namespace ringsim::test
