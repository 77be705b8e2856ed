#pragma once
// What a kind of topology consists of. Each has a file in this folder that defines it, is named in
// CMakeLists.txt, and is known nowhere else.
#include "base/json_reader.hpp"
#include "base/rank.hpp"
#include "topologies/link.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace ringsim {

constexpr std::uint32_t most_hosts = 1 << 20;

/// How hosts are joined: which links lead from one to another. It knows nothing of their speeds.
class Shape {
 public:
  Shape() = default;
  Shape(const Shape&) = delete;
  Shape& operator=(const Shape&) = delete;
  virtual ~Shape() = default;

  virtual std::uint32_t hosts() const = 0;
  /// The links from a host to another, different one, in the order in which a message passes them;
  /// at least one.
  virtual std::vector<LinkId> way(Rank source, Rank target) const = 0;
  /// GPUs that share a node: rank r is in node r / G.
  virtual std::uint32_t gpus_per_node() const { return 1; }
  /// Whether each GPU of a node has a network card of its own, or all share theirs.
  virtual bool has_card_per_gpu() const { return true; }
};

/// Links with names of their own, and a shape whose LinkIds are indices of them.
struct Wiring {
  std::vector<Link> links;
  std::shared_ptr<const Shape> shape;
};

/// A key that files of one kind have.
struct TopologyKey {
  std::string_view name;
  std::string_view schema;  ///< JSON Schema of its value
  bool is_required = true;
};

/// The form that a bare kind on the command line has, with --ranks hosts and links that are alike.
struct UniformForm {
  bool (*fits)(std::uint32_t ranks);
  std::string_view accepted;  ///< which numbers fit, as the beginning of "... to 1048576"
  std::string_view fix;       ///< what to do with another number; may be empty
  Wiring (*make)(std::uint32_t ranks, const Link& link);
};

struct TopologyKindDefinition {
  std::string_view name;
  std::string_view description;
  /// Its own keys. Those of every kind (name, host, ...) stand in topologies/schema.cpp.
  std::span<const TopologyKey> keys;
  /// Members of the kind's JSON Schema beside properties and required, as an object.
  std::string_view conditions;
  /// The links that a file of this kind describes; its keys are known to be among the accepted.
  Wiring (*read)(const JsonObject& object);
  UniformForm uniform;
};

}  // namespace ringsim
