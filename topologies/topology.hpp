#pragma once
// Links and routes between the hosts that the ranks run on. Owned here, so that every backend and
// the check of exactness see the same ones; sim/simgrid builds its zone from them.
#include "base/rank.hpp"
#include "base/units.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

/// Index into Topology::links().
using LinkId = std::uint32_t;

/// One direction of a cable: transfers that use it share its bandwidth equally.
struct Link {
  std::string name;
  BytesPerSecond bandwidth;
  Seconds latency;
};

/// The links from one host to another, in the order in which a message passes them.
struct Route {
  std::vector<LinkId> links;
  Seconds latency;           ///< sum over the links
  BytesPerSecond bandwidth;  ///< of the slowest link
};

enum class TopologyKind { ring };

class Topology {
 public:
  /// A ring of `forward.size()` hosts (at least 2): forward[i] leads from host i to host i+1 mod N.
  /// Links are full duplex: the other direction of link i is a link of the same speed named
  /// "NAME:reverse", at index N+i.
  static Topology ring(std::string name, std::vector<Link> forward);

  const std::string& name() const { return name_; }
  const std::string& description() const { return description_; }
  TopologyKind kind() const { return kind_; }
  std::uint32_t hosts() const { return hosts_; }
  const std::vector<Link>& links() const { return links_; }

  /// The route from one host to another, different one. In a ring: the shorter way round, ties
  /// clockwise (upwards).
  Route route(Rank source, Rank target) const;

  void set_description(std::string description) { description_ = std::move(description); }

 private:
  Topology() = default;

  std::string name_, description_;
  TopologyKind kind_ = TopologyKind::ring;
  std::uint32_t hosts_ = 0;
  std::vector<Link> links_;
};

std::string_view name_of(TopologyKind kind);

/// Reads and checks a topology file (topologies/README.md). Throws UserError.
Topology load_topology(const std::filesystem::path& path);

/// A topology that ships with ringsim.
struct ShippedTopology {
  std::string name;  ///< "ring8-1g"
  std::filesystem::path path;
};

/// The shipped topologies, by name: from RINGSIM_DATA where it is set, else installed with the
/// program, else from the source tree.
std::vector<ShippedTopology> shipped_topologies();

/// The file of the topology that `--topology WHAT` names: a file (a name with "/" or ".json"), or a
/// shipped one. Throws UserError at "--topology" where there is no such shipped one.
std::filesystem::path topology_file(std::string_view what);
/// load_topology(topology_file(what)).
Topology find_topology(std::string_view what);

}  // namespace ringsim
