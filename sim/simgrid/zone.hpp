#pragma once
// A SimGrid zone whose routes are the topology's own.
#include "sim/backend/route_cache.hpp"
#include "sim/collectives/collective.hpp"
#include "topologies/topology.hpp"

#include <simgrid/kernel/routing/NetPoint.hpp>
#include <simgrid/kernel/routing/NetZoneImpl.hpp>
#include <simgrid/s4u.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ringsim {

/// A route of the topology and SimGrid's objects for its links.
struct PlatformRoute {
  Route route;
  /// A route of several links begins with a private one (README.md, "Private links").
  std::vector<simgrid::kernel::resource::StandardLinkImpl*> links;
  /// Where the route is not plain, and of messages with a passage: latencies of the messages that
  /// were posted, by their work, which is all that SimGrid says of a message when it asks for its
  /// latency. On a plain route the work of messages with a passage is no whole number, and that of
  /// the others is.
  std::map<double, Seconds> latencies = {};
};

/// Holds the private links of routes. It is never sealed: they come when a route is first taken.
class PrivateLinks final : public simgrid::kernel::routing::NetZoneImpl {
 public:
  PrivateLinks() : NetZoneImpl("private") {}
  simgrid::kernel::resource::StandardLinkImpl* create(Rank source, Rank target);

  void get_local_route(const simgrid::kernel::routing::NetPoint*,
                       const simgrid::kernel::routing::NetPoint*, simgrid::kernel::routing::Route*,
                       double*) override;
};

/// Asks the topology for a route when a message first takes it, so no table of all pairs is built
/// and every kind of topology works. The hosts have to be created in order of rank, before
/// set_links().
///
/// Every route has the latency unit_latency for SimGrid, which shares a link in proportion to
/// 1/latency of the routes: so shares are equal. What passes in simulated time is the route's real
/// latency: the network model multiplies by latency_factor().
class TopologyZone final : public simgrid::kernel::routing::NetZoneImpl {
 public:
  TopologyZone(const std::string& name, const Topology& topology);

  /// One SimGrid link for each of the topology's.
  void set_links(std::vector<simgrid::kernel::resource::StandardLinkImpl*> links);

  PlatformRoute& route(Rank source, Rank target);
  /// What a message asks of its route. Two messages of a route that differ in latency differ in
  /// work too, by rounding at least.
  TransferCost cost(PlatformRoute& route, Bytes message, const Passage* passage) const;
  /// The latency of a message of this work, from cost(), over unit_latency.
  static double latency_factor(const PlatformRoute& route, double work);

  void get_local_route(const simgrid::kernel::routing::NetPoint* source,
                       const simgrid::kernel::routing::NetPoint* target,
                       simgrid::kernel::routing::Route* into, double* latency) override;
  void get_graph(const s_xbt_graph_t* graph, std::map<std::string, xbt_node_t, std::less<>>* nodes,
                 std::map<std::string, xbt_edge_t, std::less<>>* edges) override;

 private:
  static constexpr double unit_latency = 1;

  const Topology& topology_;
  std::vector<simgrid::kernel::resource::StandardLinkImpl*> links_;
  std::unique_ptr<PrivateLinks> private_links_;
  RouteCache<PlatformRoute> routes_;
};

}  // namespace ringsim
