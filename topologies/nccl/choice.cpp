#include "topologies/nccl/choice.hpp"

#include "topologies/nccl/tuning.hpp"

#include <algorithm>
#include <cmath>

namespace ringsim::nccl {
namespace {

bool is_straight(std::string_view operation) {
  return operation == "sendrecv" || operation == "alltoall" || operation == "scatter" ||
         operation == "gather";
}
bool is_pipeline(std::string_view operation) {
  return operation == "broadcast" || operation == "reduce";
}

struct Call {
  std::string_view operation;
  double bytes;
  const Arrangement& arrangement;
  const Believed& believed;

  double bandwidth() const {
    return (arrangement.nodes > 1 ? believed.between : believed.inside).value / giga;
  }
  std::uint32_t rounds(std::uint32_t members) const {
    if (operation == "all_reduce") return 2 * (members - 1);
    return is_pipeline(operation) ? members : members - 1;
  }
};

/// us
double ring_time(const Call& call, std::size_t protocol) {
  const auto& [ranks, nodes] = call.arrangement;
  const auto p = static_cast<Protocol>(protocol);
  double bandwidth = call.bandwidth();
  if (p == Protocol::ll)
    bandwidth = std::min(ll_most(call.arrangement, call.believed), bandwidth * ll_share);
  if (p == Protocol::ll128) bandwidth *= ll128_share;
  const auto rounds = call.rounds(ranks);
  bandwidth *= static_cast<double>(ranks) / rounds;
  const double hop = hops_of(call.believed.fabric).ring[protocol];
  double latency = ring_base[protocol];
  if (is_pipeline(call.operation) && nodes == 1) {
    latency += hop;  // the rounds of channels that are alike overlap
  } else {
    const auto between = nodes == 1 ? 0U : call.rounds(nodes);
    // A ring over nodes starts the network in every round.
    const double overhead = nodes == 1 ? 0 : network_overhead(p);
    latency += (rounds - between) * std::max(hop, overhead) + between * network_hops.ring[protocol];
  }
  if (p == Protocol::simple && nodes > 1 && call.operation == "all_reduce") latency *= 1.4;
  return latency + call.bytes / (bandwidth * giga * microsecond);
}

double tree_time(const Call& call, std::size_t protocol) {
  const auto p = static_cast<Protocol>(protocol);
  double bandwidth = call.bandwidth() * tree_share;
  if (p == Protocol::ll)
    bandwidth = std::min(bandwidth / ll_of_tree, ll_most(call.arrangement, call.believed));
  if (p == Protocol::ll128) bandwidth *= ll128_of_tree(call.arrangement);
  bandwidth /= 2;
  const double steps = std::floor(std::log2(std::max(1., call.bytes / 64)));
  if (steps < corrections) bandwidth *= tree_correction[protocol][static_cast<std::size_t>(steps)];
  const double latency =
      tree_base[protocol] +
      2 * ((call.arrangement.per_node() - 1) * hops_of(call.believed.fabric).tree[protocol] +
           std::floor(std::log2(call.arrangement.nodes)) * network_hops.tree[protocol]);
  return latency + call.bytes / (bandwidth * giga * microsecond);
}

}  // namespace

Choice nccl_choice(std::string_view operation, double bytes, const Arrangement& arrangement,
                   const Believed& believed, std::optional<Algorithm> forced) {
  if (is_straight(operation)) return {Algorithm::direct, Protocol::simple};
  const Call call{operation, bytes, arrangement, believed};
  // LL128 needs stores of 128 bytes that stay whole: NVLink, and no network of sockets.
  const bool has_ll128 = believed.fabric == Fabric::nvlink && arrangement.nodes == 1;
  const bool has_tree = operation == "all_reduce";
  Choice best{Algorithm::ring, Protocol::simple};
  std::optional<double> least;
  for (const auto algorithm : {Algorithm::ring, Algorithm::tree}) {
    if (algorithm == Algorithm::tree && !has_tree) continue;
    if (forced && *forced != algorithm && has_tree) continue;
    for (std::size_t p = 0; p < protocols; ++p) {
      if (static_cast<Protocol>(p) == Protocol::ll128 && !has_ll128) continue;
      const double time = algorithm == Algorithm::ring ? ring_time(call, p) : tree_time(call, p);
      if (least && *least <= time) continue;
      least = time;
      best = {algorithm, static_cast<Protocol>(p)};
    }
  }
  const bool has_nvls = has_tree && !forced && arrangement.nodes == 1 &&
                        arrangement.ranks >= fewest_nvls_ranks && believed.nvls.value > 0;
  if (has_nvls && nvls_latency + bytes / (believed.nvls.value * microsecond) < *least)
    return {Algorithm::nvls, Protocol::simple};
  return best;
}

Fabric fabric_of(BytesPerSecond reached) {
  if (reached.value > 40 * giga) return Fabric::nvlink;
  return reached.value > sockets_most * giga ? Fabric::pci : Fabric::sockets;
}

BytesPerSecond believed_inside(BytesPerSecond reached) {
  struct Rate {
    double believed, most_reached;  ///< GB/s
  };
  // Sockets; PCI 3, 4 and 5; NVLink of bridges, V100, A100, H100 (whose switch can add up on its
  // way, and go beyond the wire), B200.
  constexpr std::array<Rate, 8> rates = {{{1.25, sockets_most},
                                          {12, 12},
                                          {24, 24},
                                          {48, 48},
                                          {120, 120},
                                          {240, 240},
                                          {360, 520},
                                          {720, 1e9}}};
  for (const auto& [believed, most] : rates)
    if (reached.value <= most * giga) return {believed * giga};
  return {rates.back().believed * giga};
}

}  // namespace ringsim::nccl
