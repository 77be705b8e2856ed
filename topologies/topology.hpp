#pragma once
// Links and routes between the hosts that the ranks run on. Owned here, so that every backend and
// the check of exactness see the same ones; sim/simgrid builds its zone from them.
#include "base/rank.hpp"
#include "base/shipped.hpp"
#include "base/units.hpp"
#include "topologies/host.hpp"
#include "topologies/link.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ringsim {

/// Index into Topology::links().
using LinkId = std::uint32_t;

/// The links from one host to another, in the order in which a message passes them.
struct Route {
  std::vector<LinkId> links;
  Seconds latency;           ///< sum over the links
  BytesPerSecond bandwidth;  ///< of the slowest link
  /// No link has pieces by message size, a profile or outages: a message that has the route for
  /// itself takes latency + bytes/bandwidth.
  bool is_plain = true;
  bool varies = false;  ///< a link has a profile or outages
};

/// What a message asks of its route, by the links' models of message size: it waits for `latency`,
/// and then moves `work` bytes of capacity, at the rate that the links give it. Alone on links of
/// constant bandwidth it takes latency + work/route.bandwidth.
struct TransferCost {
  Seconds latency;
  double work;
};

/// What becomes of a message that is under way over a link when that goes down. Its latency passes
/// on; when the link is up again, what was not sent follows, or all of it once more.
enum class AfterOutage { resume, restart };

/// When `work` bytes of capacity (TransferCost) have passed that begin to flow at `start`, alone on
/// a route of this capacity over time (0 during outages; Topology::capacity_over_time).
Seconds flow_end(const std::vector<Change<BytesPerSecond>>& capacity, Seconds start, double work,
                 AfterOutage after_outage);

enum class TopologyKind { ring, star, hierarchical, fat_tree };

/// Where the network cards of a hierarchical topology are. A message to another node passes the
/// links of its GPU and the node's card, or the card of its GPU alone.
enum class NicPlacement { per_node, per_gpu };

class Topology {
 public:
  /// A ring of `forward.size()` hosts (at least 2): forward[i] leads from host i to host i+1 mod N.
  /// Links are full duplex: the other direction of link i is a link of the same speed named
  /// "NAME:reverse", at index N+i.
  static Topology ring(std::string name, const std::vector<Link>& forward);

  /// Hosts round a switch: cables[i] joins host i to it, by a link "NAME:up" at index i and a link
  /// "NAME:down" at N+i. The backbone, at 2N, carries every message.
  static Topology star(std::string name, const std::vector<Link>& cables,
                       std::optional<Link> backbone = {});

  struct Nodes {
    std::uint32_t nodes, gpus_per_node;
    Link inner;  ///< between each GPU and the node's inner switch
    Link nic;
    NicPlacement placement;
    std::optional<Link> backbone;  ///< between the nodes, shared by all messages
  };
  /// Nodes of GPUs; host r is GPU r mod G of node r / G. Links: "gpuR:up" at index R, "gpuR:down"
  /// at N+R; then the cards' "nicI:up" and after them "nicI:down"; then the backbone.
  static Topology hierarchical(std::string name, const Nodes& nodes);

  struct Tree {
    std::uint32_t leaves, hosts_per_leaf, spines;
    Link link;    ///< between each host and its leaf switch
    Link uplink;  ///< between each leaf and each spine
  };
  /// Two levels of switches; host r is at leaf r / H. Links: "hostR:up" at index R, "hostR:down" at
  /// N+R; then "leafL-spineS:up" at 2N + L*spines + S, and after them the ":down". Between leaves a
  /// message takes spine `target mod spines` (destination-modulo routing, as SimGrid's fat-trees).
  static Topology fat_tree(std::string name, const Tree& tree);

  const std::string& name() const { return name_; }
  const std::string& description() const { return description_; }
  TopologyKind kind() const { return kind_; }
  std::uint32_t hosts() const { return hosts_; }
  const std::vector<Link>& links() const { return links_; }
  const Host& host(Rank rank) const;
  /// GPUs that share a node: G in a hierarchical topology, 1 elsewhere. Rank r is in node r / G.
  std::uint32_t gpus_per_node() const;

  /// The route from one host to another, different one. In a ring: the shorter way round, ties
  /// clockwise (upwards).
  Route route(Rank source, Rank target) const;
  TransferCost cost(const Route& route, Bytes message) const;
  /// The least capacity of the route's links over time, 0 during outages; the first change is at
  /// 0 s.
  std::vector<Change<BytesPerSecond>> capacity_over_time(const Route& route) const;

  /// Which of the keys "sizes", "profile" (background traffic too), "outages", "speed", "jitter",
  /// "host profile", "reduce_rate" and "dies" are in use.
  std::vector<std::string_view> features() const;
  AfterOutage after_outage() const { return after_outage_; }

  void set_description(std::string description) { description_ = std::move(description); }
  void set_link(LinkId id, Link link) { links_.at(id) = std::move(link); }
  void set_after_outage(AfterOutage after) { after_outage_ = after; }
  void set_hosts(Host all) { common_host_ = std::move(all); }
  void set_host(Rank rank, Host host) { hosts_apart_[rank] = std::move(host); }

 private:
  struct RingShape {};
  struct StarShape {
    bool has_backbone;
  };
  struct NodesShape {
    std::uint32_t gpus_per_node, cards;
    NicPlacement placement;
    bool has_backbone;
  };
  struct TreeShape {
    std::uint32_t leaves, hosts_per_leaf, spines;
  };

  Topology() = default;
  /// Adds for each of `cables` a link NAME + suffix.
  void add_links(const std::vector<Link>& cables, std::string_view suffix);
  std::vector<LinkId> way(const RingShape& shape, Rank source, Rank target) const;
  std::vector<LinkId> way(const StarShape& shape, Rank source, Rank target) const;
  std::vector<LinkId> way(const NodesShape& shape, Rank source, Rank target) const;
  std::vector<LinkId> way(const TreeShape& shape, Rank source, Rank target) const;

  std::string name_, description_;
  TopologyKind kind_ = TopologyKind::ring;
  std::uint32_t hosts_ = 0;
  std::variant<RingShape, StarShape, NodesShape, TreeShape> shape_;
  std::vector<Link> links_;
  Host common_host_;
  std::map<Rank, Host> hosts_apart_;
  AfterOutage after_outage_ = AfterOutage::resume;
};

/// Whether one of the hosts 0 .. ranks-1 dies.
bool has_deaths(const Topology& topology, Rank ranks);

/// "ring", "switch", "hierarchical", "fat-tree": as in files and on the command line.
std::string_view name_of(TopologyKind kind);
/// All kinds, in the order of the enumeration.
std::vector<TopologyKind> topology_kinds();

/// Reads and checks a topology file (topologies/README.md). Throws UserError.
Topology load_topology(const std::filesystem::path& path);

/// A topology of this kind whose links are all alike. A hierarchical one has nodes of 8 GPUs with a
/// card each; a fat-tree leaves of 8 hosts and 8 spines, without oversubscription. Throws UserError
/// at "--ranks" where the kind cannot have so many.
Topology make_uniform(TopologyKind kind, std::uint32_t ranks, BytesPerSecond bandwidth,
                      Seconds latency);

/// A topology that ships with ringsim.
using ShippedTopology = ShippedFile;

/// The shipped topologies, by name: from RINGSIM_DATA where it is set, else installed with the
/// program, else from the source tree.
std::vector<ShippedTopology> shipped_topologies();

/// The file of the topology that `--topology WHAT` names: a file (a name with "/" or ".json"), or a
/// shipped one. Throws UserError at "--topology" where there is no such shipped one.
std::filesystem::path topology_file(std::string_view what);
/// load_topology(topology_file(what)).
Topology find_topology(std::string_view what);

/// The command line's choice of a topology.
struct TopologyChoice {
  std::string what;  ///< FILE|NAME|KIND
  std::optional<Rank> ranks;
  std::optional<BytesPerSecond> bandwidth;
  std::optional<Seconds> latency;
};
/// The kind of this name, where there is one (so that `--topology` names no file).
std::optional<TopologyKind> kind_named(std::string_view what);
/// find_topology(what), or, for the name of a kind, make_uniform() of the other three, which have
/// to be given then; with a file, bandwidth and latency may not be. Throws UserError.
Topology choose_topology(const TopologyChoice& choice);

}  // namespace ringsim
