#include "sim/run/nccl_links.hpp"

#include "sim/collectives/nccl_links.hpp"

#include <algorithm>
#include <utility>

namespace ringsim {
namespace {

const nccl::Model* model_of(const Topology& topology) {
  const auto& scope = topology.calibration();
  return scope && scope->model ? &*scope->model : nullptr;
}

/// Ways from each rank to the next one.
struct Hops {
  BytesPerSecond inside, between;
  Seconds latency_between;  ///< mean
};

Hops hops_of(const Topology& topology, Rank ranks, Rank per_node) {
  Hops hops;
  double count = 0;
  for (Rank rank = 0; rank < ranks; ++rank) {
    const Rank next = (rank + 1) % ranks;
    const auto route = topology.route(rank, next);
    if (next / per_node == rank / per_node) {
      hops.inside = std::max(hops.inside, route.bandwidth);
    } else {
      hops.between = std::max(hops.between, route.bandwidth);
      hops.latency_between += route.latency;
      ++count;
    }
  }
  if (count > 0) hops.latency_between = hops.latency_between / count;
  if (hops.inside == BytesPerSecond{}) hops.inside = hops.between;  // a node has one GPU
  return hops;
}

bool meets_at_gpus(const Topology& topology, Rank ranks) {
  if (ranks < 3) return false;
  const auto from_one = topology.route(0, 1).links, from_other = topology.route(2, 1).links;
  return std::ranges::find_first_of(from_one, from_other) != from_one.end();
}

}  // namespace

Rank nccl_ranks_per_node(const Topology& topology, Rank ranks) {
  const Rank per_node = topology.gpus_per_node();
  if (per_node > 1) return std::min(per_node, ranks);
  constexpr BytesPerSecond no_network{100e9};
  const auto* model = model_of(topology);
  const bool is_one_node = model != nullptr ? model->believed.between == BytesPerSecond{}
                                            : topology.route(0, 1).bandwidth >= no_network;
  return is_one_node ? ranks : 1;
}

std::shared_ptr<const NcclLinks> nccl_links(const Topology& topology, Rank ranks) {
  constexpr BytesPerSecond least_nvlink{40e9};
  const Rank per_node = nccl_ranks_per_node(topology, ranks);
  const auto hops = hops_of(topology, ranks, per_node);
  const auto* fitted = model_of(topology);
  const auto fabric = hops.inside > least_nvlink ? nccl::Fabric::nvlink : nccl::Fabric::pci;
  const double rails = topology.has_card_per_gpu() ? per_node : 1;
  const nccl::Believed believed = fitted != nullptr
                                      ? fitted->believed
                                      : nccl::Believed{fabric, hops.inside, rails * hops.between};
  const nccl::Machine machine =
      fitted != nullptr ? fitted->machine : nccl::Machine{fabric, topology.has_card_per_gpu()};
  const auto defaults = nccl::default_model(
      believed, machine, {ranks, std::max<Rank>(1, ranks / per_node)}, hops.latency_between);
  NcclLinks links{fitted != nullptr ? nccl::completed(*fitted, defaults) : defaults, hops.inside,
                  hops.between, meets_at_gpus(topology, ranks)};
  if (topology.nvls()) links.model.believed.nvls = *topology.nvls();
  return std::make_shared<const NcclLinks>(std::move(links));
}

}  // namespace ringsim
