#pragma once
// Links and routes between the hosts that the ranks run on. Owned here, so that every backend and
// the check of exactness see the same ones; sim/simgrid builds its zone from them. What kinds there
// are, and how each joins its hosts, stands in kinds/.
#include "base/rank.hpp"
#include "base/shipped.hpp"
#include "base/units.hpp"
#include "topologies/calibration_scope.hpp"
#include "topologies/host.hpp"
#include "topologies/link.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

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

class Shape;
struct TopologyKindDefinition;
struct Wiring;

class Topology {
 public:
  /// The links of a kind (kinds/kind.hpp), under a name.
  Topology(const TopologyKindDefinition& kind, std::string name, Wiring wiring);

  const std::string& name() const { return name_; }
  const std::string& description() const { return description_; }
  /// The name of the GPU of its hosts; empty where the file names none.
  const std::string& gpu() const { return gpu_; }
  /// The name of the library that its hosts exchange with; empty where the file names none.
  const std::string& library() const { return library_; }
  /// What all-reduces reach whose bytes NVLink's switches add up: those of a call over its time.
  /// Absent where the file does not say that they do.
  const std::optional<BytesPerSecond>& nvls() const { return nvls_; }
  const TopologyKindDefinition& kind() const { return *kind_; }
  std::uint32_t hosts() const { return hosts_; }
  const std::vector<Link>& links() const { return links_; }
  const Host& host(Rank rank) const;
  /// GPUs that share a node: rank r is in node r / G. 1 where the kind knows no nodes.
  std::uint32_t gpus_per_node() const;
  /// Whether each GPU of a node has a network card of its own.
  bool has_card_per_gpu() const;

  /// The route from one host to another, different one.
  Route route(Rank source, Rank target) const;
  TransferCost cost(const Route& route, Bytes message) const;
  /// The least capacity of the route's links over time, 0 during outages; the first change is at
  /// 0 s.
  std::vector<Change<BytesPerSecond>> capacity_over_time(const Route& route) const;

  /// Which of the keys "sizes", "profile" (background traffic too), "outages", "speed", "jitter",
  /// "host profile", "reduce_rate" and "dies" are in use.
  std::vector<std::string_view> features() const;
  AfterOutage after_outage() const { return after_outage_; }
  /// What its links were fitted to; absent where they were not, or the file does not say it.
  const std::optional<CalibrationScope>& calibration() const { return calibration_; }

  void set_gpu(std::string gpu) { gpu_ = std::move(gpu); }
  void set_library(std::string library) { library_ = std::move(library); }
  void set_nvls(BytesPerSecond bandwidth) { nvls_ = bandwidth; }
  void set_description(std::string description) { description_ = std::move(description); }
  void set_calibration(CalibrationScope scope) { calibration_ = std::move(scope); }
  void set_link(LinkId id, Link link) { links_.at(id) = std::move(link); }
  void set_after_outage(AfterOutage after) { after_outage_ = after; }
  void set_hosts(Host all) { common_host_ = std::move(all); }
  void set_host(Rank rank, Host host) { hosts_apart_[rank] = std::move(host); }

 private:
  std::string name_, description_, gpu_, library_;
  const TopologyKindDefinition* kind_;
  std::shared_ptr<const Shape> shape_;
  std::uint32_t hosts_;
  std::vector<Link> links_;
  Host common_host_;
  std::map<Rank, Host> hosts_apart_;
  AfterOutage after_outage_ = AfterOutage::resume;
  std::optional<CalibrationScope> calibration_;
  std::optional<BytesPerSecond> nvls_;
};

/// Whether one of the hosts 0 .. ranks-1 dies.
bool has_deaths(const Topology& topology, Rank ranks);

/// All kinds, in a fixed order (generated from topologies/kinds/CMakeLists.txt).
std::span<const TopologyKindDefinition* const> topology_kinds();
/// Their names, as in files and on the command line.
std::vector<std::string> topology_kind_names();
/// The kind of this name; nullptr where there is none (so that `--topology` names a file).
const TopologyKindDefinition* kind_named(std::string_view name);

/// Reads and checks a topology file (topologies/README.md). Throws UserError.
Topology load_topology(const std::filesystem::path& path);

/// A topology of this kind whose links are all alike. Throws UserError at "ranks" where the kind
/// cannot have so many.
Topology make_uniform(const TopologyKindDefinition& kind, std::uint32_t ranks,
                      BytesPerSecond bandwidth, Seconds latency);

/// A topology that ships with ringsim.
using ShippedTopology = ShippedFile;

/// The shipped topologies, by name: from RINGSIM_DATA where it is set, else installed with the
/// program, else from the source tree.
std::vector<ShippedTopology> shipped_topologies();

/// The file of the topology that `--topology WHAT` names: a file (a name with "/" or ".json"), or a
/// shipped one. Throws UserError at "topology" where there is no such shipped one.
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
/// find_topology(what), or, for the name of a kind, make_uniform() of the other three, which have
/// to be given then; with a file, bandwidth and latency may not be. Throws UserError.
Topology choose_topology(const TopologyChoice& choice);

}  // namespace ringsim
